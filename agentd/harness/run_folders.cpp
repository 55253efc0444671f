// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/run_folders.hpp"

#include <cstdio>

#include "agentd/harness/attempts.hpp"
#include "agentd/harness/samples_file.hpp"
#include "agentd/harness/walk.hpp"
#include "api/codec/json.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/hooks.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

namespace agentd {
namespace {

using api::Json;

std::string record_path(const std::string& folder) {
  return folder + "/.orch/record.json";
}
std::string samples_path(const std::string& folder) {
  return folder + "/samples.jsonl";
}

Json record_json(const RunRecord& record) {
  // An inode may use all 64 bits; as text it survives every reader.
  Json value = Json::object({{"schema", 1},
                             {"attempt", record.attempt},
                             {"nextStep", record.next_step},
                             {"ended", record.ended},
                             {"reason", record.reason},
                             {"message", base::clean_utf8(record.message)},
                             {"samplesBytes", record.samples_bytes},
                             {"samplesInode", std::to_string(record.samples_inode)}});
  if (record.exit_code) value.set("exitCode", *record.exit_code);
  if (record.tasks.empty()) return value;
  Json tasks = Json::array();
  for (const auto& task : record.tasks)
    tasks.push(task);
  value.set("tasks", std::move(tasks));
  return value;
}

base::Result<RunRecord> parse_record(const std::string& path, const std::string& text) {
  const auto value = api::parse_json(text);
  const std::string doing = "read " + base::quoted(path) + ": ";
  constexpr std::string_view kWayOut =
      "; put a good copy back, or cancel the run and enqueue it anew";
  if (!value) return base::invalid(doing + value.error().message + std::string(kWayOut));
  if (value->integer_at("schema") != 1)
    return base::invalid(doing + "its schema is not known" + std::string(kWayOut));
  RunRecord record;
  record.attempt = value->integer_at("attempt");
  record.next_step = value->integer_at("nextStep");
  if (const Json* ended = value->find("ended"); ended != nullptr && ended->is_boolean()) {
    record.ended = ended->boolean();
  }
  if (const Json* code = value->find("exitCode"); code != nullptr && code->is_integer()) {
    record.exit_code = code->integer();
  }
  record.reason = value->text_at("reason");
  record.message = value->text_at("message");
  record.samples_bytes = value->integer_at("samplesBytes");
  unsigned long long inode = 0;
  const std::string digits = value->text_at("samplesInode");
  if (std::sscanf(digits.c_str(), "%llu", &inode) == 1) record.samples_inode = inode;
  if (const Json* tasks = value->find("tasks"); tasks != nullptr && tasks->is_array()) {
    for (const auto& task : tasks->items())
      if (task.is_string()) record.tasks.push_back(task.string());
  }
  return record;
}

std::int64_t last_revision(const std::string& path) {
  const auto text = base::read_file(path);
  if (!text) return 0;
  const auto value = api::parse_json(*text);
  return value ? value->integer_at("revision") : 0;
}

/// Files of the system itself do not count as the harness's.
bool is_harness_file(const std::string& path) {
  for (const char* name :
       {"samples.jsonl", "progress.json", "log", "attempts", ".orch", ".parser", "live_turns"}) {
    const std::string own = name;
    if (path == own || path.starts_with(own + "/")) return false;
  }
  return !path.starts_with(".progress.json.") && !path.starts_with(".samples.jsonl.");
}

}  // namespace

void FileRunFolders::stand(Standings& standings, const api::Sample& sample) {
  const auto found = standings.find(sample.task);
  const bool open = found == standings.end() || found->second == Standing::errored;
  if (!open) return;
  const auto standing = sample.outcome == api::Outcome::pass   ? Standing::passed
                        : sample.outcome == api::Outcome::fail ? Standing::failed
                                                               : Standing::errored;
  standings.insert_or_assign(sample.task, standing);
}

RunCounts FileRunFolders::counts_of(const Standings& standings) {
  RunCounts counts;
  for (const auto& [task, standing] : standings) {
    if (standing == Standing::passed) ++counts.passed;
    if (standing == Standing::failed) ++counts.failed;
    if (standing == Standing::errored) ++counts.errored;
  }
  return counts;
}

RunCounts count_tasks(const std::vector<api::Sample>& samples) {
  FileRunFolders::Standings standings;
  for (const auto& sample : samples)
    FileRunFolders::stand(standings, sample);
  return FileRunFolders::counts_of(standings);
}

base::Result<RunRecord> FileRunFolders::open(const std::string& folder) {
  for (const auto& path : {folder, folder + "/.orch", folder + "/out", folder + "/attempts"}) {
    if (auto made = base::make_folder(path, 0700); !made) {
      return std::move(made).error().within("open the run directory");
    }
  }
  const auto text = base::read_file(record_path(folder));
  if (!text && text.error().code == base::Code::not_found) return RunRecord{};
  if (!text) return text.error();
  return parse_record(record_path(folder), *text);
}

base::Status FileRunFolders::save(const std::string& folder, const RunRecord& record) {
  const auto text = api::write_json(record_json(record)) + "\n";
  ORCH_FAILPOINT("run.record.before");
  if (auto written = base::write_file(record_path(folder), text, 0600); !written) return written;
  ORCH_FAILPOINT("run.record.after");
  auto found = standings_.find(folder);
  if (found == standings_.end()) {
    // A file that cannot be read is the business of `samples`; the record is saved all the same.
    if (!samples(folder, record)) return base::ok();
    found = standings_.find(folder);
  }
  return write_progress(folder, record, counts_of(found->second));
}

base::Result<std::vector<api::Sample>> FileRunFolders::samples(const std::string& folder,
                                                               const RunRecord& record) {
  auto samples = read_samples(samples_path(folder), record);
  if (!samples) return std::move(samples).error().within("read the run's samples");
  Standings standings;
  for (const auto& sample : *samples)
    stand(standings, sample);
  standings_.insert_or_assign(folder, std::move(standings));
  return samples;
}

base::Status FileRunFolders::append(const std::string& folder,
                                    const std::vector<api::Sample>& fresh, RunRecord& record) {
  if (!standings_.contains(folder)) {
    if (auto read = samples(folder, record); !read) return std::move(read).error();
  }
  ORCH_FAILPOINT("run.samples.before");
  auto appended = append_samples(samples_path(folder), fresh, record);
  ORCH_FAILPOINT("run.samples.after");
  if (!appended) return std::move(appended).error().within("keep the run's samples");
  for (const auto& sample : fresh)
    stand(standings_[folder], sample);
  return base::ok();
}

base::Status FileRunFolders::prepare(const std::string& folder, const api::RunWanted& wanted,
                                     const std::vector<std::string>& scored) {
  std::string list;
  for (const auto& task : scored) {
    if (is_task_id(task)) list += task + "\n";
  }
  if (wanted.attempt > 1) {
    if (auto kept = keep_attempt(folder, wanted.attempt - 1); !kept) return kept;
  }
  ORCH_FAILPOINT("run.attempt.kept");
  if (auto fit = make_resumable(folder, wanted.parser); !fit) return fit;
  ORCH_FAILPOINT("run.attempt.ready");
  return base::write_file(folder + "/.orch/scored.txt", list, 0600);
}

base::Result<std::string> FileRunFolders::stamp(const std::string& folder) {
  const auto entries = walk(folder);
  if (!entries) return entries.error();
  std::string text;
  for (const auto& entry : *entries) {
    if (entry.what != TreeEntry::What::file || !is_harness_file(entry.path)) continue;
    text += entry.path + ' ' + std::to_string(entry.size) + ' ' + std::to_string(entry.inode) +
            ' ' + std::to_string(entry.modified_ns) + '\n';
  }
  return std::to_string(base::hash64(text));
}

base::Status FileRunFolders::write_progress(const std::string& folder, const RunRecord& record,
                                            const RunCounts& counts) {
  const std::string path = folder + "/progress.json";
  Json value = Json::object({{"schema", 1},
                             {"attempt", record.attempt},
                             {"step", record.next_step},
                             {"ended", record.ended},
                             {"done", counts.passed + counts.failed},
                             {"passed", counts.passed},
                             {"failed", counts.failed},
                             {"errored", counts.errored}});
  if (record.exit_code) value.set("exitCode", *record.exit_code);
  if (!record.reason.empty()) value.set("reason", record.reason);
  if (!record.message.empty()) value.set("message", base::clean_utf8(record.message));
  const std::string text = api::write_json(value);
  std::string& last = progress_texts_[folder];
  if (text == last) return base::ok();
  value.set("revision", last_revision(path) + 1);
  value.set("at", base::rfc3339(base::wall_now()));
  auto written = base::write_file(path, api::write_json(value) + "\n", 0644);
  if (written) last = text;
  return written;
}

}  // namespace agentd
