// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/lab.hpp"

#include "api/codec/check.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"
#include "tests/sim/seat.hpp"

#include <algorithm>

namespace sim {
namespace {

/// Small bounds, so that hours of the lab reach what takes a rig years.
const controller::StorePlace kPlace{.path = "/state.db",
                                    .vfs = "sim-disk",
                                    .log_pages_max = 400,
                                    .log_pages_idle = 60,
                                    .changes_max = kChangesMax,
                                    .changes_min = 200,
                                    .changes_step = 50};

}  // namespace

std::string SeededUids::next() {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    auto roll = dice_.roll();
    for (int k = 0; k < 8; ++k, roll >>= 8)
      bytes += static_cast<char>(roll & 0xff);
  }
  const auto hex = base::to_hex(bytes);
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-a" +
         hex.substr(17, 3) + "-" + hex.substr(20, 12);
}

Lab::Lab(std::uint64_t seed, const Storm& storm, int machines)
    : dice_(seed),
      people_dice_(dice_.child()),
      wire_dice_(dice_.child()),
      trouble_dice_(dice_.child()),
      storm_(storm),
      uids_(dice_.child()),
      disk_("sim-disk", dice_.roll()),
      watchers_(3),
      watch_dice_(seed ^ 0x77617463) {
  seed_sqlite(static_cast<int>(seed % 1'000'000) + 1);
#ifdef ORCH_TEST_HOOKS
  base::set_buggify(storm.odd ? seed + 1 : 0);
#endif
  if (!controller::create_store(kPlace, "sim")) break_promise("setup", "no store");
  for (int i = 0; i < machines; ++i) {
    const auto name = "m" + std::to_string(i);
    auto seat = std::make_unique<AgentSeat>(name, stage_, faults_, dice_.child(), ghost_);
    seat->host.set_storm(storm_);
    auto* s = seat.get();
    seat->host.on_change = [this, s] { step_agent(*s); };
    seat->host.on_probe = [this, s](const std::string& ticket, const agentd::ProbeAnswer& a) {
      when_awake(*s, [this, s, ticket, a] {
        guarded(*s, [&] {
          if (s->agent) s->agent->probed(ticket, a, s->host.moment());
        });
        step_agent(*s);
      });
    };
    seats_.push_back(std::move(seat));
  }
}

Lab::~Lab() {
  core_.reset();
  store_.reset();
}

// ---- the controller
// -------------------------------------------------------------------------------

void Lab::boot_controller() {
  disk_.power_on();
  disk_.heal();
  auto opened = controller::SqliteStore::open(kPlace);
  if (!opened) return break_promise("S27", "the store does not open: " + opened.error().message);
  store_ = std::move(*opened);
  auto loaded = store_->load();
  if (!loaded) return break_promise("S27", "the store does not load: " + loaded.error().message);
  auto samples = store_->samples("");
  if (!samples) return break_promise("S27", "no samples: " + samples.error().message);
  ++controller_life_;
  core_ = std::make_unique<controller::Core>(*loaded, *samples, reconcilers::Policy{}, uids_,
                                             controller_now());
  stage_.tell("controller starts, revision " + std::to_string(loaded->revision));
  booted_ = stage_.now();
  hot_lie_since_.clear();
  for (auto& watcher : watchers_)
    if (watcher.revision > loaded->revision)
      break_promise("S11", "a watcher was told revision " + std::to_string(watcher.revision) +
                               ", the store has " + std::to_string(loaded->revision));
  wake_planned_ = false;
  check_acked();
  beat_assignments();
  pump();
}

