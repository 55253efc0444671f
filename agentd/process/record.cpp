// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/record.hpp"

#include <algorithm>
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

base::Result<Json> read(const std::string& folder, std::string_view name) {
  const std::string path = folder + "/" + std::string(name);
  const auto text = base::read_file(path, kRecordBytes);
  if (!text) return text.error();
  auto value = api::parse_json(*text);
  if (!value) return base::invalid("read " + base::quoted(path) + ": " + value.error().message);
  if (!value->is_object()) return base::invalid("read " + base::quoted(path) + ": no object");
  return value;
}

base::Error broken(const std::string& folder, std::string_view name) {
  return base::invalid("read " + base::quoted(folder + "/" + std::string(name)) +
                       ": it is not what was written");
}

Json texts(const std::map<std::string, std::string>& map) {
  Json out = Json::object();
  for (const auto& [key, value] : map)
    out.set(key, value);
  return out;
}

std::map<std::string, std::string> texts_of(const Json* value) {
  std::map<std::string, std::string> out;
  if (value == nullptr || !value->is_object()) return out;
  for (const auto& [key, member] : value->members()) {
    if (member.is_string()) out.emplace(key, member.string());
  }
  return out;
}

Json identity_json(const Identity& identity) {
  return Json::object({{"pid", identity.pid}, {"startTicks", identity.start_ticks}});
}

Identity identity_of(const Json* value) {
  if (value == nullptr) return {};
  return {value->integer_at("pid"), value->integer_at("startTicks")};
}

std::optional<int> int_at(const Json& value, std::string_view key) {
  const Json* member = value.find(key);
  if (member == nullptr || !member->is_integer()) return std::nullopt;
  return static_cast<int>(member->integer());
}

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
  Intent intent;
  Launch& launch = intent.launch;
  launch.id = value->text_at("id");
  if (const Json* command = value->find("command"); command != nullptr && command->is_array()) {
    for (const auto& word : command->items()) {
      if (word.is_string()) launch.command.push_back(word.string());
    }
  }
  launch.env = texts_of(value->find("env"));
  launch.secrets = texts_of(value->find("secrets"));
  launch.workdir = value->text_at("workdir");
  launch.output = value->text_at("output");
  launch.errors = value->text_at("errors");
  launch.labels = texts_of(value->find("labels"));
  intent.cookie = value->text_at("cookie");
  intent.at.ms = value->integer_at("at");
  if (launch.command.empty() || intent.cookie.empty()) return broken(folder, "launch.json");
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
  Started started{identity_of(&*value), identity_of(value->find("shim")), value->text_at("bootId"),
                  value->text_at("cookie"), base::Instant{value->integer_at("at")}};
  if (started.child.pid <= 0 || started.child.start_ticks <= 0 || started.boot_id.empty() ||
      started.cookie.empty()) {
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
  Ended ended{int_at(*value, "code"), int_at(*value, "signal"), value->text_at("failure"),
              base::Instant{value->integer_at("at")}};
  if (!ended.code && !ended.signal && ended.failure.empty()) return broken(folder, "exit.json");
  return ended;
}

base::Status write_notes(const std::string& folder, const ChildNotes& notes) {
  return write(folder, "notes.json", texts(notes));
}

base::Result<ChildNotes> read_notes(const std::string& folder) {
  const auto value = read(folder, "notes.json");
  if (!value && value.error().code == base::Code::not_found) return ChildNotes{};
  if (!value) return value.error();
  return texts_of(&*value);
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
