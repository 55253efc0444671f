// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/controller/toy_agent.hpp"

#include <algorithm>

namespace controller {
namespace {

constexpr base::Duration kBeat{15'000};

}  // namespace

ToyAgent::ToyAgent(Desk& desk, std::string machine) : desk_(desk), machine_(std::move(machine)) {}

void ToyAgent::step() {
  if (link == Link::up) {
    auto next = desk_.core().assignment(machine_);
    if (std::pair(next.term, next.revision) >= std::pair(assignment_.term, assignment_.revision))
      assignment_ = std::move(next);
  }
  serve();
  bench();
  if (link == Link::up) report();
}

void ToyAgent::serve() {
  std::erase_if(servers_, [&](const auto& entry) {
    return std::none_of(assignment_.servers.begin(), assignment_.servers.end(), [&](const auto& s) {
      return s.uid == entry.first && s.epoch == entry.second.seen.epoch;
    });
  });
  for (const auto& wanted : assignment_.servers) {
    if (servers_.empty()) {
      auto& fresh = servers_[wanted.uid].seen;
      fresh.deployment = wanted.name;
      fresh.uid = wanted.uid;
      fresh.epoch = wanted.epoch;
      fresh.pid = next_pid_++;
      ++starts_;
    }
    const auto mine = servers_.find(wanted.uid);
    if (mine == servers_.end()) continue;
    auto& [seen, age] = mine->second;
    ++age;
    if (age == 2) seen.phase = api::ServerPhase::warming;
    if (age != 3) continue;
    seen.phase = api::ServerPhase::hot;
    seen.endpoint = "http://127.0.0.1:8000/v1";
    seen.hot_since = {{desk_.now().wall.ms / 1000 * 1000}};
  }
}

void ToyAgent::bench() {
  std::erase_if(attempts_, [&](const auto& entry) {
    return std::none_of(assignment_.runs.begin(), assignment_.runs.end(), [&](const auto& r) {
      return r.uid == entry.first && r.attempt == entry.second.seen.attempt;
    });
  });
  for (const auto& wanted : assignment_.runs) {
    auto [entry, fresh] = attempts_.try_emplace(wanted.uid);
    auto& attempt = entry->second;
    if (fresh) {
      attempt.seen.run = wanted.name;
      attempt.seen.uid = wanted.uid;
      attempt.seen.attempt = wanted.attempt;
      attempt.seen.phase = api::RunPhase::running;
      attempt.seen.dir = "/runs/" + wanted.name;
      for (const auto& task : wanted.tasks.list)
        if (!std::binary_search(wanted.completed.begin(), wanted.completed.end(), task))
          attempt.left.push_back(task);
      continue;
    }
    work(wanted, attempt);
  }
}

void ToyAgent::work(const api::RunWanted& wanted, Attempt& attempt) {
  if (!attempt.left.empty() && !servers_.empty()) {
    api::Sample sample;
    sample.run = wanted.uid;
    sample.attempt = wanted.attempt;
    sample.task = attempt.left.front();
    const int nth = ++executed_[wanted.name + "/" + sample.task];
    sample.outcome = answer ? answer(sample.task, nth) : api::Outcome::pass;
    sample.score = sample.outcome == api::Outcome::pass ? 1 : 0;
    sample.tokens_in = 10;
    sample.tokens_out = 2;
    attempt.left.erase(attempt.left.begin());
    attempt.unsent.push_back(std::move(sample));
  }
  if (link == Link::up) send(wanted.uid, attempt);
  if (!attempt.left.empty() || !attempt.unsent.empty()) return;
  attempt.seen.phase = api::RunPhase::finished;
  attempt.seen.exit_code = 0;
}

void ToyAgent::send(const std::string& uid, Attempt& attempt) {
  if (attempt.unsent.empty()) return;
  const auto taken = desk_.try_samples(machine_, uid, attempt.unsent);
  if (taken && !taken->rejection) attempt.unsent.clear();
}

void ToyAgent::report() {
  api::Report report;
  report.machine = machine_;
  report.boot_id = "boot-1";
  report.agent_id = "agent-1";
  report.life = 1;
  report.term = assignment_.term;
  report.revision = assignment_.revision;
  report.facts.memory_bytes = 10LL << 30;
  for (const auto& [uid, server] : servers_)
    report.processes.push_back(server.seen);
  for (const auto& [uid, attempt] : attempts_)
    report.runs.push_back(attempt.seen);
  if (last_) report.sequence = last_->sequence;
  const bool changed = !last_ || report != *last_;
  if (!changed && desk_.now().steady - last_at_ < kBeat) return;
  report.sequence = ++sequence_;
  if (!desk_.try_report(report)) return;
  last_ = std::move(report);
  last_at_ = desk_.now().steady;
}

}  // namespace controller
