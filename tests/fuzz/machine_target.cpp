// SPDX-License-Identifier: Apache-2.0
#include "agentd/core/resume.hpp"
#include "agentd/harness/samples_file.hpp"
#include "agentd/process/proc.hpp"
#include "agentd/process/record.hpp"
#include "api/codec/check.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <optional>
#include <set>

/// What an agent reads on its own machine.
namespace fuzz {
namespace {

using api::Json;

Json json_in(const std::string& name) {
  const auto text = base::read_file(scratch() + "/" + name);
  promise(static_cast<bool>(text), "what was written is there");
  auto value = api::parse_json(*text);
  promise(static_cast<bool>(value), "what was written is JSON");
  return *std::move(value);
}

/// Nothing that the file says under a name that we know was read as something else. Members that
/// another version wrote may be lost.
void check_says_the_same(const Json& said, const Json& written) {
  for (const auto& [key, value] : written.members()) {
    const Json* before = said.find(key);
    if (before == nullptr) continue;  // the initial value
    if (value.is_object() && before->is_object() && key != "env" && key != "secrets" &&
        key != "labels") {
      check_says_the_same(*before, value);
      continue;
    }
    promise(*before == value, "what a record says is read as it stands, or the record is refused");
  }
}

template <class Read, class Write>
void check_record(const std::string& file, std::string_view bytes, Read read, Write write) {
  (void)put_file(file, bytes);
  const auto first = read(scratch());
  if (!first) {
    promise(first.error().code == base::Code::invalid,
            "a damaged record is named, and never taken for an absent one");
    promise(first.error().message.find(file) != std::string::npos, "and the file with it");
    return;
  }
  const auto said = api::parse_json(bytes);
  promise(said && said->is_object(), "only an object is a record");
  promise(static_cast<bool>(write(scratch(), *first)), "a record can be written");
  const auto written = json_in(file);
  check_says_the_same(*said, written);
  const auto again = read(scratch());
  promise(static_cast<bool>(again), "what was written can be read");
  promise(static_cast<bool>(write(scratch(), *again)) && json_in(file) == written,
          "a record reads back as it was written");
}

// ---- samples.jsonl

/// The lines that a newline ends, cut by hand, as samples.
std::vector<api::Sample> samples_by_hand(std::string_view text) {
  std::vector<api::Sample> samples;
  std::string line;
  for (const char c : text) {
    if (c != '\n') {
      line += c;
      continue;
    }
    auto sample = agentd::parse_sample(line);
    if (sample) samples.push_back(*std::move(sample));
    line.clear();
  }
  return samples;
}

/// Of a line that is strict JSON, whether it is a sample can be told from its members alone.
void check_line(std::string_view line) {
  const auto value = api::parse_json(line);
  const auto sample = agentd::parse_sample(line);
  if (sample) {
    promise(agentd::is_task_id(sample->task), "a sample has a task");
    promise(sample->score >= 0 && sample->score <= 1, "a score is from 0 to 1");
  }
  if (!value) return;
  const auto outcome = value->text_at("outcome");
  const bool known = outcome == "pass" || outcome == "fail" || outcome == "error";
  promise(!sample || (value->text_at("task") == sample->task && known),
          "a sample is of the task and the outcome that its line says");
  promise(!sample || api::is_scored(sample->outcome) == (outcome != "error"),
          "an error is never a result");
  const bool plain = value->is_object() && value->members().size() == 2 && known &&
                     agentd::is_task_id(value->text_at("task"));
  promise(!plain || sample, "a line with a task and an outcome is a sample");
}

std::set<std::string> scored_in(const std::vector<api::Sample>& samples) {
  std::set<std::string> tasks;
  for (const auto& sample : samples)
    if (sample.outcome == api::Outcome::pass || sample.outcome == api::Outcome::fail)
      tasks.insert(sample.task);
  return tasks;
}

/// The next attempt has every task that is not scored, in the bench's order, and no other.
void check_resume(const std::set<std::string>& scored) {
  api::RunWanted wanted;
  wanted.tasks.list = {"t1", "t2", "t3", "t4", "\u00e9"};
  const auto left = agentd::remaining_tasks(wanted, scored);
  std::vector<std::string> naive;
  for (const auto& task : wanted.tasks.list)
    if (scored.count(task) == 0) naive.push_back(task);
  promise(left.tasks == naive, "what is left is what is not scored");
  promise((left.work == agentd::Remaining::Work::nothing) == naive.empty(),
          "nothing is left when all is scored");
}

void check_append(const std::string& path, std::string_view input) {
  // What no newline ends is ended first, so that a whole line at the end counts from then on.
  const bool whole = input.empty() || input.back() == '\n';
  const auto before = samples_by_hand(std::string(input) + (whole ? "" : "\n"));
  auto fresh = before;
  if (fresh.size() > 8) fresh.resize(8);
  api::Sample extra;
  extra.task = "extra";
  extra.outcome = api::Outcome::pass;
  fresh.push_back(extra);
  agentd::RunRecord record;
  promise(static_cast<bool>(agentd::append_samples(path, fresh, record)), "samples are appended");
  const auto after = agentd::read_samples(path, record);
  promise(after && after->size() == before.size() + fresh.size(), "and all of them are read");
  promise(std::equal(before.begin(), before.end(), after->begin()), "behind those that were there");
  promise(std::equal(fresh.begin(), fresh.end(),
                     after->begin() + static_cast<std::ptrdiff_t>(before.size())),
          "as they were");
  (void)put_file("samples.jsonl", "");
  const auto shrunk = agentd::read_samples(path, record);
  promise(!shrunk && shrunk.error().code == base::Code::conflict,
          "a file that shrank is a conflict");
}

// ---- /proc/PID/stat

std::optional<agentd::ProcStat> stat_by_hand(const std::string& text) {
  const auto first = text.find(" (");
  const auto last = text.find_last_of(')');
  if (first == std::string::npos || last == std::string::npos) return std::nullopt;
  std::vector<std::string> words;
  std::string word;
  for (const char c : base::trimmed(std::string_view(text).substr(last + 2))) {
    if (c == ' ') {
      words.push_back(std::exchange(word, {}));
    } else {
      word += c;
    }
  }
  words.push_back(word);
  return agentd::ProcStat{std::stoll(text.substr(0, first)), std::stoll(words.at(1)),
                          std::stoll(words.at(3)), std::stoll(words.at(19)), words.at(0).at(0)};
}

bool same(const agentd::ProcStat& a, const agentd::ProcStat& b) {
  return a.pid == b.pid && a.parent == b.parent && a.session == b.session &&
         a.start_ticks == b.start_ticks && a.state == b.state;
}

/// Whatever a process calls itself, the kernel's line is read right.
void check_any_name(std::string_view input) {
  std::string name(input.substr(0, 15));
  std::replace(name.begin(), name.end(), '\n', '?');  // the kernel escapes it
  std::replace(name.begin(), name.end(), '\0', '?');
  const auto text =
      "4711 (" + name + ") S 42 4711 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 2 3 4\n";
  const auto stat = agentd::parse_stat(text);
  promise(stat && same(*stat, {4711, 42, 40, 987654, 'S'}), "no name shifts the fields");
}

}  // namespace

/// The first line names the file, the rest is what is in it.
void run_journal(std::string_view input) {
  const auto end = input.find('\n');
  const auto file = input.substr(0, end);
  const auto bytes = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  if (file == "launch.json") {
    check_record("launch.json", bytes, agentd::read_intent, agentd::write_intent);
  } else if (file == "child.json") {
    check_record("child.json", bytes, agentd::read_started, agentd::write_started);
  } else if (file == "exit.json") {
    check_record("exit.json", bytes, agentd::read_ended, agentd::write_ended);
  } else if (file == "notes.json") {
    check_record("notes.json", bytes, agentd::read_notes, agentd::write_notes);
  } else {
    const std::string id(file);
    promise(!agentd::is_record_id(id) || id.find('/') == std::string::npos,
            "a record's id stays in its folder");
  }
}

void run_samples_jsonl(std::string_view input) {
  const auto path = put_file("samples.jsonl", input);
  const auto samples = agentd::read_samples(path, {});
  promise(static_cast<bool>(samples), "whatever is in it, the file can be read");
  promise(*samples == samples_by_hand(input), "its samples are those of its whole lines");
  for (const auto& line : base::split(input, '\n'))
    check_line(line);
  check_resume(scored_in(*samples));

  // Torn anywhere, it tells of the start of the same story.
  const auto cut = input.substr(0, base::hash64(input) % (input.size() + 1));
  const auto torn = samples_by_hand(cut);
  promise(torn.size() <= samples->size() && std::equal(torn.begin(), torn.end(), samples->begin()),
          "a torn file loses samples only at its end");
  check_append(path, input);
}

void run_proc_stat(std::string_view input) {
  check_any_name(input);
  const auto stat = agentd::parse_stat(input);
  if (!stat) return;
  const auto naive = stat_by_hand(std::string(input));
  promise(naive && same(*stat, *naive), "the fields are counted from the last parenthesis");
}

}  // namespace fuzz
