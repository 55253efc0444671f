// SPDX-License-Identifier: Apache-2.0
#include "controller/server/logs.hpp"

#include "base/text.hpp"
#include "controller/server/log_files.hpp"

#include <algorithm>

namespace controller {
namespace {

using api::Json;

constexpr std::size_t kPartBytes = 64 * 1024;
// An attempt's last lines may still be on their way when its end is known.
constexpr base::Duration kLastLines{3'000};

/// A whole number from the query; nothing when absent, a refusal when it is none.
std::variant<std::optional<std::int64_t>, Rejection> number_in(const Call& call,
                                                               std::string_view key) {
  const auto text = call.parameter(key);
  if (text.empty()) return std::optional<std::int64_t>{};
  const auto number = base::to_integer(text);
  if (!number || *number < 0)
    return bad_request(std::string(key) + " " + base::quoted(text) + ": expected a whole number");
  return number;
}

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

Rejection not_yours(const std::string& stream, const std::string& machine) {
  return forbidden("log " + base::quoted(stream) + " is not of machine " + base::quoted(machine));
}

bool is_uid(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
  });
}

}  // namespace

struct Logs::Reader {
  CallPtr call;
  Source source;
  std::int64_t at = 0;
  enum class Follow : std::uint8_t { no, yes } follow = Follow::no;
  enum class Flow : std::uint8_t { open, full } flow = Flow::open;
  enum class End : std::uint8_t { open, near, due } ending = End::open;
  wire::Loop::Timer last_lines;
};

/// Whose stream it is, and whether this machine may write it.
std::variant<Logs::Source, Rejection> Logs::source_of(const Call& call) const {
  const auto stream = call.word("stream");
  const auto machine = call.word("machine");
  const auto& world = rounds_.durable().world;
  const auto dot = stream.find('.');
  const auto name = dot == std::string::npos ? "" : stream.substr(dot + 1);
  std::string uid;
  if (stream.starts_with("deployment.")) {
    const auto* d = world.deployments.find(name);
    if (d == nullptr) return not_found(*api::find_kind("ModelDeployment"), name);
    const auto* claim = world.claims.find(machine);
    const bool holds = claim != nullptr && claim->spec.deployment == name;
    if (!holds && !has(d->status.machines, machine)) return not_yours(stream, machine);
    uid = d->metadata.uid;
  } else if (stream.starts_with("run.")) {
    const auto* run = world.runs.find(name);
    if (run == nullptr) return not_found(*api::find_kind("BenchRun"), name);
    if (run->status.machine != machine) return not_yours(stream, machine);
    uid = run->metadata.uid;
  } else {
    return bad_request("log stream " + base::quoted(stream) +
                       ": expected deployment.NAME or run.NAME");
  }
  const auto said = call.parameter("uid");
  if (!said.empty() && said != uid) {
    if (!is_uid(said)) return bad_request("uid " + base::quoted(said) + " is none");
    return Rejection{404, "NotFound", "log " + base::quoted(stream) + " has another life now", {}};
  }
  return Source{stream, uid};
}

void Logs::take(const CallPtr& call) {
  const auto offset = number_in(*call, "offset");
  if (const auto* wrong = std::get_if<Rejection>(&offset)) return call->refuse(*wrong);
  if (!std::get<0>(offset)) return call->refuse(bad_request("the query has no offset"));
  const auto floor = number_in(*call, "floor");
  if (const auto* wrong = std::get_if<Rejection>(&floor)) return call->refuse(*wrong);
  const auto source = source_of(*call);
  if (const auto* wrong = std::get_if<Rejection>(&source)) return call->refuse(*wrong);
  const auto& from = std::get<Source>(source);
  rounds_.store().run([this, call, folder = folder_of(from), stream = from.key(),
                       at = *std::get<0>(offset),
                       lowest = std::get<0>(floor).value_or(0)](Store&) -> StoreThread::After {
    auto end = LogFiles(folder).append(at, call->request.body, lowest);
    return [this, call, stream, end = std::move(end)] {
      if (!end)
        return call->refuse(unavailable(507, "InsufficientStorage",
                                        "the log can't be kept now: " + end.error().message));
      call->answer(200, Json::object({{"offset", *end}}));
      grew(stream);
    };
  });
}

