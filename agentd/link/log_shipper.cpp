// SPDX-License-Identifier: Apache-2.0
#include "agentd/link/log_shipper.hpp"

#include "api/codec/json.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace agentd {
namespace {

constexpr std::size_t kPiece = 256 * 1024;
constexpr base::Duration kRetry{5'000};
constexpr base::Duration kLook{1'000};
constexpr base::Duration kForget{30'000};
constexpr std::int64_t kPunchEvery = 4 * 1024 * 1024;

void punch(const std::string& file, std::int64_t from, std::int64_t to) {
#ifdef FALLOC_FL_PUNCH_HOLE
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  // Where the file system cannot, the file just stays as large as it is.
  (void)::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
  ::close(fd);
#else
  (void)file, (void)from, (void)to;
#endif
}

}  // namespace

void LogShipper::follow(const Source& source, base::Instant now) {
  auto& s = streams_[source.stream + " " + source.uid];
  s.source = source;
  s.followed = now;
}

void LogShipper::pump(base::Instant now) {
  if (call_) return;
  // What nobody works on any more has had its time to be shipped to the end.
  std::erase_if(streams_, [&](const auto& e) { return now - e.second.followed > kForget; });
  if (streams_.empty()) return;
  auto it = streams_.upper_bound(last_);
  for (std::size_t i = 0; i < streams_.size(); ++i, ++it) {
    if (it == streams_.end()) it = streams_.begin();
    auto& [name, s] = *it;
    if (now < s.next) continue;
    const auto facts = base::facts_of(s.source.file);
    const std::int64_t size = facts ? facts->size : 0;
    if (s.durable >= 0 && size <= s.durable) {
      s.next = now + kLook;
      continue;
    }
    const std::int64_t from = s.durable < 0 ? 0 : s.durable;
    auto bytes = s.durable < 0 ? base::Result<std::string>(std::string())
                               : base::read_range(s.source.file, from, kPiece);
    if (!bytes) {
      s.next = now + kRetry;
      continue;
    }
    last_ = name;
    wire::Request put;
    put.method = "PUT";
    put.target = "/agent/v1/machines/" + machine_ + "/logs/" +
                 base::percent_encoded(s.source.stream) + "?offset=" + std::to_string(from) +
                 "&floor=" + std::to_string(s.punched) +
                 "&uid=" + base::percent_encoded(s.source.uid);
    put.headers = {{"Content-Type", "application/octet-stream"}};
    put.body = std::move(*bytes);
    const auto sent = static_cast<std::int64_t>(put.body.size());
    call_ = client_.send(std::move(put), {}, [this, name, sent, now](auto r) {
      call_ = {};
      answered(name, sent, r, now);
    });
    return;
  }
}

void LogShipper::answered(const std::string& name, std::int64_t sent,
                          const base::Result<wire::Response>& r, base::Instant now) {
  const auto found = streams_.find(name);
  if (found == streams_.end()) return;
  auto& s = found->second;
  const auto body = r && r->status == 200 ? api::parse_json(r->body) : base::unavailable("refused");
  if (!body || !body->is_object()) {
    s.next = now + kRetry;
    return;
  }
  s.durable = body->integer_at("offset");
  if (sent == 0) return;
  if (s.source.keep == Keep::holes && s.durable - s.punched >= kPunchEvery) {
    const auto to = s.durable / 4096 * 4096;
    punch(s.source.file, s.punched, to);
    s.punched = to;
  }
}

}  // namespace agentd
