// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/parser_command.hpp"

#include <unistd.h>
#include <algorithm>
#include <csignal>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::size_t kPrintedBytes = 1UL << 30;  // as many samples as a run directory may hold
constexpr std::string_view kRole = "parser";
constexpr base::Duration kPatience{10'000};    // a start or an unreadable state, under load
constexpr std::size_t kComplaintBytes = 4096;  // the end of what it said on stderr

/// `$(run.dir)` is known here alone.
std::string expanded(std::string word, const std::string& folder) {
  constexpr std::string_view kRunDir = "$(run.dir)";
  for (auto at = word.find(kRunDir); at != std::string::npos;
       at = word.find(kRunDir, at + folder.size()))
    word.replace(at, kRunDir.size(), folder);
  return word;
}

std::string last_line(const std::string& path) {
  const auto facts = base::facts_of(path);
  if (!facts) return "";
  const auto from = std::max<std::int64_t>(0, facts->size - std::int64_t{kComplaintBytes});
  const auto text = base::read_range(path, from, kComplaintBytes);
  if (!text) return "";
  const auto whole = base::trimmed(*text);
  const auto start = whole.rfind('\n');
  const auto line = start == std::string_view::npos ? whole : whole.substr(start + 1);
  return base::clipped(base::printable(line), 200);
}

}  // namespace

ParserCommands::ParserCommands(Processes& processes, std::map<std::string, std::string> env,
                               base::Duration deadline)
    : processes_(processes), env_(std::move(env)), deadline_(deadline) {}

base::Result<ParserCommands::Running> ParserCommands::start(const std::string& folder,
                                                            const api::RunWanted& wanted) {
  const std::string own = folder + "/.parser";
  if (auto made = base::make_folder(own, 0700); !made) return std::move(made).error();
  // The clock makes the name new also after a restart, whose first number may be in use.
  const std::string number = std::to_string(base::wall_now().ms);
  Running running;
  running.child = "parser-" + std::to_string(base::hash64(folder)) + "-" + number;
  running.output = own + "/" + number + ".out";
  running.errors = own + "/" + number + ".err";
  running.until = base::steady_now() + deadline_;

  Launch launch;
  launch.id = running.child;
  for (const auto& word : wanted.parser.command)
    launch.command.push_back(expanded(word, folder));
  launch.env = env_;
  launch.env["ORCH_RUN_DIR"] = folder;
  launch.env["ORCH_ATTEMPT"] = std::to_string(wanted.attempt);
  launch.workdir = folder;
  launch.output = running.output;
  launch.errors = running.errors;
  launch.labels = {{"run", wanted.uid}, {"role", std::string(kRole)}};
  if (auto started = processes_.start(launch); !started) return std::move(started).error();
  return running;
}

base::Status ParserCommands::end_strangers(const std::vector<Child>& children) {
  for (const auto& child : children) {
    const bool ours = std::any_of(running_.begin(), running_.end(), [&](const auto& entry) {
      return entry.second.child == child.id;
    });
    const auto role = child.labels.find("role");
    if (ours || role == child.labels.end() || role->second != kRole) continue;
    // Left by an agent that ended before it read the answer; nobody asks for it any more.
    if (child.state == Child::State::running) {
      if (auto sent = processes_.signal(child.id, SIGKILL); !sent) return sent;
    } else if (child.state != Child::State::unknown) {
      const bool over = child.state == Child::State::exited;  // else it was never begun
      const auto swept = over ? processes_.sweep(child.id) : base::Result<bool>(true);
      if (!swept || !*swept) continue;
      if (auto gone = processes_.forget(child.id); !gone) {
        base::log::debug("parser.kept", {{"child", child.id}, {"why", gone.error().message}});
      }
    }
  }
  return base::ok();
}

base::Result<std::optional<Child>> ParserCommands::find(const std::string& id) {
  auto children = processes_.list();
  if (!children) return std::move(children).error();
  if (auto ended = end_strangers(*children); !ended) return std::move(ended).error();
  for (auto& child : *children) {
    if (child.id == id) return std::optional<Child>(std::move(child));
  }
  return std::optional<Child>();
}

base::Result<std::optional<std::string>> ParserCommands::run(const std::string& folder,
                                                             const api::RunWanted& wanted,
                                                             Parsers::Pass pass) {
  auto found = running_.find(folder);
  if (found == running_.end()) {
    auto started = start(folder, wanted);
    if (!started) return std::move(started).error().within("run the parser");
    started->attempt = wanted.attempt;
    started->pass = pass;
    running_.emplace(folder, *std::move(started));
    return std::optional<std::string>();
  }
  const auto child = find(found->second.child);
  if (!child) return child.error();
  if (!*child) {
    running_.erase(found);
    return base::internal("run the parser: its record is gone");
  }
  if ((*child)->state == Child::State::exited) {
    const bool asked = found->second.attempt == wanted.attempt && found->second.pass == pass;
    auto printed = finish(folder, **child);
    if (asked || running_.contains(folder)) return printed;
    return run(folder, wanted, pass);
  }
  if (base::steady_now() < found->second.until) return std::optional<std::string>();
  found->second.killed = true;
  auto sent = processes_.signal(found->second.child, SIGKILL);
  if (sent) return std::optional<std::string>();
  // It may not have begun yet, so that the next look can end it; but not for ever.
  const bool patient = base::steady_now() < found->second.until + kPatience;
  if (patient && sent.error().code == base::Code::unavailable) return std::optional<std::string>();
  running_.erase(found);
  return std::move(sent).error().within("end the parser");
}

base::Result<std::optional<std::string>> ParserCommands::finish(const std::string& folder,
                                                                const Child& child) {
  const Running running = running_.at(folder);
  const auto swept = processes_.sweep(child.id);
  if (!swept) return swept.error();
  if (!*swept) return std::optional<std::string>();
  running_.erase(folder);
  auto printed = base::read_file(running.output, kPrintedBytes);
  const std::string complaint = last_line(running.errors);
  ::unlink(running.output.c_str());
  ::unlink(running.errors.c_str());
  if (auto gone = processes_.forget(child.id); !gone) {
    base::log::debug("parser.kept", {{"child", child.id}, {"why", gone.error().message}});
  }

  const std::string doing = "run the parser: ";
  if (!child.failure.empty()) return base::invalid(doing + child.failure);
  if (running.killed) {
    return base::Error{base::Code::timeout, doing + "it took longer than " +
                                                std::to_string(deadline_.count() / 1000) + " s"};
  }
  if (child.exit_code != 0) {
    const std::string how = child.exit_code ? "it ended with " + std::to_string(*child.exit_code)
                                            : std::string("nobody saw how it ended");
    return base::invalid(doing + how + (complaint.empty() ? "" : ": " + complaint));
  }
  if (!printed) return std::move(printed).error();
  return std::optional<std::string>(*std::move(printed));
}

}  // namespace agentd