void Logs::show(const CallPtr& call) {
  const auto name = call->word("name");
  const bool of_run = call->found.route->pattern.find("/benchruns/") != std::string_view::npos;
  const auto& kind = *api::find_kind(of_run ? "BenchRun" : "ModelDeployment");
  const auto* record = rounds_.durable().find(kind.name, name);
  if (record == nullptr) return call->refuse(not_found(kind, name));
  const auto tail = number_in(*call, "tailLines");
  if (const auto* wrong = std::get_if<Rejection>(&tail)) return call->refuse(*wrong);

  auto reader = std::make_shared<Reader>();
  reader->call = call;
  reader->source = {(of_run ? "run." : "deployment.") + name, record->uid};
  if (call->request.flag("follow")) reader->follow = Reader::Follow::yes;
  if (const auto lines = std::get<0>(tail)) {
    const auto at = LogFiles(folder_of(reader->source)).tail(*lines);
    if (!at) return call->refuse(Rejection{500, "InternalError", at.error().message, {}});
    reader->at = *at;
  }
  const auto key = ++last_key_;
  readers_[key] = reader;
  call->exchange->on_closed = [this, key] { readers_.erase(key); };
  call->exchange->on_writable = [this, key] {
    const auto it = readers_.find(key);
    if (it == readers_.end()) return;
    it->second->flow = Reader::Flow::open;
    pour(key);
  };
  call->head("text/plain; charset=utf-8");
  pour(key);
}

bool Logs::has_ended(const Reader& reader) const {
  const auto& world = rounds_.durable().world;
  const auto name = reader.call->word("name");
  if (reader.source.stream.starts_with("run.")) {
    const auto* run = world.runs.find(name);
    return run == nullptr || run->metadata.uid != reader.source.uid ||
           api::is_finished(run->status.phase);
  }
  const auto* d = world.deployments.find(name);
  return d == nullptr || d->metadata.uid != reader.source.uid;
}

void Logs::pour(Key key) {
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const auto reader = it->second;
  const LogFiles files(folder_of(reader->source));
  while (reader->flow == Reader::Flow::open) {
    auto part = files.read(reader->at, kPartBytes);
    if (!part) {
      readers_.erase(key);
      return reader->call->exchange->abort();  // the reader must see that this is not the end
    }
    if (part->bytes.empty()) break;
    reader->at = part->at + static_cast<std::int64_t>(part->bytes.size());
    if (!reader->call->exchange->write(std::move(part->bytes))) reader->flow = Reader::Flow::full;
  }
  if (reader->flow == Reader::Flow::full) return;
  if (reader->follow == Reader::Follow::no || reader->ending == Reader::End::due) return end(key);
  if (reader->ending == Reader::End::near || !has_ended(*reader)) return;
  reader->ending = Reader::End::near;
  reader->last_lines = loop_.after(kLastLines, [this, key] {
    const auto still = readers_.find(key);
    if (still == readers_.end()) return;
    still->second->ending = Reader::End::due;
    pour(key);
  });
}

void Logs::grew(const std::string& stream) {
  const auto readers = readers_;
  for (const auto& [key, reader] : readers)
    if (reader->source.key() == stream && reader->flow == Reader::Flow::open) pour(key);
}

void Logs::moved() {
  const auto readers = readers_;
  for (const auto& [key, reader] : readers)
    if (reader->flow == Reader::Flow::open && reader->ending == Reader::End::open &&
        has_ended(*reader))
      pour(key);
}

void Logs::end(Key key) {
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const auto reader = it->second;
  readers_.erase(it);
  reader->call->exchange->finish();
}

void Logs::close_all() {
  while (!readers_.empty())
    end(readers_.begin()->first);
}

}  // namespace controller
