// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/server_slot.hpp"

#include "base/hooks.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace agentd {
namespace {

constexpr base::Duration kReadyPeriod{1'000};
constexpr base::Duration kReadyTimeout = base::minutes(10);
constexpr base::Duration kLivePeriod{15'000};
constexpr base::Duration kEngineGrace{30'000};           // engines flush their caches on TERM
constexpr base::Duration kForgiven = base::minutes(10);  // of health; failures are forgotten
constexpr base::Duration kPortRetry{2'000};

base::Duration or_else(const api::Span& span, base::Duration otherwise) {
  return span.set() ? span.value() : otherwise;
}

std::string epoch_text(const api::Epoch& e) {
  return std::to_string(e.term.incarnation) + "." + std::to_string(e.term.start) + "." +
         std::to_string(e.revision);
}

api::Epoch epoch_from(const std::string& text) {
  const auto parts = base::split(text, '.');
  if (parts.size() != 3) return {};
  return {{base::to_integer(parts[0]).value_or(0), base::to_integer(parts[1]).value_or(0)},
          base::to_integer(parts[2]).value_or(0)};
}

std::int64_t number_label(const Child& child, const std::string& key) {
  return base::to_integer(label(child, key)).value_or(0);
}

/// A child whose record does not even say what it is may be the server that is wanted.
const Child* find_hidden(const std::vector<Child>& children) {
  const auto hidden = std::find_if(children.begin(), children.end(), [](const Child& child) {
    return child.state == Child::State::unknown && label(child, "kind").empty();
  });
  return hidden == children.end() ? nullptr : &*hidden;
}

std::string how_it_ended(const Child& child) {
  if (!child.failure.empty()) return child.failure;
  if (!child.exit_code) return "the server ended and nobody saw how";
  if (*child.exit_code > 128)
    return "the server was ended by signal " + std::to_string(*child.exit_code - 128);
  return "the server ended with " + std::to_string(*child.exit_code);
}

}  // namespace

void ServerSlot::look(const std::vector<Child>& children) {
  child_.reset();
  for (const auto& child : children) {
    if (label(child, "kind") != "server" || label(child, "uid") != uid_) continue;
    if (ORCH_MUTANT("running-server-not-adopted") && child.id != begun_) continue;
    starts_ = std::max(starts_, number_label(child, "start"));
    last_port_ = number_label(child, "port");
    // With several records the one that may still run is the one to deal with first.
    if (!child_ || child_->state == Child::State::exited) child_ = child;
  }
}

/// An older state of the store was restored, which claims the machine for it once more: the same
/// server, under a fence that it did not know. That is no reason to end it.
bool ServerSlot::is_of_earlier_store() const {
  const auto epoch = epoch_from(label(*child_, "epoch"));
  return wanted_ && epoch.term.incarnation < wanted_->epoch.term.incarnation &&
         label(*child_, "digest") == wanted_->digest;
}

bool ServerSlot::matches_wanted() const {
  if (is_of_earlier_store()) return true;
  return wanted_ && label(*child_, "epoch") == epoch_text(wanted_->epoch) &&
         label(*child_, "digest") == wanted_->digest;
}

void ServerSlot::step(const std::vector<Child>& children, Room room, Ports& ports,
                      const Settings& settings, base::Moment now) {
  wake_.reset();
  look(children);
  if (child_ && child_->id != begun_) {
    clear_ladder(ports);
    begun_ = child_->id;
    running_since_ = now.steady;
  }
  if (child_) {
    const bool over = child_->state == Child::State::exited;
    const bool never_ran = child_->state == Child::State::intended;
    if (child_->state == Child::State::unknown) {
      reason_ = "Unknown";
      message_ = "whether the server runs cannot be told: " + child_->failure;
      return sooner(now.steady + kReadyPeriod);
    }
    if (!left_alone_.empty() && !over && !never_ran && !ending_.begun()) {
      reason_ = "NotAssigned";
      message_ = left_alone_;
      return;
    }
    if (over || never_ran || sick_ || ending_.begun() || !matches_wanted()) return end(ports, now);
    return climb(ports, now);
  }
  if (!wanted_) return;
  if (const Child* hidden = find_hidden(children)) {
    reason_ = "Unknown";
    message_ = "whether a server runs already cannot be told: " + hidden->failure;
    return sooner(now.steady + kReadyPeriod);
  }
  if (room == Room::taken) {
    reason_ = "MachineTaken";
    message_ = "another model server is still on this machine";
    return sooner(now.steady + kReadyPeriod);
  }
  if (next_start_ && now.steady < *next_start_) return sooner(*next_start_);
  start(ports, settings, now);
}

std::optional<std::int64_t> ServerSlot::choose_port(Ports& ports, base::Moment now) {
  if (wanted_->port == 0) {
    // Where it was before, whoever talks to it loses only the requests in flight.
    const auto before = last_port_ > 0 ? ports.prober.port_state(last_port_)
                                       : base::Result<PortState>(base::not_found("none yet"));
    if (before && !before->taken) return last_port_;
    auto port = ports.prober.free_port({});
    if (port) return *port;
    failed("NoPort", port.error().message, now);
    return std::nullopt;
  }
  const auto state = ports.prober.port_state(wanted_->port);
  if (state && !state->taken) return wanted_->port;
  reason_ = "PortHeld";
  message_ = "port " + std::to_string(wanted_->port) +
             (state ? " is held by " + (state->holder.empty() ? "another process" : state->holder)
                    : " cannot be looked at: " + state.error().message);
  next_start_ = now.steady + kPortRetry;
  sooner(*next_start_);
  return std::nullopt;
}

void ServerSlot::start(Ports& ports, const Settings& settings, base::Moment now) {
  const auto port = choose_port(ports, now);
  if (!port) return;
  const std::map<std::string, std::string> values{{"port", std::to_string(*port)}};
  Launch launch;
  launch.id =
      "server-" + uid_ + "-" + epoch_text(wanted_->epoch) + "-" + std::to_string(starts_ + 1);
  for (const auto& argument : wanted_->command)
    launch.command.push_back(api::expanded(argument, values));
  launch.env = settings.base_env;
  launch.env["ORCH_DEPLOYMENT"] = wanted_->name;
  launch.env["ORCH_PORT"] = std::to_string(*port);
  for (const auto& v : wanted_->env) {
    if (v.secret.empty())
      launch.env[v.name] = api::expanded(v.value, values);
    else
      launch.secrets[v.name] = v.secret;
  }
  launch.workdir = settings.logs_folder;
  launch.output = settings.logs_folder + "/deployment." + wanted_->name + "-" + uid_.substr(0, 8);
  launch.labels = {{"kind", "server"},
                   {"uid", uid_},
                   {"deployment", wanted_->name},
                   {"epoch", epoch_text(wanted_->epoch)},
                   {"digest", wanted_->digest},
                   {"port", values.at("port")},
                   {"start", std::to_string(starts_ + 1)}};
  const auto started = ports.processes.start(launch);
  if (!started) return failed("CannotStart", started.error().message, now);
  ++starts_;
  last_port_ = *port;
  reason_ = "Started";
  message_ = "waits for the server to listen";
  sooner(now.steady + base::Duration{50});
}

void ServerSlot::end(Ports& ports, base::Moment now) {
  const auto grace = wanted_ ? or_else(wanted_->stop.grace, kEngineGrace) : kEngineGrace;
  const auto signal = wanted_ ? wanted_->stop.signal : "TERM";
  if (!ending_.step(*child_, signal, grace, ports, now))
    return sooner(now.steady + (ending_.begun() ? base::Duration{250} : kReadyPeriod));
  // Asked to end, or ended by itself?
  const bool by_itself = !ending_.begun() && matches_wanted();
  const auto how = how_it_ended(*child_);
  const bool cannot_start = !child_->failure.empty();
  if (!ports.processes.forget(child_->id)) return sooner(now.steady + kReadyPeriod);
  child_.reset();
  clear_ladder(ports);
  begun_.clear();
  if (by_itself) ORCH_MARK("server.ended-by-itself");
  if (by_itself) failed(cannot_start ? "CannotStart" : "Exited", how, now);
  sooner(next_start_.value_or(now.steady));
}

void ServerSlot::failed(std::string reason, std::string message, base::Moment now) {
  reason_ = std::move(reason);
  message_ = std::move(message);
  const auto wait = restart_delay(++failures_);
  next_start_ = now.steady + wait;
  next_start_wall_ = {now.wall + wait};
  sooner(*next_start_);
}

void ServerSlot::clear_ladder(Ports& ports) {
  if (asked_) ports.prober.drop(*asked_);
  asked_.reset();
  ending_.reset();
  rung_ = Rung::port;
  sick_ = false;
  probes_failed_ = 0;
  hot_since_ = {};
  next_ask_ = {};
}

void ServerSlot::climb(Ports& ports, base::Moment now) {
  if (rung_ == Rung::port) {
    // What an earlier agent has proved of this very child stays proved.
    const auto hot = child_->notes.find("hotSince");
    if (hot != child_->notes.end()) {
      ORCH_MARK("server.adopted-hot");
      hot_since_ = {{base::to_integer(hot->second).value_or(now.wall.ms)}};
      const auto warmup = child_->notes.find("warmupSeconds");
      if (warmup != child_->notes.end())
        warmup_seconds_ = base::to_number(warmup->second).value_or(0);
      for (const auto& [key, value] : child_->notes)
        if (key.starts_with("server.")) identity_[key.substr(7)] = value;
      hot_steady_ = now.steady;
      rung_ = Rung::hot;
      reason_.clear();
      message_.clear();
    }
  }
  const auto timeout = or_else(wanted_->readiness.timeout, kReadyTimeout);
  if (rung_ != Rung::hot && now.steady - running_since_ >= timeout) {
    ORCH_MARK("server.not-ready-in-time");
    sick_ = true;
    failed("NotReady", "not ready within its time: " + message_, now);
    return end(ports, now);
  }
  if (rung_ == Rung::hot && now.steady - hot_steady_ >= kForgiven) failures_ = 0;
  if (asked_) return sooner(now.steady + kLivePeriod);
  if (now.steady < next_ask_ && !ORCH_BUGGIFY("server.probe.again")) return sooner(next_ask_);
  switch (rung_) {
    case Rung::port: return check_port(ports, now);
    case Rung::health:
    case Rung::hot: return ask(ProbeRequest::What::health, ports, now);
    case Rung::identity: return ask(ProbeRequest::What::identity, ports, now);
    case Rung::generation: return ask(ProbeRequest::What::generation, ports, now);
  }
}

void ServerSlot::check_port(Ports& ports, base::Moment now) {
  const auto port = number_label(*child_, "port");
  const auto state = ports.prober.port_state(port);
  next_ask_ = now.steady + base::Duration{200};
  if (!state || !state->taken) {
    reason_ = "Starting";
    message_ = "the server does not listen on port " + std::to_string(port) + " yet";
    return sooner(next_ask_);
  }
  if (state->session != 0 && state->session != child_->pid) {
    sick_ = true;
    failed("PortHeld", "port " + std::to_string(port) + " is held by " + state->holder, now);
    return sooner(now.steady);
  }
  rung_ = Rung::health;
  ask(ProbeRequest::What::health, ports, now);
}

void ServerSlot::ask(ProbeRequest::What what, Ports& ports, base::Moment now) {
  ProbeRequest request;
  request.what = what;
  request.port = number_label(*child_, "port");
  request.path = wanted_->readiness.http.empty() ? "/health" : wanted_->readiness.http;
  if (rung_ == Rung::hot && !wanted_->liveness.http.empty()) request.path = wanted_->liveness.http;
  request.model_name = wanted_->model_name;
  request.model_source = wanted_->model_source;
  request.engine = wanted_->engine;
  request.prompt = wanted_->warmup.prompt;
  request.max_tokens = wanted_->warmup.max_tokens;
  if (what == ProbeRequest::What::generation) request.timeout = base::minutes(5);
  asked_ = child_->id + "#" + std::to_string(++tickets_);
  ports.prober.ask(*asked_, request);
  sooner(now.steady + kLivePeriod);
}

void ServerSlot::probed(const std::string& ticket, const ProbeAnswer& answer, Ports& ports,
                        base::Moment now) {
  if (!asked_ || *asked_ != ticket || !child_ || !wanted_) return;  // an answer to an old question
  asked_.reset();
  if (rung_ == Rung::hot) {
    next_ask_ = now.steady + or_else(wanted_->liveness.period, kLivePeriod);
    probes_failed_ = answer.good ? 0 : probes_failed_ + 1;
    if (probes_failed_ < wanted_->liveness.failures) return;
    sick_ = true;
    return failed("Unhealthy",
                  std::to_string(probes_failed_) + " health probes in a row failed: " + answer.why,
                  now);
  }
  if (!answer.good) {
    next_ask_ = now.steady + or_else(wanted_->readiness.period, kReadyPeriod);
    reason_ = rung_ == Rung::health     ? "Starting"
              : rung_ == Rung::identity ? "WrongModel"
                                        : "Warming";
    message_ = answer.why;
    return;
  }
  next_ask_ = now.steady;
  for (const auto& [key, value] : answer.identity)
    identity_[key] = value;
  if (rung_ == Rung::health)
    rung_ = Rung::identity;
  else if (rung_ == Rung::identity)
    rung_ = Rung::generation;
  else
    become_hot(answer, ports, now);
  if (rung_ == Rung::generation) {
    reason_ = "Warming";
    message_ = "waits for the first real generation";
  }
}

void ServerSlot::become_hot(const ProbeAnswer&, Ports& ports, base::Moment now) {
  rung_ = Rung::hot;
  hot_since_ = {now.wall};
  hot_steady_ = now.steady;
  warmup_seconds_ = static_cast<double>(child_->age.count()) / 1000.0;
  next_ask_ = now.steady + or_else(wanted_->liveness.period, kLivePeriod);
  reason_.clear();
  message_.clear();
  // The notes spare a later agent the warm-up; without them it only asks again.
  (void)ports.processes.note(child_->id, "warmupSeconds", base::number_text(warmup_seconds_));
  for (const auto& [key, value] : identity_)
    (void)ports.processes.note(child_->id, "server." + key, value);
  (void)ports.processes.note(child_->id, "hotSince", std::to_string(now.wall.ms));
}

api::ProcessSeen ServerSlot::seen() const {
  api::ProcessSeen seen;
  seen.uid = uid_;
  seen.restarts = std::max<std::int64_t>(starts_ - 1, 0);
  seen.reason = reason_;
  seen.message = shown(message_);
  if (wanted_) {
    seen.deployment = wanted_->name;
    seen.epoch = wanted_->epoch;
    seen.digest = wanted_->digest;
  }
  if (!child_) {
    const bool troubled = failures_ > 0 || reason_ == "PortHeld";
    seen.phase = troubled ? api::ServerPhase::waiting : api::ServerPhase::starting;
    if (failures_ > 1) seen.next_start = next_start_wall_;
    return seen;
  }
  seen.deployment = label(*child_, "deployment");
  seen.epoch = is_of_earlier_store() ? wanted_->epoch : epoch_from(label(*child_, "epoch"));
  seen.digest = label(*child_, "digest");
  seen.port = number_label(*child_, "port");
  if (child_->state == Child::State::running) {
    seen.pid = child_->pid;
    seen.start_ticks = child_->start_ticks;
  }
  seen.phase = api::ServerPhase::starting;
  if (rung_ == Rung::identity || rung_ == Rung::generation) seen.phase = api::ServerPhase::warming;
  if (rung_ == Rung::hot) {
    seen.phase = api::ServerPhase::hot;
    seen.hot_since = hot_since_;
    seen.warmup_seconds = warmup_seconds_;
    seen.identity = identity_;
    seen.endpoint = "http://127.0.0.1:" + std::to_string(seen.port) + "/v1";
  }
  const bool unwanted = !matches_wanted() && left_alone_.empty();
  const bool going = ending_.begun() || sick_ || unwanted || child_->state != Child::State::running;
  if (going) seen.phase = api::ServerPhase::stopping;
  if (ending_.stuck()) {
    seen.phase = api::ServerPhase::stuck;
    seen.reason = "Stuck";
    seen.message = "the server survived SIGKILL; nothing can be started in its place";
  }
  if (seen.phase != api::ServerPhase::hot) seen.endpoint.clear();
  return seen;
}

}  // namespace agentd
