// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/agent.hpp"

#include "api/codec/check.hpp"
#include "api/codec/json.hpp"
#include "base/hooks.hpp"

#include <tuple>

namespace agentd {
namespace {

constexpr base::Duration kBeat{15'000};
constexpr base::Duration kSilenceMax{60'000};  // beyond it no new attempt is begun
constexpr base::Duration kRetry{1'000};

}  // namespace

base::Result<Agent> Agent::open(Ports ports, Settings settings) {
  Agent agent(ports, std::move(settings));
  auto text = ports.notes.load();
  if (!text) return std::move(text).error().within("read the agent's notes");
  if (!text->empty()) {
    const auto notes = api::parse_json(*text);
    if (!notes) return base::Error(notes.error()).within("read the agent's notes");
    if (notes->text_at("machine") != agent.settings_.machine ||
        notes->text_at("cluster") != agent.settings_.cluster)
      return base::forbidden("the notes are of machine \"" + notes->text_at("machine") +
                             "\" of cluster \"" + notes->text_at("cluster") +
                             "\", not of this one");
    agent.life_ = notes->integer_at("life");
    if (const auto* term = notes->find("term")) agent.term_ = api::from_json<api::Term>(*term);
    agent.revision_ = notes->integer_at("revision");
    if (const auto* named = notes->find("named"); named != nullptr && named->is_array()) {
      agent.named_.emplace();
      for (const auto& uid : named->items())
        if (uid.is_string()) agent.named_->insert(uid.string());
    }
    if (const auto* held = notes->find("assignment"))
      agent.assignment_ = api::from_json<api::Assignment>(*held);
  }
  ++agent.life_;
  const auto saved = agent.save();
  if (!saved) return base::Error(saved.error()).within("write the agent's notes");
  return agent;
}

base::Status Agent::save() const {
  auto notes = api::Json::object({{"schema", 1},
                                  {"machine", settings_.machine},
                                  {"cluster", settings_.cluster},
                                  {"life", life_},
                                  {"term", api::to_json(term_)},
                                  {"revision", revision_}});
  if (assignment_) notes.set("assignment", api::to_json(*assignment_));
  if (named_) {
    auto named = api::Json::array();
    for (const auto& uid : *named_)
      named.push(uid);
    notes.set("named", std::move(named));
  }
  return ports_.notes.save(api::write_json(notes));
}

base::Status Agent::assigned(const api::Assignment& assignment, base::Moment now) {
  if (assignment.cluster != settings_.cluster || assignment.machine != settings_.machine)
    return base::forbidden("an assignment for machine \"" + assignment.machine +
                           "\" of cluster \"" + assignment.cluster + "\"");
  const auto fence = std::tuple(assignment.term, assignment.revision);
  if (fence < std::tuple(term_, revision_) && !ORCH_MUTANT("old-assignment-obeyed")) {
    ORCH_MARK("agent.assignment-of-the-past");
    return base::conflict("an assignment of the past (revision " +
                          std::to_string(assignment.revision) + ", obeyed is " +
                          std::to_string(revision_) + ")");
  }
  heard_ = now.steady;
  auto same = assignment;
  if (assignment_) same.revision = assignment_->revision;
  const bool beat = assignment_ && same == *assignment_ && assignment.term == term_;
  const auto before = std::tuple(term_, revision_, assignment_, named_);
  if (term_.incarnation > 0 && assignment.term.incarnation > term_.incarnation) named_.emplace();
  if (named_) remember_named(assignment);
  term_ = assignment.term;
  revision_ = assignment.revision;
  assignment_ = assignment;
  // A mere beat need not be durable: an older revision of the same content orders nothing else.
  if (!beat) {
    const auto saved = save();
    if (!saved) {
      ORCH_MARK("agent.assignment-not-saved");
      std::tie(term_, revision_, assignment_, named_) = before;
      return base::Error(saved.error()).within("write the agent's notes");
    }
  }
  wake_ = now.steady;
  return base::ok();
}

void Agent::probed(const std::string& ticket, const ProbeAnswer& answer, base::Moment now) {
  for (auto& [uid, slot] : servers_)
    slot.probed(ticket, answer, ports_, now);
  wake_ = now.steady;
}

void Agent::remember_named(const api::Assignment& assignment) {
  if (whole_)
    std::erase_if(*named_, [this](const std::string& uid) {
      return !servers_.contains(uid) && !runs_.contains(uid);
    });
  for (const auto& server : assignment.servers)
    named_->insert(server.uid);
  for (const auto& run : assignment.runs)
    named_->insert(run.uid);
}

/// Why what nobody wants goes on; empty: it is to end.
std::string Agent::why_left_alone(const std::string& uid) const {
  if (down_) return {};
  if (!assignment_) return "no assignment has come yet: it goes on";
  if (named_ && !named_->contains(uid))
    return "the store was restored from a state that does not know it: it goes on until "
           "`orch-agentd down` on this machine";
  return {};
}

void Agent::make_slots(const std::vector<Child>& children) {
  for (const auto& child : children) {
    const auto uid = label(child, "uid");
    if (uid.empty()) continue;
    if (label(child, "kind") == "server") servers_.try_emplace(uid, uid);
    if (label(child, "kind") == "run") runs_.try_emplace(uid, uid);
  }
  for (auto& [uid, slot] : servers_) {
    slot.want(std::nullopt);
    slot.leave_alone(why_left_alone(uid));
  }
  std::map<std::string, bool> wanted_runs;
  if (assignment_ && !down_) {
    for (const auto& server : assignment_->servers)
      servers_.try_emplace(server.uid, server.uid).first->second.want(server);
    for (const auto& run : assignment_->runs) {
      runs_.try_emplace(run.uid, run.uid).first->second.want(run);
      wanted_runs[run.uid] = true;
    }
  }
  for (auto& [uid, slot] : runs_)
    if (!wanted_runs.contains(uid)) {
      slot.want(std::nullopt);
      slot.leave_alone(why_left_alone(uid));
    }
}

void Agent::step(base::Moment now) {
  wake_.reset();
  auto children = ports_.processes.list();
  if (!children && ORCH_MUTANT("failed-list-is-empty")) children = std::vector<Child>{};
  if (!children) {  // a list that failed to load is not an empty list
    ORCH_MARK("agent.children-unknown");
    empty_ = false;
    return sooner(now.steady + kRetry);
  }
  whole_ = true;
  make_slots(*children);
  step_servers(*children, now);
  step_runs(*children, now);
  std::erase_if(servers_, [](const auto& entry) { return entry.second.done(); });
  std::erase_if(runs_, [](const auto& entry) { return entry.second.done(); });
  if (down_) end_helpers(*children);
  if (ORCH_BUGGIFY("agent.step.again")) sooner(now.steady + base::Duration{10});
  empty_ = servers_.empty() && runs_.empty() && children->empty();
}

/// Parsers and the like, which belong to no slot: nothing of theirs is worth waiting for.
void Agent::end_helpers(const std::vector<Child>& children) {
  for (const auto& child : children) {
    if (!label(child, "uid").empty()) continue;
    if (child.state == Child::State::running) (void)ports_.processes.signal(child.id, 9);
    if (child.state == Child::State::exited || child.state == Child::State::intended)
      (void)ports_.processes.forget(child.id);
  }
}

void Agent::step_servers(const std::vector<Child>& children, base::Moment now) {
  for (auto& [uid, slot] : servers_) {
    bool others = false;
    for (const auto& child : children)
      if (label(child, "kind") == "server" && label(child, "uid") != uid) others = true;
    slot.step(children, others ? ServerSlot::Room::taken : ServerSlot::Room::free, ports_,
              settings_, now);
    sooner(slot.wake());
  }
}

void Agent::step_runs(const std::vector<Child>& children, base::Moment now) {
  const bool in_touch = heard_ && now.steady - *heard_ < kSilenceMax;
  for (auto& [uid, slot] : runs_) {
    slot.step(children, in_touch ? RunSlot::Begin::allowed : RunSlot::Begin::refused, ports_,
              settings_, now);
    sooner(slot.wake());
  }
}

void Agent::sooner(std::optional<base::Instant> at) {
  if (at && (!wake_ || *at < *wake_)) wake_ = at;
}

std::optional<api::Report> Agent::report(base::Moment now) {
  if (!whole_ && !ORCH_MUTANT("reports-before-it-looked")) return std::nullopt;
  api::Report report;
  report.machine = settings_.machine;
  report.boot_id = settings_.boot_id;
  report.agent_id = settings_.agent_id;
  report.agent_version = settings_.version;
  report.life = life_;
  report.sequence = ++sequence_;
  report.at = {now.wall};
  report.term = term_;
  report.revision = revision_;
  report.facts = facts_;
  for (const auto& [uid, slot] : servers_)
    report.processes.push_back(slot.seen());
  for (const auto& [uid, slot] : runs_) {
    report.runs.push_back(slot.seen());
    if (slot.answered() > 0) report.live.push_back({uid, slot.answered()});
  }
  last_report_ = report;
  return report;
}

bool Agent::has_news() const {
  if (!whole_) return false;
  if (ORCH_BUGGIFY("agent.report.again")) return true;
  if (!last_report_ || last_report_->term != term_ || last_report_->revision != revision_)
    return true;
  std::vector<api::ProcessSeen> processes;
  for (const auto& [uid, slot] : servers_)
    processes.push_back(slot.seen());
  std::vector<api::RunSeen> runs;
  std::vector<api::RunLive> live;
  for (const auto& [uid, slot] : runs_) {
    runs.push_back(slot.seen());
    if (slot.answered() > 0) live.push_back({uid, slot.answered()});
  }
  return processes != last_report_->processes || runs != last_report_->runs ||
         live != last_report_->live || facts_ != last_report_->facts;
}

std::vector<LogSource> Agent::logs() const {
  std::vector<LogSource> logs;
  for (const auto& [uid, slot] : servers_) {
    const auto seen = slot.seen();
    if (!seen.deployment.empty())
      logs.push_back(
          {"deployment." + seen.deployment, uid,
           settings_.logs_folder + "/deployment." + seen.deployment + "-" + uid.substr(0, 8)});
  }
  for (const auto& [uid, slot] : runs_) {
    const auto seen = slot.seen();
    if (!seen.dir.empty()) logs.push_back({"run." + seen.run, uid, seen.dir + "/log"});
  }
  return logs;
}

std::optional<SampleBatch> Agent::batch(std::size_t limit) const {
  for (const auto& [uid, slot] : runs_) {
    auto samples = slot.unsent(ORCH_BUGGIFY("agent.batch.one") ? 1 : limit);
    if (!samples.empty()) return SampleBatch{uid, std::move(samples)};
  }
  return std::nullopt;
}

void Agent::batch_done(const SampleBatch& batch, Taken taken) {
  const auto slot = runs_.find(batch.uid);
  if (slot == runs_.end()) return;
  if (taken == Taken::stored) {
    slot->second.sent(batch.samples.size());
  } else {
    ORCH_MARK("agent.samples-refused");
    slot->second.give_up_sending();
  }
}

base::Duration Agent::beat() const {
  return assignment_ && assignment_->beat.set() ? assignment_->beat.value() : kBeat;
}

}  // namespace agentd
