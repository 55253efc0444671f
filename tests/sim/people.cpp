// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/seat.hpp"

#include "base/hooks.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace sim {
namespace {

using api::Json;

Json object(const char* kind, const std::string& name, Json spec) {
  auto o = Json::object({{"apiVersion", "orch/v1"}, {"kind", kind}});
  o.set("metadata", Json::object({{"name", name}}));
  o.set("spec", std::move(spec));
  return o;
}

Json model(const std::string& name) {
  return object("Model", name,
                Json::object({{"source", Json::object({{"file", name + ".gguf"}})},
                              {"minMemory", "1G"},
                              {"runtimes", Json::array({Json::object({{"runtime", "sim"}})})}}));
}

Json runtime() {
  return object("Runtime", "sim",
                Json::object({{"engine", "custom"},
                              {"driver", "process"},
                              {"command", Json::array({"server", "$(model.source)", "$(port)"})},
                              {"readiness", Json::object({{"timeout", "4m"}})},
                              {"liveness", Json::object({{"period", "15s"}, {"failures", 3}})},
                              {"stop", Json::object({{"grace", "10s"}})}}));
}

Json bench(const std::string& name, const char* program, const std::string& tasks) {
  auto list = Json::array();
  for (const auto& t : base::split(tasks, ','))
    list.push(t);
  auto spec = Json::object(
      {{"command", Json::array({program, tasks})},
       {"env", Json::array({Json::object({{"name", "ENDPOINT"}, {"value", "$(endpoint)"}})})},
       {"parser", Json::object({{"builtin", "jsonl"}})},
       {"tasks", Json::object({{"list", list}})},
       {"timeout", "12h"},
       {"retries", 1000},
       {"infraRetries", 1000}});
  if (name == "listed")
    spec.set("tasks", Json::object({{"command", Json::array({"lister", tasks})}}));
  if (std::string(program) == "filtered-harness")
    spec.set("resume",
             Json::object({{"mode", "task-filter"}, {"flag", "--only"}, {"tasks", "remaining"}}));
  return object("Bench", name, std::move(spec));
}

Json bench_run(const std::string& name, const std::string& bench, const std::string& model) {
  return object("BenchRun", name, Json::object({{"bench", bench}, {"model", model}}));
}

}  // namespace

/// A client that asks again until it has an answer: every wish is safe to repeat.
void Lab::ask(controller::WriteRequest request, const std::string& about,
              std::function<void(const controller::WriteOutcome&)> done) {
  auto again = [this, request, about, done] { ask(request, about, done); };
  if (!core_) return stage_.in(base::seconds(2), again);
  const auto ticket = ++next_ticket_;
  auto answered = std::make_shared<bool>(false);
  waiting_[ticket] = [done, answered, again, this](const controller::Answer& answer) {
    *answered = true;
    const auto* outcome = std::get_if<controller::WriteOutcome>(&answer.what);
    if (outcome == nullptr) return stage_.in(base::seconds(2), again);
    done(*outcome);
  };
  core_->write(ticket, std::move(request));
  stage_.in(base::seconds(5), [answered, again] {
    if (!*answered) again();
  });
  pump();
}

void Lab::apply(const Json& o, std::function<void()> done) {
  controller::WriteRequest request;
  controller::WriteOp op;
  op.verb = controller::WriteOp::Verb::apply;
  op.kind = o.text_at("kind");
  op.body = o;
  request.ops.push_back(std::move(op));
  request.asker = {"operator", api::Writer::person};
  const auto key = o.text_at("kind") + "/" + o.at({"metadata", "name"})->string();
  ask(std::move(request), key, [this, key, done](const controller::WriteOutcome& outcome) {
    const auto* ok = std::get_if<controller::Admitted>(&outcome.admissions.front());
    if (ok == nullptr) return;
    // As in Kubernetes: what is being deleted takes a change, and goes all the same.
    if (ok->object.at({"metadata", "deletionTimestamp"}) != nullptr) return;
    acked_[key] = ok->object.at({"metadata", "uid"})->string();
    asked_.deleted.erase(key);
    stage_.tell("operator: " + key + " applied");
    if (done) done();
  });
}

