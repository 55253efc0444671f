// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/record.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "api/codec/json.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

using api::Json;

constexpr std::size_t kRecordBytes = 4 << 20;  // 128 arguments of 4 KiB and an environment

base::Status write(const std::string& folder, std::string_view name, const Json& value) {
  return base::write_file(folder + "/" + std::string(name), api::write_json(value) + "\n", 0600);
}

/// The process may live: who ends it by hand can do without its record.
base::Error damaged(const std::string& folder, const std::string& path, std::string_view what) {
  return base::invalid("read " + base::quoted(path) + ": " + std::string(what) +
                       "; put a good copy back, or end the process by hand and remove the folder " +
                       base::quoted(folder));
}

base::Result<Json> read(const std::string& folder, std::string_view name) {
  const std::string path = folder + "/" + std::string(name);
  const auto text = base::read_file(path, kRecordBytes);
  if (!text) return text.error();
  auto value = api::parse_json(*text);
  if (!value) return damaged(folder, path, value.error().message);
  if (!value->is_object()) return damaged(folder, path, "no object");
  return value;
}

base::Error broken(const std::string& folder, std::string_view name) {
  return damaged(folder, folder + "/" + std::string(name), "it is not what was written");
}

Json texts(const std::map<std::string, std::string>& map) {
  Json out = Json::object();
  for (const auto& [key, value] : map)
    out.set(key, value);
  return out;
}

Json identity_json(const Identity& identity) {
  return Json::object({{"pid", identity.pid}, {"startTicks", identity.start_ticks}});
}

/// Reads members that this program writes. One that is absent has its initial value; one that is
/// something else spoils the record, because half of what was written is no record at all.
class Members {
 public:
  explicit Members(const Json* value) : value_(value) {
    if (value != nullptr && !value->is_object()) whole_ = false;
  }

  std::string text(std::string_view key) {
    const Json* member = find(key);
    return member != nullptr && keep(member->is_string()) ? member->string() : std::string();
  }
  std::int64_t integer(std::string_view key) {
    const Json* member = find(key);
    return member != nullptr && keep(member->is_integer()) ? member->integer() : 0;
  }
  std::optional<int> status(std::string_view key) {
    if (find(key) == nullptr) return std::nullopt;
    const auto value = integer(key);
    keep(value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max());
    return static_cast<int>(value);
  }
  std::vector<std::string> words(std::string_view key) {
    std::vector<std::string> out;
    const Json* member = find(key);
    if (member == nullptr || !keep(member->is_array())) return out;
    for (const auto& word : member->items())
      if (keep(word.is_string())) out.push_back(word.string());
    return out;
  }
  std::map<std::string, std::string> texts(std::string_view key) { return texts_of(find(key)); }
  std::map<std::string, std::string> all_texts() { return texts_of(value_); }
  Identity identity() { return {integer("pid"), integer("startTicks")}; }
  Identity identity(std::string_view key) {
    Members inner(find(key));
    const Identity out = inner.identity();
    keep(inner.whole());
    return out;
  }
  bool whole() const { return whole_; }

 private:
  const Json* find(std::string_view key) const {
    return value_ == nullptr ? nullptr : value_->find(key);
  }
  bool keep(bool fits) {
    whole_ = whole_ && fits;
    return fits;
  }
  std::map<std::string, std::string> texts_of(const Json* value) {
    std::map<std::string, std::string> out;
    if (value == nullptr || !keep(value->is_object())) return out;
    for (const auto& [key, member] : value->members())
      if (keep(member.is_string())) out.emplace(key, member.string());
    return out;
  }

  const Json* value_;
  bool whole_ = true;
};

}  // namespace

base::Status write_intent(const std::string& folder, const Intent& intent) {
  const Launch& launch = intent.launch;
  Json command = Json::array();
  for (const auto& word : launch.command)
    command.push(word);
  return write(folder, "launch.json",
               Json::object({{"id", launch.id},
                             {"command", command},
                             {"env", texts(launch.env)},
                             {"secrets", texts(launch.secrets)},
                             {"workdir", launch.workdir},
                             {"output", launch.output},
                             {"errors", launch.errors},
                             {"labels", texts(launch.labels)},
                             {"cookie", intent.cookie},
                             {"at", intent.at.ms}}));
}

base::Result<Intent> read_intent(const std::string& folder) {
  const auto value = read(folder, "launch.json");
  if (!value) return value.error();
  Members members(&*value);
  Intent intent;
  Launch& launch = intent.launch;
  launch.id = members.text("id");
  launch.command = members.words("command");
  launch.env = members.texts("env");
  launch.secrets = members.texts("secrets");
  launch.workdir = members.text("workdir");
  launch.output = members.text("output");
  launch.errors = members.text("errors");
  launch.labels = members.texts("labels");
  intent.cookie = members.text("cookie");
  intent.at.ms = members.integer("at");
  if (!members.whole() || launch.command.empty() || intent.cookie.empty())
    return broken(folder, "launch.json");
  return intent;
}

base::Status write_started(const std::string& folder, const Started& started) {
  Json value = identity_json(started.child);
  value.set("shim", identity_json(started.shim));
  value.set("bootId", started.boot_id);
  value.set("cookie", started.cookie);
  value.set("at", started.at.ms);
  return write(folder, "child.json", value);
}

base::Result<Started> read_started(const std::string& folder) {
  const auto value = read(folder, "child.json");
  if (!value) return value.error();
  Members members(&*value);
  Started started{members.identity(), members.identity("shim"), members.text("bootId"),
                  members.text("cookie"), base::Instant{members.integer("at")}};
  if (!members.whole() || started.child.pid <= 0 || started.child.start_ticks <= 0 ||
      started.boot_id.empty() || started.cookie.empty()) {
    return broken(folder, "child.json");
  }
  return started;
}

base::Status write_ended(const std::string& folder, const Ended& ended) {
  Json value = Json::object({{"at", ended.at.ms}});
  if (ended.code) value.set("code", *ended.code);
  if (ended.signal) value.set("signal", *ended.signal);
  if (!ended.failure.empty()) value.set("failure", ended.failure);
  return write(folder, "exit.json", value);
}

base::Result<Ended> read_ended(const std::string& folder) {
  const auto value = read(folder, "exit.json");
  if (!value) return value.error();
  Members members(&*value);
  Ended ended{members.status("code"), members.status("signal"), members.text("failure"),
              base::Instant{members.integer("at")}};
  const int told = (ended.code ? 1 : 0) + (ended.signal ? 1 : 0) + (ended.failure.empty() ? 0 : 1);
  if (!members.whole() || told != 1) return broken(folder, "exit.json");
  return ended;
}

base::Status write_notes(const std::string& folder, const ChildNotes& notes) {
  return write(folder, "notes.json", texts(notes));
}

base::Result<ChildNotes> read_notes(const std::string& folder) {
  const auto value = read(folder, "notes.json");
  if (!value && value.error().code == base::Code::not_found) return ChildNotes{};
  if (!value) return value.error();
  Members members(&*value);
  auto notes = members.all_texts();
  if (!members.whole()) return broken(folder, "notes.json");
  return notes;
}

bool is_record_id(const std::string& id) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= 200 && id.front() != '.' &&
         std::all_of(id.begin(), id.end(), fits);
}

}  // namespace agentd
