// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "cli/commands/commands.hpp"
#include "cli/log_text.hpp"
#include "cli/remote.hpp"
#include "cli/resource.hpp"

#include <algorithm>

namespace cli {
namespace {

/// The kinds whose processes write.
bool has_log(const api::Kind& kind) {
  return kind.name == "BenchRun" || kind.name == "ModelDeployment";
}

std::optional<Failure> not_one_log(const Targets& targets) {
  if (targets.failure) return targets.failure;
  const bool one = targets.list.size() == 1 && targets.list.front().names.size() == 1;
  if (one && has_log(*targets.list.front().kind)) return std::nullopt;
  if (one)
    return wrong_usage(std::string(targets.list.front().kind->plural) +
                       " write no log; benchruns and modeldeployments do");
  return wrong_usage("whose log? name one: run/NAME or md/NAME");
}

constexpr base::Duration kFirstPause{100};
constexpr base::Duration kLongestPause{3'000};
constexpr base::Duration kGiveUp = base::minutes(2);  // a restart of the controller takes seconds

/// Reads a log to its end. One that is followed goes on after a cut at the byte where it was.
class LogReader {
 public:
  using OnBytes = std::function<Remote::More(std::string_view)>;
  LogReader(Remote& remote, std::string path, const LogsArguments& asked)
      : remote_(remote), path_(std::move(path)), asked_(asked) {}

  std::optional<Failure> run(const OnBytes& on_bytes) {
    for (;;) {
      const auto end = read(on_bytes);
      if (end.how != Remote::StreamEnd::How::failed) return std::nullopt;
      if (!may_go_on(end)) return end.failure;
      remote_.pause(std::exchange(pause_, std::min(pause_ * 2, kLongestPause)));
    }
  }

 private:
  Query query() const {
    Query query;
    if (asked_.previous == Switch::on) query.emplace_back("previous", "true");
    if (asked_.follow == Switch::on) {
      query.emplace_back("follow", "true");
      query.emplace_back("offset", std::to_string(offset_));
    }
    if (!stream_.empty()) query.emplace_back("stream", stream_);
    if (stream_.empty() && asked_.tail)
      query.emplace_back("tailLines", std::to_string(*asked_.tail));
    return query;
  }

  Remote::StreamEnd read(const OnBytes& on_bytes) {
    Remote::Stream stream{path_, query(), "text/plain, */*", base::Duration{0}, std::nullopt, {}};
    stream.on_head = [this](const wire::Headers& headers) { begin(headers); };
    return remote_.stream(stream, [&](std::string_view bytes) {
      offset_ += static_cast<std::int64_t>(bytes.size());
      pause_ = kFirstPause;
      return on_bytes(bytes);
    });
  }

  void begin(const wire::Headers& headers) {
    lost_since_.reset();
    said_lost_ = false;
    const auto stream = wire::find_header(headers, "Orch-Log-Stream");
    const auto offset = base::to_integer(
        wire::find_header(headers, "Orch-Log-Offset").value_or(std::string_view{}));
    if (!stream || !offset) return;
    if (!stream_.empty() && *offset > offset_)
      remote_.session().console.note(std::to_string(*offset - offset_) +
                                     " bytes of the log are gone here");
    stream_ = *stream;
    offset_ = *offset;
  }

  /// The server went away while somebody follows: it may come back. A refusal is final, and so is a
  /// cut of a log of which nobody told where it was.
  bool may_go_on(const Remote::StreamEnd& end) {
    const auto exit = end.failure ? end.failure->exit : base::Exit::bug;
    if (asked_.follow == Switch::off || stream_.empty()) return false;
    if (exit != base::Exit::unreachable && exit != base::Exit::busy) return false;
    const auto now = base::steady_now();
    if (!lost_since_) lost_since_ = now;
    if (now - *lost_since_ >= kGiveUp) return false;
    // A cut alone is healed at once and worth no word; a server that is away is.
    if (end.failure->message.starts_with("reach ") && !std::exchange(said_lost_, true))
      remote_.session().console.note(end.failure->message + "; trying again");
    return true;
  }

  Remote& remote_;
  std::string path_;
  const LogsArguments& asked_;
  std::string stream_;  // whose bytes they are; empty: not told
  std::int64_t offset_ = 0;
  base::Duration pause_ = kFirstPause;
  std::optional<base::Instant> lost_since_;
  bool said_lost_ = false;
};

}  // namespace

base::Exit run_logs(Session& session, const LogsArguments& asked) {
  const auto targets = parse_targets(asked.words);
  if (const auto failure = not_one_log(targets)) return fail(session, *failure);
  const auto& target = targets.list.front();
  Remote remote(session);
  auto& console = session.console;
  LogText text(console.out_is());
  LogReader reader(remote, object_path(*target.kind, target.names.front()) + "/log", asked);
  const auto failure = reader.run([&](std::string_view bytes) {
    console.out(text.take(bytes));
    const bool held_back = asked.follow == Switch::off;
    return held_back || console.flush() ? Remote::More::yes : Remote::More::no;
  });
  console.out(text.take_rest());
  return failure ? fail(session, *failure) : base::Exit::done;
}

}  // namespace cli