void Lab::remove(const std::string& kind, std::string name) {
  controller::WriteRequest request;
  controller::WriteOp op;
  op.verb = controller::WriteOp::Verb::remove;
  op.kind = kind;
  op.name = name;
  request.ops.push_back(std::move(op));
  request.asker = {"operator", api::Writer::person};
  const auto key = kind + "/" + name;
  acked_.erase(key);
  asked_.hot.erase(name);
  asked_.runs.erase(name);
  asked_.cancelled.erase(name);
  removing_.insert(key);
  ask(std::move(request), key, [this, key, kind](const controller::WriteOutcome&) {
    removing_.erase(key);
    if (kind != "Machine") asked_.deleted.insert(key);
    stage_.tell("operator: " + key + " deleted");
  });
}

void Lab::set_up() {
  boot_controller();
  for (auto& seat : seats_)
    start_agent(*seat);
  apply(runtime(), {});
  for (const char* name : {"ma", "mb", "mc"})
    apply(model(name), {});
  apply(bench("plain", "harness", "t1,t2,t3,t4,t5,t6"), {});
  apply(bench("filtered", "filtered-harness", "f1,f2,f3,f4,f5"), {});
  apply(bench("listed", "filtered-harness", "l1,l2,l3,l4"), {});
  apply(object("ModelDeployment", "keep",
               Json::object({{"model", "ma"}, {"machine", "m0"}, {"priority", 90}})),
        [this] { asked_.hot.insert("keep"); });
  look_around();
  people();
  trouble();
}

void Lab::people() {
  every(base::minutes(3), [this] { race(); });
  every(storm_.people_every, [this] {
    const auto dice = people_dice_.upto(10);
    if (dice < 5 && runs_made_ < 12) {
      const auto name = "run-" + std::to_string(++runs_made_);
      const char* models[] = {"ma", "mb", "mc"};
      const char* benches[] = {"plain", "filtered", "listed"};
      apply(bench_run(name, benches[people_dice_.upto(3)], models[people_dice_.upto(3)]),
            [this, name] { asked_.runs.insert(name); });
    } else if (dice == 5 && !asked_.runs.empty()) {
      const auto name = *asked_.runs.begin();
      asked_.runs.erase(name);
      controller::WriteRequest request;
      controller::WriteOp op;
      op.verb = controller::WriteOp::Verb::merge_patch;
      op.kind = "BenchRun";
      op.name = name;
      op.body = Json::object({{"spec", Json::object({{"cancel", true}})}});
      request.ops.push_back(std::move(op));
      request.asker = {"operator", api::Writer::person};
      ask(std::move(request), name, [this, name](const controller::WriteOutcome&) {
        asked_.cancelled.insert(name);
        stage_.tell("operator: " + name + " cancelled");
      });
    } else if (dice == 6 && asked_.runs.size() > 1) {
      remove("BenchRun", *asked_.runs.rbegin());
    } else if (dice == 7 && storm_.moody && acked_.contains("ModelDeployment/extra")) {
      remove("ModelDeployment", "extra");
    } else if (dice == 7 && !removing_.contains("ModelDeployment/extra")) {
      apply(object("ModelDeployment", "extra",
                   Json::object({{"model", "mb"}, {"machine", "m1"}, {"priority", 40}})),
            {});
      asked_.hot.erase("extra");  // a lower wish than the runs': it may have to wait
    } else if (dice == 8 && people_dice_.one_in(3)) {
      remove("Machine", people_dice_.one_in(2) ? "m1" : "m2");  // its agent proposes it again
    } else {
      const auto on = people_dice_.one_in(2);
      controller::WriteRequest request;
      controller::WriteOp op;
      op.verb = controller::WriteOp::Verb::merge_patch;
      op.kind = "Machine";
      op.name = people_dice_.one_in(2) ? "m2" : "m0";
      op.body = Json::object(
          {{"spec", Json::object({{people_dice_.one_in(2) ? "unschedulable" : "drain", on}})}});
      request.ops.push_back(std::move(op));
      request.asker = {"operator", api::Writer::person};
      ask(std::move(request), "machine", [](const controller::WriteOutcome&) {});
    }
  });
}

/// S12: of two writers who start from one state one wins.
void Lab::race() {
  if (!core_) return;
  const auto base = core_->durable().object("Model", "mc");
  if (base.is_null()) return;
  auto wins = std::make_shared<int>(0);
  for (const char* who : {"one", "two"}) {
    controller::WriteRequest request;
    controller::WriteOp op;
    op.verb = controller::WriteOp::Verb::replace;
    op.kind = "Model";
    op.name = "mc";
    op.body = base;
    op.body["metadata"]["labels"].set("winner", std::string(who) + std::to_string(stage_.now().ms));
    request.ops.push_back(std::move(op));
    request.asker = {"operator", api::Writer::person};
    const auto ticket = ++next_ticket_;
    waiting_[ticket] = [this, wins](const controller::Answer& answer) {
      const auto* outcome = std::get_if<controller::WriteOutcome>(&answer.what);
      if (outcome == nullptr || outcome->refused()) return;
      if (++*wins > 1) break_promise("S12", "two writers of one resourceVersion won");
    };
    core_->write(ticket, std::move(request));
  }
  pump();
}

