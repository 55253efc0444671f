// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/run_slot.hpp"

#include "agentd/core/launches.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace agentd {
namespace {

constexpr base::Duration kParsePeriod{2'000};
constexpr base::Duration kLookAgain{1'000};
constexpr std::string_view kHidden = "Unknown";  // whether the step's child runs
constexpr base::Duration kHarnessGrace{
    15'000};  // harnesses write what they have on the first signal

}  // namespace

void RunSlot::want(std::optional<api::RunWanted> wanted) {
  const bool other = wanted && wanted_ && wanted->attempt != wanted_->attempt;
  if (other || (wanted && !wanted_)) {
    final_parsed_ = false;
    stamp_.clear();
    answered_ = 0;
    record_.reset();
    stuck_ = false;
  }
  if (wanted) name_ = wanted->name;
  left_alone_.clear();
  wanted_ = std::move(wanted);
}

std::set<std::string> RunSlot::scored() const {
  std::set<std::string> all(wanted_->completed.begin(), wanted_->completed.end());
  for (const auto& s : samples_)
    if (api::is_scored(s.outcome)) all.insert(s.task);
  return all;
}

void RunSlot::stuck(std::string message) {
  stuck_ = true;
  stuck_why_ = std::move(message);
}

void RunSlot::step(const std::vector<Child>& children, Begin begin, Ports& ports,
                   const Settings& settings, base::Moment now) {
  wake_.reset();
  child_.reset();
  for (const auto& c : children) {
    if (label(c, "kind") != "run" || label(c, "uid") != uid_) continue;
    if (name_.empty()) name_ = label(c, "run");
    if (!child_ || child_->state == Child::State::exited) child_ = c;
  }
  has_child_ = child_.has_value();
  const auto attempt = child_ ? base::to_integer(label(*child_, "attempt")).value_or(0) : 0;
  // What is not wanted any more, or an attempt that was superseded, ends before anything else.
  if (ORCH_MUTANT("old-attempt-left-running") && child_ && wanted_ && attempt != wanted_->attempt)
    child_.reset();
  if (child_ && child_->state != Child::State::exited && !left_alone_.empty()) {
    wait_reason_ = "NotAssigned";
    wait_message_ = left_alone_;
    return;
  }
  if (child_ && (!wanted_ || attempt != wanted_->attempt || stuck_)) {
    ORCH_MARK("run.superseded");
    return stop_child(*child_, ports, now);
  }
  if (!wanted_ || stuck_) return;
  if (!record_) load(ports, settings);
  if (!record_ || stuck_) return sooner(now.steady + kLookAgain);
  know_tasks();
  if (record_->attempt > wanted_->attempt) return;  // an assignment of the past
  if (record_->attempt < wanted_->attempt) {
    if (begin == Begin::refused) {
      ORCH_MARK("run.no-contact");
      wait_reason_ = "NoContact";
      wait_message_ = "no attempt begins while the controller is silent";
      return sooner(now.steady + kLookAgain);
    }
    if (!harvest(ports, now)) return;
    prepare(ports, now);
    if (record_->attempt < wanted_->attempt || stuck_) return sooner(now.steady + kLookAgain);
  }
  if (child_ && is_settled(*child_)) {  // its end is in the record; only its own record is left
    if (!ports.processes.forget(child_->id)) return sooner(now.steady + kLookAgain);
    has_child_ = false;
    child_.reset();
  }
  const Child* child = child_ ? &*child_ : nullptr;
  if (!record_->ended && needs_listing()) {
    list_tasks(child, begin, ports, settings, now);
    if (!record_->ended) return sooner(now.steady + kLookAgain);
  } else if (!record_->ended) {
    run_steps(child, begin, ports, settings, now);
  }
  if (record_ && !stuck_) parse(ports, now);
}

bool RunSlot::is_settled(const Child& child) const {
  if (is_listing(child))
    return child.state == Child::State::exited && (record_->ended || !needs_listing());
  const auto index = base::to_integer(label(child, "index")).value_or(0);
  return child.state == Child::State::exited && (record_->ended || index < record_->next_step);
}

void RunSlot::load(Ports& ports, const Settings& settings) {
  folder_ = settings.runs_folder + "/" + wanted_->name + "-" + uid_.substr(0, 8);
  auto record = ports.folders.open(folder_);
  if (!record) {
    wait_reason_ = "RunDirectory";
    wait_message_ = record.error().message;
    return;
  }
  auto samples = ports.folders.samples(folder_, *record);
  if (!samples && samples.error().code == base::Code::conflict)
    return stuck(samples.error().message);
  if (!samples) {
    wait_reason_ = "RunDirectory";
    wait_message_ = samples.error().message;
    return;
  }
  record_ = std::move(*record);
  samples_ = std::move(*samples);
  // Whatever the store may not have is sent again; the same sample twice is one row.
  const std::set<std::string> stored(wanted_->completed.begin(), wanted_->completed.end());
  unsent_.clear();
  for (const auto& s : samples_)
    if (!stored.contains(s.task) && !ORCH_MUTANT("unsent-forgotten")) unsent_.push_back(s);
}

/// An attempt that was given up may have left answers that nobody has read yet: what is scored in
/// them is not done again. True once they are read.
bool RunSlot::harvest(Ports& ports, base::Moment now) {
  if (record_->attempt == 0 || harvested_ == record_->attempt) return true;
  if (ORCH_MUTANT("given-up-answers-unread")) return true;
  auto before = *wanted_;
  before.attempt = record_->attempt;
  const auto parsed = ports.parsers.parse(folder_, before, Parsers::Pass::final);
  const bool hopeless = !parsed && parsed.error().code == base::Code::invalid;
  if (parsed && parsed->done) record_samples(*parsed, before, ports, now);
  const bool read = (parsed && parsed->done && wait_reason_.empty() && !stuck_) || hopeless;
  if (!read) {
    sooner(now.steady + base::Duration{200});
    return false;
  }
  ORCH_MARK("run.harvested");
  harvested_ = record_->attempt;
  return true;
}

void RunSlot::prepare(Ports& ports, base::Moment now) {
  const auto done = scored();
  const auto prepared = ports.folders.prepare(folder_, *wanted_, {done.begin(), done.end()});
  if (!prepared) {
    wait_reason_ = "RunDirectory";
    wait_message_ = prepared.error().message;
    return;
  }
  auto next = *record_;
  next.attempt = wanted_->attempt;
  next.next_step = 0;
  next.ended = false;
  next.exit_code.reset();
  next.reason.clear();
  next.message.clear();
  if (!ports.folders.save(folder_, next)) return;  // intent first; asked again
  record_ = next;
  attempt_began_ = now.wall;
  wait_reason_.clear();
  wait_message_.clear();
}

void RunSlot::run_steps(const Child* child, Begin begin, Ports& ports, const Settings& settings,
                        base::Moment now) {
  if (child == nullptr) {
    if (!ORCH_MUTANT("launch-when-nothing-is-left") &&
        remaining_tasks(*wanted_, scored()).work == Remaining::Work::nothing &&
        record_->next_step == 0) {
      ORCH_MARK("run.nothing-left");
      return end_attempt(0, "", "every task is scored; nothing was launched", ports);
    }
    if (begin == Begin::refused && record_->next_step == 0) return sooner(now.steady + kLookAgain);
    return start_step(ports, settings, now);
  }
  if (attempt_began_ == base::Instant{}) attempt_began_ = child->started;
  if (wait_reason_ == kHidden) wait_reason_.clear();
  switch (child->state) {
    case Child::State::unknown:
      wait_reason_ = kHidden;
      wait_message_ = "whether the step runs cannot be told: " + child->failure;
      return sooner(now.steady + kLookAgain);
    case Child::State::intended:  // one id, one effect
      ORCH_MARK("run.start-repeated");
      return start_step(ports, settings, now);
    case Child::State::exited: return take_exit(*child, ports, now);
    case Child::State::running: break;
  }
  const auto limit = wanted_->timeout.set() ? wanted_->timeout.value() : base::Duration{0};
  const auto age = ORCH_MUTANT("timeout-by-wall-clock") ? now.wall - child->started : child->age;
  const bool late = limit.count() > 0 && age >= limit;
  if (late || ending_.begun()) {
    record_->reason = "Timeout";
    record_->message = "the attempt took longer than " + wanted_->timeout.text;
    return stop_child(*child, ports, now);
  }
  sooner(now.steady + kParsePeriod);
}

void RunSlot::start_step(Ports& ports, const Settings& settings, base::Moment now) {
  const auto index = static_cast<std::size_t>(record_->next_step);
  if (index >= wanted_->steps.size()) return end_attempt(0, "", "", ports);
  auto command = step_command(*wanted_, index, scored(), folder_);
  if (!command) return end_attempt(std::nullopt, "CannotStart", command.error().message, ports);
  if (index == 0 && !hand_over_tasks(ports, now)) return;
  auto launch =
      run_launch(*wanted_, folder_, settings, std::to_string(index), wanted_->steps[index].name);
  launch.command = std::move(*command);
  launch_child(launch, ports, now);
}

/// Launchers whose harness is to do less than everything read the file that ORCH_TASKS_FILE names.
/// True once it says what this attempt is to do.
bool RunSlot::hand_over_tasks(Ports& ports, base::Moment now) {
  const auto left = remaining_tasks(*wanted_, scored());
  if (left.work != Remaining::Work::some) return true;
  const auto written = ports.tasks.write(tasks_file(folder_), left.tasks);
  if (written) return true;
  if (written.error().code == base::Code::invalid) {
    end_attempt(std::nullopt, "CannotStart", written.error().message, ports);
  } else {
    wait_reason_ = "RunDirectory";
    wait_message_ = written.error().message;
    sooner(now.steady + kLookAgain);
  }
  return false;
}

void RunSlot::launch_child(const Launch& launch, Ports& ports, base::Moment now) {
  const auto started = ports.processes.start(launch);
  if (!started && started.error().code == base::Code::unavailable) {
    wait_reason_ = "CannotStart";  // the disk is full, the table of processes too: it may pass
    wait_message_ = started.error().message;
    return sooner(now.steady + base::seconds(10));
  }
  if (!started) return end_attempt(std::nullopt, "CannotStart", started.error().message, ports);
  sooner(now.steady + base::Duration{100});
}

void RunSlot::take_exit(const Child& child, Ports& ports, base::Moment now) {
  const auto swept = ports.processes.sweep(child.id);
  if (!swept || !*swept) return sooner(now.steady + kLookAgain);
  ending_.reset();
  auto next = *record_;
  next.exit_code = child.exit_code ? std::optional<std::int64_t>(*child.exit_code) : std::nullopt;
  if (!child.failure.empty()) {
    next.reason = "CannotStart";
    next.message = child.failure;
  }
  ++next.next_step;
  const bool good = child.exit_code && *child.exit_code == 0 && child.failure.empty();
  next.ended = !good || next.next_step >= static_cast<std::int64_t>(wanted_->steps.size());
  if (!ports.folders.save(folder_, next)) return sooner(now.steady + kLookAgain);
  record_ = next;
  stamp_.clear();  // the last words count
  if (ports.processes.forget(child.id)) {
    has_child_ = false;
    child_.reset();
  }
  sooner(now.steady);
}

void RunSlot::end_attempt(std::optional<std::int64_t> exit_code, std::string reason,
                          std::string message, Ports& ports) {
  auto next = *record_;
  next.ended = true;
  next.exit_code = exit_code;
  next.reason = std::move(reason);
  next.message = std::move(message);
  if (ports.folders.save(folder_, next)) record_ = next;
}

void RunSlot::parse(Ports& ports, base::Moment now) {
  if (final_parsed_) return;
  const bool last = record_->ended && !has_child_;
  if (!last && now.steady < next_parse_) return sooner(next_parse_);
  const auto stamp = ports.folders.stamp(folder_);
  if (!last && stamp && *stamp == stamp_ && !ORCH_BUGGIFY("run.parse.again"))
    return sooner(now.steady + kParsePeriod);
  auto parsed =
      ports.parsers.parse(folder_, *wanted_, last ? Parsers::Pass::final : Parsers::Pass::live);
  next_parse_ = now.steady + kParsePeriod;
  if (!parsed) {
    wait_reason_ = "Parser";
    wait_message_ = parsed.error().message;
    if (last && parsed.error().code == base::Code::invalid) {
      // It will not get better by asking again. What broke first is what people must know.
      if (record_->reason.empty()) {
        record_->reason = "Parser";
        record_->message = parsed.error().message;
      }
      final_parsed_ = true;
    }
    return sooner(next_parse_);
  }
  if (!parsed->done) return sooner(now.steady + base::Duration{200});
  record_samples(*parsed, *wanted_, ports, now);
  if (stuck_ || !wait_reason_.empty()) return sooner(now.steady + kLookAgain);
  if (stamp) stamp_ = *stamp;
  if (last)
    final_parsed_ = true;
  else
    sooner(next_parse_);
}

void RunSlot::record_samples(const Parsed& parsed, const api::RunWanted& as, Ports& ports,
                             base::Moment now) {
  wait_reason_.clear();
  wait_message_.clear();
  answered_ = parsed.answered;
  total_ = std::max(total_, parsed.total);
  metrics_ = parsed.metrics;
  for (const auto& [key, value] : parsed.fingerprint)
    fingerprint_[key] = value;
  const auto fresh = fresh_samples(parsed.samples, samples_, as, attempt_began_, now.wall);
  if (fresh.empty()) return;
  auto next = *record_;
  const auto appended = ports.folders.append(folder_, fresh, next);
  if (!appended && appended.error().code == base::Code::conflict)
    return stuck(appended.error().message);
  if (!appended) {
    wait_reason_ = "RunDirectory";
    wait_message_ = appended.error().message;
    return;
  }
  if (ports.folders.save(folder_, next)) record_ = next;
  record_->samples_bytes = next.samples_bytes;
  record_->samples_inode = next.samples_inode;
  samples_.insert(samples_.end(), fresh.begin(), fresh.end());
  unsent_.insert(unsent_.end(), fresh.begin(), fresh.end());
}

void RunSlot::stop_child(const Child& child, Ports& ports, base::Moment now) {
  if (!ending_.step(child, "INT", kHarnessGrace, ports, now))
    return sooner(now.steady + base::Duration{250});
  ending_.reset();
  const auto attempt = base::to_integer(label(child, "attempt")).value_or(0);
  const bool current = wanted_ && record_ && attempt == wanted_->attempt && !stuck_;
  if (current) {
    auto next = *record_;
    next.ended = true;
    next.exit_code.reset();
    if (!ports.folders.save(folder_, next)) return sooner(now.steady + kLookAgain);
    record_ = next;
  }
  if (!ports.processes.forget(child.id)) return sooner(now.steady + kLookAgain);
  has_child_ = false;
  child_.reset();
  sooner(now.steady);
}

std::vector<api::Sample> RunSlot::unsent(std::size_t limit) const {
  const auto n = static_cast<std::ptrdiff_t>(std::min(limit, unsent_.size()));
  return {unsent_.begin(), unsent_.begin() + n};
}

void RunSlot::sent(std::size_t count) {
  unsent_.erase(unsent_.begin(),
                unsent_.begin() + static_cast<std::ptrdiff_t>(std::min(count, unsent_.size())));
}

api::RunSeen RunSlot::seen() const {
  api::RunSeen seen;
  seen.uid = uid_;
  seen.run = name_;
  seen.dir = folder_;
  seen.reason = wait_reason_;
  seen.message = shown(wait_message_);
  if (child_) {
    seen.attempt = base::to_integer(label(*child_, "attempt")).value_or(0);
    seen.step = label(*child_, "step");
    if (child_->state == Child::State::running) {
      seen.pid = child_->pid;
      seen.start_ticks = child_->start_ticks;
    }
    seen.phase = api::RunPhase::running;
  }
  if (wanted_) seen.attempt = wanted_->attempt;
  if (stuck_) {
    seen.phase = api::RunPhase::stuck;
    seen.reason = "Stuck";
    seen.message = shown(stuck_why_);
    return seen;
  }
  if (!wanted_ || !record_ || record_->attempt != wanted_->attempt) return seen;
  seen.total = total_;
  seen.fingerprint = fingerprint_;
  if (record_->ended && !has_child_) {
    seen.exit_code = record_->exit_code;
    seen.reason = record_->reason;
    seen.message = shown(record_->message);
    if (final_parsed_ && unsent_.empty()) {
      seen.phase = api::RunPhase::finished;
      seen.metrics = metrics_;
    } else {
      seen.phase = api::RunPhase::running;
      seen.step = "results";
    }
  } else if (record_->next_step > 0) {
    seen.phase = api::RunPhase::running;
  }
  return seen;
}

}  // namespace agentd
