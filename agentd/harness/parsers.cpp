// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/parsers.hpp"

#include <algorithm>
#include <set>

#include "agentd/harness/bfcl.hpp"
#include "agentd/harness/samples_file.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

/// Samples as text, one a line. Errors that end before `old_bytes` were made by earlier attempts.
base::Result<Parsed> parse_lines(const std::string& text, std::int64_t old_bytes) {
  Parsed parsed;
  parsed.done = true;
  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    // What no newline ends is whole when it is an object: a torn one has no closing brace.
    const auto end = std::min(text.find('\n', at), text.size());
    ++number;
    auto sample = parse_sample(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (!sample && sample.error().code == base::Code::not_found) continue;  // noise or torn
    if (!sample) return std::move(sample).error().within("line " + std::to_string(number));
    const bool old = static_cast<std::int64_t>(at) <= old_bytes;
    if (old && !api::is_scored(sample->outcome)) continue;
    parsed.samples.push_back(*std::move(sample));
  }
  return parsed;
}

/// What the builtin `jsonl` reads; the copy of the attempt before tells what is new.
base::Result<Parsed> parse_jsonl(const std::string& folder, const api::RunWanted& wanted) {
  const auto text = base::read_file(folder + "/out/samples.jsonl", base::limits::kResultFileBytes);
  if (!text && text.error().code == base::Code::not_found) return parse_lines("", 0);
  if (!text) return text.error();
  const auto before =
      base::facts_of(folder + "/attempts/" + std::to_string(wanted.attempt - 1) + "/samples.jsonl");
  return parse_lines(*text, before ? before->size : 0);
}

/// An error counts only if this attempt made it and no scored line of its task follows, and once.
void settle(Parsed& parsed, const api::RunWanted& wanted) {
  std::set<std::string> scored, broken;
  std::vector<api::Sample> kept;
  std::reverse(parsed.samples.begin(), parsed.samples.end());
  for (auto& sample : parsed.samples) {
    const bool older = sample.attempt != 0 && sample.attempt != wanted.attempt;
    const bool error = !api::is_scored(sample.outcome);
    if (error && (older || scored.contains(sample.task))) continue;
    if (error && !broken.insert(sample.task).second) continue;
    if (!error) scored.insert(sample.task);
    sample.run = wanted.uid;
    sample.attempt = wanted.attempt;
    kept.push_back(std::move(sample));
  }
  std::reverse(kept.begin(), kept.end());
  parsed.samples = std::move(kept);
  parsed.answered = std::max(parsed.answered, static_cast<std::int64_t>(scored.size()));
}

}  // namespace

HarnessParsers::HarnessParsers(Processes& processes, std::map<std::string, std::string> env,
                               base::Duration deadline)
    : commands_(processes, std::move(env), deadline) {}

base::Result<Parsed> HarnessParsers::ask_command(const std::string& folder,
                                                 const api::RunWanted& wanted, Pass pass) {
  auto printed = commands_.run(folder, wanted, pass);
  if (!printed) return std::move(printed).error();
  if (!*printed) return Parsed{};
  return parse_lines(**printed, 0);
}

base::Result<Parsed> HarnessParsers::parse(const std::string& folder, const api::RunWanted& wanted,
                                           Pass pass) {
  const std::string& builtin = wanted.parser.builtin;
  auto parsed = [&]() -> base::Result<Parsed> {
    if (!wanted.parser.command.empty()) return ask_command(folder, wanted, pass);
    if (builtin == "bfcl") return parse_bfcl(folder + "/out");
    if (builtin == "jsonl") return parse_jsonl(folder, wanted);
    return base::invalid("there is no parser " + base::quoted(builtin) +
                         " here; bfcl and jsonl are");
  }();
  if (!parsed) return std::move(parsed).error().within("parse the output of " + wanted.name);
  if (parsed->done) settle(*parsed, wanted);
  return parsed;
}

}  // namespace agentd
