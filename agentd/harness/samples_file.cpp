// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/samples_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>

#include "agentd/harness/python_json.hpp"
#include "agentd/harness/walk.hpp"
#include "api/codec/check.hpp"
#include "api/codec/json.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

/// What the record knows must still be there: the file is the memory of what was scored.
base::Status check_grown(const std::string& path, const struct stat& s, const RunRecord& record) {
  const std::string it = base::quoted(path);
  if (!S_ISREG(s.st_mode)) return base::conflict(it + " is no regular file");
  if (record.samples_inode == 0) return base::ok();
  if (s.st_ino != record.samples_inode) return base::conflict(it + " was replaced by another file");
  if (s.st_size < record.samples_bytes) {
    return base::conflict(it + " shrank from " + std::to_string(record.samples_bytes) + " to " +
                          std::to_string(s.st_size) + " bytes");
  }
  return base::ok();
}

/// A file that closes itself; a link, a pipe or a device in its place is refused and never waited
/// for.
class SamplesFile {
 public:
  explicit SamplesFile(int fd) : fd_(fd) {}
  SamplesFile(SamplesFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SamplesFile(const SamplesFile&) = delete;
  SamplesFile& operator=(const SamplesFile&) = delete;
  SamplesFile& operator=(SamplesFile&&) = delete;
  ~SamplesFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

  static base::Result<SamplesFile> open(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd >= 0) return SamplesFile(fd);
    if (errno == ELOOP || errno == ENXIO) {
      return base::conflict(base::quoted(path) + " is no regular file");
    }
    return file_error("open", path, errno);
  }

 private:
  int fd_;
};

std::string line_of(const api::Sample& sample) {
  api::Sample clean = sample;
  for (auto* text : {&clean.message, &clean.category, &clean.failure})
    *text = base::clipped(base::clean_utf8(*text), base::limits::kMessageBytes);
  return api::write_json(api::to_json(clean)) + "\n";
}

/// 0 or an errno. A torn write is left as it is: the file never shrinks, and the next append ends
/// the line.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

base::Result<std::string> text_to_append(const std::vector<api::Sample>& fresh) {
  std::string text;
  for (const auto& sample : fresh) {
    if (!is_task_id(sample.task)) {
      return base::invalid("task id " + base::quoted(base::clipped(sample.task, 80)) +
                           ": it must have 1 to " + std::to_string(base::limits::kTaskIdBytes) +
                           " bytes without control characters");
    }
    text += line_of(sample);
  }
  return text;
}

/// Whether the last byte is a newline; an empty file has nothing to end.
base::Result<bool> is_whole(const std::string& path, std::int64_t size) {
  if (size == 0) return true;
  const auto last = base::read_range(path, size - 1, 1);
  if (!last) return last.error();
  return *last == "\n";
}

void look(const struct stat& s, RunRecord& record) {
  record.samples_bytes = s.st_size;
  record.samples_inode = s.st_ino;
}

base::Status sync_folder_of(const std::string& path) {
  const auto folder = path.substr(0, path.rfind('/'));
  const SamplesFile fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return file_error("sync", folder, errno);
  return base::ok();
}

}  // namespace

bool is_task_id(std::string_view task) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  };
  return !task.empty() && task.size() <= base::limits::kTaskIdBytes && base::is_utf8(task) &&
         std::none_of(task.begin(), task.end(), is_control);
}

base::Result<api::Sample> parse_sample(std::string_view line) {
  auto value = parse_python_json(line);
  if (!value || !value->is_object()) return base::not_found("the line is no JSON object");
  // A model may have written the message: however long it is, the outcome beside it counts.
  if (const auto* said = value->find("message"); said != nullptr && said->is_string())
    value->set("message",
               base::clipped(base::clean_utf8(said->string()), base::limits::kMessageBytes));
  const auto findings = api::check(*value, api::type_of<api::Sample>(), "", api::Unknown::ignore);
  if (!findings.empty()) return base::invalid(api::text_of(findings));
  auto sample = api::from_json<api::Sample>(*value);
  if (!is_task_id(sample.task)) {
    return base::invalid("task id " + base::quoted(base::clipped(sample.task, 80)) +
                         " is too long or holds control characters");
  }
  // A parser that only tells pass from fail means the whole score.
  const bool told = value->find("score") != nullptr;
  if (!told && sample.outcome == api::Outcome::pass) sample.score = 1;
  return sample;
}

base::Result<std::vector<api::Sample>> read_samples(const std::string& path,
                                                    const RunRecord& record) {
  std::vector<api::Sample> samples;
  const auto file = SamplesFile::open(path, O_RDONLY);
  if (!file && file.error().code == base::Code::not_found) {
    if (record.samples_bytes == 0) return samples;
    return base::conflict(base::quoted(path) + " is gone");
  }
  if (!file) return file.error();
  struct stat s {};
  if (::fstat(file->get(), &s) != 0) return file_error("look at", path, errno);
  if (auto grown = check_grown(path, s, record); !grown) return std::move(grown).error();
  const auto text = base::read_file(path, base::limits::kResultFileBytes);
  if (!text) return text.error();
  for (std::size_t at = 0; at < text->size();) {
    const auto end = text->find('\n', at);
    if (end == std::string::npos) break;  // torn, or still being written
    auto sample = parse_sample(std::string_view(*text).substr(at, end - at));
    if (sample) samples.push_back(*std::move(sample));
    at = end + 1;
  }
  return samples;
}

base::Status append_samples(const std::string& path, const std::vector<api::Sample>& fresh,
                            RunRecord& record) {
  auto text = text_to_append(fresh);
  if (!text) return std::move(text).error();
  const auto before = base::facts_of(path);
  const bool made = !before && before.error().code == base::Code::not_found;
  if (made && record.samples_bytes > 0) return base::conflict(base::quoted(path) + " is gone");
  const auto file = SamplesFile::open(path, O_WRONLY | O_APPEND | O_CREAT);
  if (!file) return file.error();
  struct stat s {};
  if (::fstat(file->get(), &s) != 0) return file_error("look at", path, errno);
  if (auto grown = check_grown(path, s, record); !grown) return grown;

  const auto whole = is_whole(path, s.st_size);
  if (!whole) return whole.error();
  const std::string bytes = *whole ? *text : "\n" + *text;
  const int number = text->empty() ? 0 : write_all(file->get(), bytes);
  if (::fstat(file->get(), &s) != 0) return file_error("look at", path, errno);
  look(s, record);
  if (number != 0) return file_error("append to", path, number);
  return made ? sync_folder_of(path) : base::ok();
}

}  // namespace agentd