void Lab::crash_controller(const char* why) {
  if (!core_) return;
  stage_.tell(std::string("controller dies: ") + why);
  core_.reset();
  if (trouble_dice_.one_in(2)) disk_.power_cut();
  store_.reset();
  ++controller_life_;
  waiting_.clear();
  sent_.clear();
  for (auto& seat : seats_)
    blind(*seat);
  stage_.in(base::Duration{500 + trouble_dice_.upto(calm_ ? 1 : 60'000)}, [this] {
    if (!core_) boot_controller();
  });
}

void Lab::pump() {
  if (!core_ || broken_) return;
  if (stage_.now() < asleep_until_)
    return stage_.at(asleep_until_, [this, life = controller_life_] {
      if (life == controller_life_) pump();
    });
  const auto now = controller_now();
  if (core_->has_work(now)) {
    auto round = core_->begin(now);
    deliver();
    if (round) {
      stage_.in(base::Duration{4}, [this, life = controller_life_, r = std::move(*round)] {
        if (life == controller_life_ && core_) commit(r);
      });
      return;
    }
  }
  const auto due = core_->next_due();
  if (!due || wake_planned_ || core_->is_committing()) return;
  wake_planned_ = true;
  stage_.at(std::max(*due, stage_.now() + base::Duration{1}), [this, life = controller_life_] {
    if (life != controller_life_) return;
    wake_planned_ = false;
    pump();
  });
}

void Lab::commit(controller::Round round) {
  if (strikes(trouble_dice_, storm_.commit_fails, "the controller's disk is full"))
    disk_.fail_at(1 + trouble_dice_.upto(6), CrashDisk::Fault::full);
  const bool dies = storm_.controller_dies_every.count() > 0 &&
                    strikes(trouble_dice_, 300, "the controller dies at a commit");
  if (dies && trouble_dice_.one_in(2)) return crash_controller("before the commit");
  const bool struck =
      perturbation_.who == Perturbation::Who::controller && ++commits_ == perturbation_.step;
  if (struck && perturbation_.when == Perturbation::When::before)
    return crash_controller("perturbed before the commit");
  const auto error = store_->commit(round);
  disk_.heal();
  if (struck) return crash_controller("perturbed after the commit, before the answers");
  if (error && error->fatal) return crash_controller("the disk can't be trusted");
  if (dies) return crash_controller("after the commit, before the answers");
  if (!error) writes_ += static_cast<std::int64_t>(round.changes.size());
  core_->committed(error, controller_now());
  check_claims();
  check_runs();
  check_ghosts();
  check_status();
  deliver();
  send_assignments(false);
  if (!keep_store()) return crash_controller("the disk can't be trusted");
  pump();
}

/// What the store's thread does when no round waits; false when the store is of no use any more.
bool Lab::keep_store() {
  if (core_->has_work(controller_now())) return true;
  const auto trimmed = store_->trim_changes(controller_now().wall);
  if (trimmed.error) return !trimmed.error->fatal;
  const auto error = store_->idle();
  return !error || !error->fatal;
}

void Lab::deliver() {
  for (const auto& answer : core_->take_answers()) {
    const auto found = waiting_.find(answer.ticket);
    if (found == waiting_.end()) continue;
    auto what = std::move(found->second);
    waiting_.erase(found);
    what(answer);
  }
}

void Lab::send_assignments(bool all) {
  if (!core_) return;
  for (auto& seat : seats_) {
    const auto assignment = core_->assignment(seat->host.name());
    auto& last = sent_[seat->host.name()];
    auto same = last;
    same.revision = assignment.revision;
    if (!all && same == assignment) continue;
    last = assignment;
    const auto text = api::write_json(api::to_json(assignment));
    auto* s = seat.get();
    send(*seat, Way::down, [this, s, text] { give(*s, text); });
    seat->old_assignments.push_back(text);
    replay_old(*seat);
  }
}

void Lab::give(AgentSeat& seat, const std::string& assignment) {
  when_awake(seat, [this, &seat, assignment] {
    const auto json = api::parse_json(assignment);
    guarded(seat, [&] {
      if (seat.agent)
        (void)seat.agent->assigned(api::from_json<api::Assignment>(*json), seat.host.moment());
    });
    step_agent(seat);
  });
}

/// A message that was under way for long: of any revision and any controller's life.
void Lab::replay_old(AgentSeat& seat) {
  if (!strikes(wire_dice_, storm_.replays, seat.host.name() + ": an old assignment comes again"))
    return;
  const auto count = static_cast<std::int64_t>(seat.old_assignments.size());
  const auto text = seat.old_assignments[static_cast<std::size_t>(wire_dice_.upto(count))];
  stage_.in(base::Duration{1 + wire_dice_.upto(20'000)}, [this, &seat, text] { give(seat, text); });
}

/// After a perturbation the one that comes back sees an old state first, or misses what happened.
void Lab::blind(AgentSeat& seat) {
  if (perturbation_.who == Perturbation::Who::nobody ||
      perturbation_.view == Perturbation::View::fresh)
    return;
  if (perturbation_.view == Perturbation::View::blind) return seat.host.hide_children(20);
  held_until_ = stage_.now() + base::seconds(30);
  if (perturbation_.view != Perturbation::View::stale || seat.old_assignments.empty()) return;
  const auto& all = seat.old_assignments;
  for (const auto& text : {all.front(), all[all.size() / 2]})
    stage_.in(base::seconds(2), [this, &seat, text] { give(seat, text); });
}

Lab::Steps Lab::steps() const {
  return {seats_.front()->host.steps(), commits_};
}

void Lab::when_awake(AgentSeat& seat, std::function<void()> what) {
  if (stage_.now() >= seat.stopped_until) return what();
  stage_.at(seat.stopped_until, [this, &seat, what] { when_awake(seat, what); });
}

bool Lab::strikes(base::Dice& dice, std::int64_t one_in, const std::string& about) {
  return !calm_ && dice.one_in(one_in) && faults_.take(about);
}

void Lab::beat_assignments() {
  send_assignments(true);
  stage_.in(base::seconds(10), [this, life = controller_life_] {
    if (life == controller_life_ && core_) beat_assignments();
  });
}

// ---- the agents
// -----------------------------------------------------------------------------------

void Lab::start_agent(AgentSeat& seat) {
  ++seat.life;
  seat.report_on_its_way = seat.batch_on_its_way = false;
  seat.planned.reset();
  agentd::Settings settings;
  settings.machine = seat.host.name();
  settings.cluster = "sim";
  settings.version = "sim";
  settings.agent_id = seat.host.name() + "-" + std::to_string(seat.life);
  settings.boot_id = seat.host.boot();
  settings.runs_folder = "runs";
  settings.logs_folder = "logs";
  guarded(seat, [&] {
    auto opened = agentd::Agent::open(
        {seat.host.processes_port(), seat.host.notes_port(), seat.host.prober_port(),
         seat.host.folders_port(), seat.host.parsers_port(), seat.host.tasks_port()},
        settings);
    if (opened) seat.agent.emplace(std::move(*opened));
  });
  if (!seat.agent) return kill_agent(seat);
  api::Facts facts;
  facts.os = "sim";
  facts.cores = 8;
  facts.memory_bytes = 100LL << 30;
  seat.agent->set_facts(facts);
  stage_.tell(seat.host.name() + " agent starts");
  step_agent(seat);
}

void Lab::kill_agent(AgentSeat& seat) {
  if (seat.agent) stage_.tell(seat.host.name() + " agent dies");
  seat.agent.reset();
  seat.stopped_until = {};
  ++seat.life;
  blind(seat);
  stage_.in(base::Duration{300 + trouble_dice_.upto(calm_ ? 1 : 100'000)},
            [this, &seat, life = seat.life] {
              if (life == seat.life) start_agent(seat);
            });
}

void Lab::guarded(AgentSeat& seat, const std::function<void()>& what) {
  try {
    what();
  } catch (const AgentKilled&) {
    kill_agent(seat);
  }
}

void Lab::step_agent(AgentSeat& seat) {
  if (!seat.agent || seat.stepping || broken_) return;
  if (stage_.now() < seat.stopped_until)
    return stage_.at(seat.stopped_until, [this, &seat, life = seat.life] {
      if (life == seat.life) step_agent(seat);
    });
  seat.stepping = true;
  guarded(seat, [&] { seat.agent->step(seat.host.moment()); });
  seat.stepping = false;
  if (!seat.agent) return;
  agent_sends(seat);
  const auto wake = seat.agent->wake().value_or(stage_.now() + base::seconds(5));
  const auto at = std::max(wake, stage_.now() + base::Duration{10});
  if (seat.planned && *seat.planned <= at && *seat.planned > stage_.now()) return;
  seat.planned = at;
  stage_.at(at, [this, &seat, life = seat.life, at] {
    if (life == seat.life && seat.planned == at) step_agent(seat);
  });
}

void Lab::agent_sends(AgentSeat& seat) {
  const bool due = stage_.now() >= seat.next_beat;
  if (!seat.report_on_its_way && (due || seat.agent->has_news())) send_report(seat);
  if (!seat.batch_on_its_way) send_batch(seat);
}

void Lab::send_report(AgentSeat& seat) {
  seat.next_beat = stage_.now() + seat.agent->beat();
  const auto seen = seat.agent->report(seat.host.moment());
  if (!seen) return;  // it has not looked at its children yet
  const auto text = api::write_json(api::to_json(*seen));
  seat.report_on_its_way = true;
  const auto life = seat.life;
  stage_.in(base::seconds(10), [this, &seat, life] {  // no answer: the next one carries everything
    if (life == seat.life) seat.report_on_its_way = false;
  });
  stage_.in(seat.agent->beat(), [this, &seat, life] {
    if (life == seat.life) step_agent(seat);
  });
  send(seat, Way::up, [this, &seat, life, text] {
    if (!core_) return;
    const auto json = api::parse_json(text);
    const auto ticket = ++next_ticket_;
    waiting_[ticket] = [this, &seat, life](const controller::Answer&) {
      send(seat, Way::down, [this, &seat, life] {
        when_awake(seat, [this, &seat, life] {
          if (life != seat.life || !seat.agent) return;
          seat.report_on_its_way = false;
          seat.agent->heard(seat.host.moment());
          step_agent(seat);
        });
      });
    };
    auto report = api::from_json<api::Report>(*json);
    check_reported(report);
    heard_[report.machine] = stage_.now();
    core_->report(ticket, seat.host.name(), std::move(report), {});
    pump();
  });
}

void Lab::send_batch(AgentSeat& seat) {
  const auto batch = seat.agent->batch(20);
  if (!batch) return;
  seat.batch_on_its_way = true;
  const auto life = seat.life;
  stage_.in(base::seconds(10), [this, &seat, life] {
    if (life != seat.life) return;
    seat.batch_on_its_way = false;
    step_agent(seat);
  });
  send(seat, Way::up, [this, &seat, life, batch = *batch] {
    if (!core_) return;
    const auto ticket = ++next_ticket_;
    waiting_[ticket] = [this, &seat, life, batch](const controller::Answer& answer) {
      const auto* taken = std::get_if<controller::SamplesAnswer>(&answer.what);
      if (taken == nullptr) return;
      const bool stored = !taken->rejection;
      if (stored)
        for (const auto& s : batch.samples)
          if (api::is_scored(s.outcome)) ghost_.acked[batch.uid].insert(s.task);
      send(seat, Way::down, [this, &seat, life, batch, stored] {
        when_awake(seat, [this, &seat, life, batch, stored] {
          if (life != seat.life || !seat.agent) return;
          if (!std::exchange(seat.batch_on_its_way, false)) return;  // an answer to an old one
          seat.agent->batch_done(
              batch, stored ? agentd::Agent::Taken::stored : agentd::Agent::Taken::refused);
          step_agent(seat);
        });
      });
    };
    core_->samples(ticket, seat.host.name(), batch.uid, batch.samples);
    pump();
  });
}

void Lab::send(AgentSeat& seat, Way way, std::function<void()> arrive) {
  const bool cut = way == Way::up ? seat.cut_up : seat.cut_down;
  if (!calm_ && cut) return;
  if (stage_.now() < held_until_) {  // a stale view: what is new comes later; a missed one: never
    if (perturbation_.view == Perturbation::View::missed) return;
    return stage_.at(held_until_, [this, arrive] {
      if (!broken_) arrive();
    });
  }
  const auto& name = seat.host.name();
  if (strikes(wire_dice_, storm_.lose, name + ": a message is lost")) return;
  const int copies = strikes(wire_dice_, storm_.twice, name + ": a message comes twice") ? 2 : 1;
  const auto late = calm_ ? base::Duration{20} : storm_.delay_max;
  for (int i = 0; i < copies; ++i)
    stage_.in(base::Duration{1 + wire_dice_.upto(late.count())}, [this, arrive] {
      if (!broken_) arrive();
    });
}

void Lab::break_promise(const std::string& id, const std::string& what) {
  if (!broken_) broken_ = Broken{id, what};
}

}  // namespace sim
