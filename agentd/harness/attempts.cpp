// SPDX-License-Identifier: Apache-2.0
#include "agentd/harness/attempts.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "agentd/harness/bfcl.hpp"
#include "agentd/harness/walk.hpp"
#include "base/file.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"
#include "wire/pki.hpp"

namespace agentd {
namespace {

constexpr std::size_t kHashedBytes = 256UL << 20;  // a larger file is named without a sum

base::Result<std::string> sums_of(const std::string& copy, const std::string& name) {
  const auto entries = walk(copy);
  if (!entries) return entries.error();
  std::string sums;
  for (const auto& entry : *entries) {
    if (entry.what != TreeEntry::What::file) continue;
    if (entry.size > static_cast<std::int64_t>(kHashedBytes)) {
      sums += "# too large to be hashed: " + base::clean_utf8(name + "/" + entry.path) + "\n";
      continue;
    }
    const auto bytes = base::read_file(copy + "/" + entry.path, kHashedBytes);
    if (!bytes) return bytes.error();
    sums += wire::sha256_hex(*bytes) + "  " + name + "/" + entry.path + "\n";
  }
  return sums;
}

/// The new name must be on disk before `out/` is touched.
bool sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

/// A harness that resumes appends: a torn last line would swallow its first new one.
base::Status end_last_line(const std::string& path) {
  const auto facts = base::facts_of(path);
  if (!facts && facts.error().code == base::Code::not_found) return base::ok();
  if (!facts) return facts.error();
  if (facts->link || facts->folder) {
    return base::invalid(base::quoted(path) + " is no regular file");
  }
  if (facts->size == 0) return base::ok();
  const auto last = base::read_range(path, facts->size - 1, 1);
  if (!last) return last.error();
  if (*last == "\n") return base::ok();
  return base::append_file(path, "\n", base::Sync::yes);
}

}  // namespace

base::Status keep_attempt(const std::string& folder, std::int64_t attempt) {
  const std::string name = std::to_string(attempt);
  const std::string kept = folder + "/attempts/" + name, part = folder + "/attempts/.part-" + name;
  const auto facts = base::facts_of(kept);
  if (facts) return base::ok();
  if (facts.error().code != base::Code::not_found) return facts.error();

  const std::string doing = "keep what attempt " + name + " left";
  if (auto removed = remove_tree(part); !removed) return std::move(removed).error().within(doing);
  if (auto copied = copy_tree(folder + "/out", part); !copied) {
    return std::move(copied).error().within(doing);
  }
  ORCH_FAILPOINT("run.attempt.copied");
  auto sums = sums_of(part, name);
  if (!sums) return std::move(sums).error().within(doing);
  if (auto written = base::write_file(kept + ".sha256", *sums, 0600); !written) {
    return std::move(written).error().within(doing);
  }
  const bool renamed = std::rename(part.c_str(), kept.c_str()) == 0;
  if (!renamed || !sync_folder(folder + "/attempts")) {
    return base::internal(doing + ": " + std::generic_category().message(errno));
  }
  return base::ok();
}

base::Status make_resumable(const std::string& folder, const api::ParserSpec& parser) {
  const std::string out = folder + "/out";
  const auto facts = base::facts_of(out);
  if (!facts) return facts.error();
  if (facts->link || !facts->folder) {
    return base::invalid(base::quoted(out) + " is no folder of its own");
  }
  const auto fit = [&]() -> base::Status {
    if (parser.builtin == "bfcl") return clean_bfcl(out);
    if (parser.builtin == "jsonl") return end_last_line(out + "/samples.jsonl");
    return base::ok();
  }();
  if (!fit) return base::Error(fit.error()).within("make the harness's files fit for a resume");
  return fit;
}

}  // namespace agentd