void Lab::every(base::Duration mean, const std::function<void()>& what) {
  if (mean.count() == 0) return;
  stage_.in(base::Duration{1 + trouble_dice_.upto(2 * mean.count())}, [this, mean, what] {
    if (calm_ || broken_) return;
    what();
    every(mean, what);
  });
}

void Lab::trouble_every(base::Duration mean, const std::string& about,
                        const std::function<void()>& what) {
  every(mean, [this, about, what] {
    if (faults_.take(about)) what();
  });
}

void Lab::trouble() {
  const auto any = [this]() -> AgentSeat& {
    return *seats_[static_cast<std::size_t>(
        trouble_dice_.upto(static_cast<std::int64_t>(seats_.size())))];
  };
  trouble_every(storm_.controller_dies_every, "the controller is killed",
                [this] { crash_controller("killed"); });
  trouble_every(storm_.agent_dies_every, "an agent is killed", [this, any] { kill_agent(any()); });
  trouble_every(storm_.host_boots_every, "a machine boots", [this, any] {
    auto& seat = any();
    kill_agent(seat);
    seat.host.reboot();
  });
  trouble_every(storm_.server_dies_every, "a server dies",
                [any] { any().host.kill_some("server"); });
  trouble_every(storm_.harness_dies_every, "a harness dies",
                [any] { any().host.kill_some("run"); });
  trouble_every(storm_.agent_stops_every, "an agent is stopped", [this, any] {
    auto& seat = any();
    seat.stopped_until = stage_.now() + base::Duration{trouble_dice_.upto(240'000)};
    stage_.tell(seat.host.name() + " agent stops");
  });
  trouble_every(storm_.controller_stops_every, "the controller is stopped", [this] {
    asleep_until_ = stage_.now() + base::Duration{trouble_dice_.upto(240'000)};
    stage_.tell("controller stops");
  });
  trouble_every(storm_.clock_jumps_every, "a wall clock jumps", [this] { jump_clock(); });
  trouble_every(storm_.cut_every, "a wire is cut", [this, any] {
    auto& seat = any();
    seat.cut_up = trouble_dice_.one_in(2);
    seat.cut_down = !seat.cut_up || trouble_dice_.one_in(2);
    stage_.tell(seat.host.name() + " wire is cut");
    stage_.in(base::Duration{trouble_dice_.upto(storm_.cut_max.count())},
              [&seat] { seat.cut_up = seat.cut_down = false; });
  });
}

/// Of the controller or of one machine, by up to 30 days, to and fro.
void Lab::jump_clock() {
  const base::Duration skew{trouble_dice_.upto(60LL * 24 * 3'600'000) - 30LL * 24 * 3'600'000};
  const auto who = trouble_dice_.upto(static_cast<std::int64_t>(seats_.size()) + 1);
  stage_.tell("clock " + std::to_string(who) + " jumps to " + std::to_string(skew.count()));
  if (who == static_cast<std::int64_t>(seats_.size()))
    skew_ = skew;
  else
    seats_[static_cast<std::size_t>(who)]->host.set_clock(skew);
}

void Lab::run(base::Duration storm) {
  set_up();
  const auto storm_ends = stage_.now() + storm;
  while (!broken_ && stage_.step(storm_ends)) {
    if (stage_.is_spinning()) break_promise("L1", "the system spins within one instant");
  }
  calm_ = true;
#ifdef ORCH_TEST_HOOKS
  base::set_buggify(0);
#endif
  asleep_until_ = {};
  booted_ = stage_.now();
  for (auto& seat : seats_) {
    seat->cut_up = seat->cut_down = false;
    seat->host.set_storm(kCalm);
    seat->stopped_until = {};
  }
  stage_.tell("calm");
  for (const char* name : {"m0", "m1", "m2"}) {
    controller::WriteRequest request;
    controller::WriteOp op;
    op.verb = controller::WriteOp::Verb::merge_patch;
    op.kind = "Machine";
    op.name = name;
    op.body = Json::object({{"spec", Json::object({{"unschedulable", false}, {"drain", false}})}});
    request.ops.push_back(std::move(op));
    request.asker = {"operator", api::Writer::person};
    ask(std::move(request), name, [](const controller::WriteOutcome&) {});
  }
  finish(base::hours(2), base::minutes(5), base::hours(1));
}

/// It must converge by the deadline; after a while nothing more may be written.
void Lab::finish(base::Duration deadline, base::Duration settle, base::Duration quiet) {
  const auto end = stage_.now() + deadline;
  auto next_look = stage_.now();
  while (!broken_ && stage_.step(end)) {
    if (stage_.now() >= next_look) {
      if (converged()) break;
      next_look = stage_.now() + base::seconds(20);
    }
    if (stage_.is_spinning()) break_promise("L1", "the system spins within one instant");
  }
  check_acked();
  check_goal();
  check_samples();
  check_bounds();
  // Whatever the last decisions still had to say, they may say it now; then nothing is written.
  const auto settled = stage_.now() + settle;
  while (!broken_ && stage_.step(settled)) {
  }
  const auto before = writes_;
  const auto over = stage_.now() + quiet;
  while (!broken_ && stage_.step(over)) {
  }
  if (!broken_ && writes_ != before)
    break_promise(
        "quiet", std::to_string(writes_ - before) + " changes were written while nothing happened");
  check_goal();
}

void Lab::patch(const std::string& kind, const std::string& name, Json spec,
                std::function<void()> done) {
  controller::WriteRequest request;
  controller::WriteOp op;
  op.verb = controller::WriteOp::Verb::merge_patch;
  op.kind = kind;
  op.name = name;
  op.body = Json::object({{"spec", std::move(spec)}});
  request.ops.push_back(std::move(op));
  request.asker = {"operator", api::Writer::person};
  ask(std::move(request), kind + "/" + name, [done](const controller::WriteOutcome&) {
    if (done) done();
  });
}

void Lab::set_up_small() {
  boot_controller();
  for (auto& seat : seats_)
    start_agent(*seat);
  apply(runtime(), {});
  for (const char* name : {"ma", "mb"})
    apply(model(name), {});
  apply(bench("plain", "harness", "t1,t2,t3"), {});
  apply(bench("listed", "filtered-harness", "l1,l2,l3"), {});
}

void Lab::script(std::string_view scenario) {
  const auto run = [this](const char* name, const char* bench, const char* of) {
    apply(bench_run(name, bench, of), [this, name] { asked_.runs.insert(name); });
  };
  const auto later = [this](int seconds, std::function<void()> what) {
    stage_.in(base::seconds(seconds), std::move(what));
  };
  const auto keep = [this] {
    apply(object("ModelDeployment", "keep", Json::object({{"model", "ma"}, {"machine", "m0"}})),
          [this] { asked_.hot.insert("keep"); });
  };
  if (scenario == "hot") {
    keep();
    later(40, [this] { remove("ModelDeployment", "keep"); });
  } else if (scenario == "run") {
    keep();
    run("r1", "plain", "ma");
  } else if (scenario == "swap") {
    run("r1", "plain", "ma");
    run("r2", "plain", "mb");
  } else if (scenario == "cancel") {
    run("r1", "plain", "ma");
    run("r2", "plain", "ma");
    later(18, [this] {
      asked_.runs.erase("r1");
      patch("BenchRun", "r1", Json::object({{"cancel", true}}),
            [this] { asked_.cancelled.insert("r1"); });
    });
  } else if (scenario == "listed") {
    run("r1", "listed", "ma");
  } else {
    run("r1", "plain", "ma");
    later(18, [this] { patch("Machine", "m0", Json::object({{"drain", true}}), {}); });
    later(60, [this] { patch("Machine", "m0", Json::object({{"drain", false}}), {}); });
  }
}

void Lab::play(std::string_view scenario, const Perturbation& perturbation) {
  calm_ = true;
  perturbation_ = perturbation;
  if (perturbation.who == Perturbation::Who::nobody)
    perturbation_ = {Perturbation::Who::controller, {}, {}, 0};  // counts, and strikes never
  auto& seat = *seats_.front();
  if (perturbation.who == Perturbation::Who::agent)
    seat.host.die_at(perturbation.step, perturbation.when == Perturbation::When::after);
  set_up_small();
  look_around();
  script(scenario);
  const auto scripted = stage_.now() + base::seconds(65);
  while (!broken_ && stage_.step(scripted)) {
  }
  finish(base::minutes(40), base::minutes(2), base::minutes(10));
}

}  // namespace sim
