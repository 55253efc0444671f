// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/launches.hpp"
#include "agentd/core/run_slot.hpp"

#include <algorithm>

/// The part of a run that asks its bench for the tasks. The command is a child of the run like its
/// steps, so that it is adopted, superseded and stopped by the same rules.
namespace agentd {
namespace {

constexpr base::Duration kListingLook{250};  // what is bad is seen before it fills the disk
constexpr base::Duration kListingRetry{1'000};
constexpr base::Duration kDeadline = base::minutes(5);  // harnesses import and download much
const std::string kIndex = "tasks";

}  // namespace

bool RunSlot::is_listing(const Child& child) {
  const auto found = child.labels.find("index");
  return found != child.labels.end() && found->second == kIndex;
}

bool RunSlot::needs_listing() const {
  return !wanted_->tasks.command.empty() && known_tasks(*wanted_).empty();
}

std::string RunSlot::printed_path() const {
  return folder_ + "/.orch/printed-" + std::to_string(wanted_->attempt);
}

void RunSlot::list_tasks(const Child* child, Begin begin, Ports& ports, const Settings& settings,
                         base::Moment now) {
  if (child == nullptr && begin == Begin::refused) return sooner(now.steady + kListingRetry);
  if (child == nullptr || child->state == Child::State::intended)
    return start_listing(ports, settings, now);
  if (child->state == Child::State::unknown) return sooner(now.steady + kListingRetry);
  if (child->state == Child::State::exited) return take_listing(*child, ports, now);
  const auto so_far = ports.tasks.read(printed_path(), TaskFiles::Look::so_far);
  const bool late = child->age >= kDeadline;
  const bool bad = !so_far && so_far.error().code == base::Code::invalid;
  if (!late && !bad && !ending_.begun()) return sooner(now.steady + kListingLook);
  record_->reason = "TaskList";
  if (bad) record_->message = so_far.error().message;
  if (late && !bad)
    record_->message = "the command that lists the tasks took longer than " +
                       std::to_string(kDeadline.count() / 60'000) + " minutes";
  stop_child(*child, ports, now);
}

void RunSlot::start_listing(Ports& ports, const Settings& settings, base::Moment now) {
  auto launch = run_launch(*wanted_, folder_, settings, kIndex, "tasks");
  const auto values = run_values(*wanted_, folder_);
  for (const auto& argument : wanted_->tasks.command)
    launch.command.push_back(api::expanded(argument, values));
  launch.errors = launch.output;  // what it complains about is in the run's log
  launch.output = printed_path();
  launch_child(launch, ports, now);
}

void RunSlot::take_listing(const Child& child, Ports& ports, base::Moment now) {
  const auto swept = ports.processes.sweep(child.id);
  if (!swept || !*swept) return sooner(now.steady + kListingRetry);
  ending_.reset();
  // It was ended for a reason that is known already.
  if (!record_->reason.empty())
    return end_attempt(std::nullopt, record_->reason, record_->message, ports);
  const std::string doing = "the command that lists the tasks ";
  if (!child.failure.empty())
    return end_attempt(std::nullopt, "TaskList", "list the tasks: " + child.failure, ports);
  if (!child.exit_code)
    return end_attempt(std::nullopt, "TaskList", "nobody saw how " + doing + "ended", ports);
  if (*child.exit_code != 0)
    return end_attempt(*child.exit_code, "TaskList",
                       doing + "ended with " + std::to_string(*child.exit_code) +
                           "; the run's log has what it said",
                       ports);
  auto listed = ports.tasks.read(printed_path(), TaskFiles::Look::whole);
  if (!listed && listed.error().code == base::Code::invalid)
    return end_attempt(std::nullopt, "TaskList", listed.error().message, ports);
  if (!listed) {
    wait_reason_ = "TaskList";
    wait_message_ = listed.error().message;
    return sooner(now.steady + kListingRetry);
  }
  auto next = *record_;
  next.tasks = std::move(*listed);
  if (!ports.folders.save(folder_, next)) return sooner(now.steady + kListingRetry);
  record_ = std::move(next);
  wait_reason_.clear();
  wait_message_.clear();
  know_tasks();
  sooner(now.steady);  // its own record goes first, then the steps begin
}

/// The list is asked for once in a run's life; from then on it counts as the bench's own.
void RunSlot::know_tasks() {
  if (!wanted_ || !record_ || wanted_->tasks.command.empty()) return;
  wanted_->tasks.list = record_->tasks;
  total_ = std::max(total_, static_cast<std::int64_t>(known_tasks(*wanted_).size()));
}

}  // namespace agentd
