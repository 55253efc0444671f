// SPDX-License-Identifier: Apache-2.0
#include "controller/server/logs.hpp"

#include "base/file.hpp"
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

}  // namespace

struct Logs::Reader {
  CallPtr call;
  Source source;
  std::int64_t at = 0;
  enum class Follow : std::uint8_t { no, yes } follow = Follow::no;
  enum class Gaps : std::uint8_t { leap, cut } gaps = Gaps::leap;
  enum class Flow : std::uint8_t { open, full } flow = Flow::open;
  enum class End : std::uint8_t { open, near, due } ending = End::open;
  wire::Loop::Timer last_lines;
};

/// The object's own life, and the machine that works on it now; empty uid: no such object.
Logs::Source Logs::now_at(const std::string& stream) const {
  const auto& world = rounds_.durable().world;
  const auto name = stream.substr(stream.find('.') + 1);
  if (stream.starts_with("run.")) {
    const auto* run = world.runs.find(name);
    return run == nullptr ? Source{} : Source{stream, run->metadata.uid, run->status.machine};
  }
  const auto* d = world.deployments.find(name);
  if (d == nullptr) return {};
  const auto* claim = reconcilers::claim_of(world, *d);
  if (claim != nullptr) return {stream, d->metadata.uid, claim->name()};
  const auto& machines = d->status.machines;
  return {stream, d->metadata.uid, machines.empty() ? "" : machines.front()};
}

/// Whose stream it is, and whether this machine may write it: it works on the object, or did so and
/// ships its last lines.
std::variant<Logs::Source, Rejection> Logs::source_of(const Call& call) const {
  const auto stream = call.word("stream");
  const auto machine = call.word("machine");
  const bool of_run = stream.starts_with("run.");
  if (!of_run && !stream.starts_with("deployment."))
    return bad_request("log stream " + base::quoted(stream) +
                       ": expected deployment.NAME or run.NAME");
  auto source = now_at(stream);
  if (source.uid.empty())
    return not_found(*api::find_kind(of_run ? "BenchRun" : "ModelDeployment"),
                     stream.substr(stream.find('.') + 1));
  const auto said = call.parameter("uid");
  if (!said.empty() && said != source.uid)
    return Rejection{404, "NotFound", "log " + base::quoted(stream) + " has another life now", {}};
  const bool works = source.machine == machine;
  source.machine = machine;
  if (!works && !base::facts_of(folder_of(source)))
    return forbidden("log " + base::quoted(stream) + " is not of machine " + base::quoted(machine));
  return source;
}

bool Logs::has_bytes_of(const Source& source) const {
  return !source.machine.empty() && base::facts_of(folder_of(source));
}

std::string Logs::newest_in(const std::string& folder, const std::string& besides) const {
  std::string newest;
  std::int64_t at = -1;
  const auto names = base::list_folder(folder);
  if (!names) return newest;
  for (const auto& name : *names) {
    const auto facts = base::facts_of(folder + "/" + name);
    if (name == besides || !facts || !facts->folder || facts->modified_ms <= at) continue;
    at = facts->modified_ms;
    newest = name;
  }
  return newest;
}

/// The machine that works on it now, if it has shipped anything; else whichever wrote last.
std::string Logs::machine_to_show(const Source& source) const {
  if (has_bytes_of(source)) return source.machine;
  const auto newest = newest_in(folder_ + "/" + source.life(), "");
  return newest.empty() ? source.machine : newest;
}

/// What the object wrote before: on another machine, or in an earlier life of its name. Empty uid:
/// nothing.
Logs::Source Logs::previous_of(const Source& now) const {
  if (const auto other = newest_in(folder_ + "/" + now.life(), now.machine); !other.empty())
    return {now.stream, now.uid, other};
  const auto life = newest_in(folder_ + "/" + now.stream, now.uid);
  if (life.empty()) return {};
  return {now.stream, life, newest_in(folder_ + "/" + now.stream + "/" + life, "")};
}

std::variant<Logs::Source, Rejection> Logs::source_to_show(const Call& call) const {
  const auto name = call.word("name");
  const bool of_run = call.found.route->pattern.find("/benchruns/") != std::string_view::npos;
  const auto& kind = *api::find_kind(of_run ? "BenchRun" : "ModelDeployment");
  auto source = now_at((of_run ? "run." : "deployment.") + name);
  if (const auto asked = call.parameter("stream"); !asked.empty()) {
    const auto parts = base::split(asked, '/');
    const bool sound = parts.size() == 2 && base::is_dns_label(parts[0]) &&
                       (parts[1].empty() || base::is_dns_label(parts[1]));
    if (!sound)
      return bad_request("stream " + base::quoted(asked) + ": expected an Orch-Log-Stream");
    // A life that is over is still there for a while.
    source = {(of_run ? "run." : "deployment.") + name, parts[0], parts[1]};
    if (parts[0] != now_at(source.stream).uid && !base::facts_of(folder_ + "/" + source.life()))
      return not_found(kind, name);
    if (parts[1].empty()) source.machine = machine_to_show(source);
    return source;
  }
  if (source.uid.empty()) return not_found(kind, name);
  source.machine = machine_to_show(source);
  if (!call.request.flag("previous")) return source;
  auto previous = previous_of(source);
  if (!previous.uid.empty()) return previous;
  return Rejection{404, "NotFound",
                   "there is no earlier log of " + std::string(kind.singular) + " " +
                       base::quoted(name) +
                       ": attempts and restarts on one machine follow each other in one log, which "
                       "is shown without previous",
                   Json::object({{"group", api::kGroup}, {"kind", kind.plural}, {"name", name}})};
}

/// From where on, in bytes of the stream.
std::variant<std::int64_t, Rejection> Logs::place_to_show(const Call& call,
                                                          const Source& source) const {
  const auto tail = number_in(call, "tailLines");
  if (const auto* wrong = std::get_if<Rejection>(&tail)) return *wrong;
  const auto offset = number_in(call, "offset");
  if (const auto* wrong = std::get_if<Rejection>(&offset)) return *wrong;
  const auto unreadable = [](const base::Error& error) {
    return Rejection{500, "InternalError", error.message, {}};
  };
  const LogFiles files(folder_of(source));
  auto at = std::get<0>(offset).value_or(0);
  const auto end = files.end();
  if (!end) return unreadable(end.error());
  if (at > *end)
    return Rejection{410,
                     "Expired",
                     "the log ends at byte " + std::to_string(*end) + ", before offset " +
                         std::to_string(at) + ": ask without offset",
                     {}};
  if (const auto lines = std::get<0>(tail)) {
    const auto from = files.tail(*lines);
    if (!from) return unreadable(from.error());
    at = std::max(at, *from);
  }
  const auto first = files.read(at, 1);
  if (!first) return unreadable(first.error());
  return first->at;
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
  rounds_.store().run([this, call, folder = folder_of(from), from, at = *std::get<0>(offset),
                       lowest = std::get<0>(floor).value_or(0)](Store&) -> StoreThread::After {
    auto end = LogFiles(folder).append(at, call->request.body, lowest);
    return [this, call, from, end = std::move(end)] {
      if (!end)
        return call->refuse(unavailable(507, "InsufficientStorage",
                                        "the log can't be kept now: " + end.error().message));
      call->answer(200, Json::object({{"offset", *end}}));
      grew(from);
    };
  });
}

void Logs::show(const CallPtr& call) {
  const bool follows = call->request.flag("follow");
  if (follows && call->request.flag("previous"))
    return call->refuse(
        bad_request("previous and follow exclude each other: what was before grows "
                    "no more"));
  const auto source = source_to_show(*call);
  if (const auto* wrong = std::get_if<Rejection>(&source)) return call->refuse(*wrong);
  const auto place = place_to_show(*call, std::get<Source>(source));
  if (const auto* wrong = std::get_if<Rejection>(&place)) return call->refuse(*wrong);

  auto reader = std::make_shared<Reader>();
  reader->call = call;
  reader->source = std::get<Source>(source);
  reader->at = std::get<std::int64_t>(place);
  if (follows) reader->follow = Reader::Follow::yes;
  if (!call->parameter("offset").empty()) reader->gaps = Reader::Gaps::cut;
  const auto key = ++last_key_;
  readers_[key] = reader;
  call->exchange->on_closed = [this, key] { readers_.erase(key); };
  call->exchange->on_writable = [this, key] {
    const auto it = readers_.find(key);
    if (it == readers_.end()) return;
    it->second->flow = Reader::Flow::open;
    pour(key);
  };
  // Whose bytes will come first is not known before there are some.
  const bool begun = has_bytes_of(reader->source);
  call->head("text/plain; charset=utf-8",
             {{"Orch-Log-Stream",
               reader->source.uid + "/" + (begun ? reader->source.machine : std::string())},
              {"Orch-Log-Offset", std::to_string(reader->at)}});
  pour(key);
}

bool Logs::has_ended(const Reader& reader) const {
  if (now_at(reader.source.stream).uid != reader.source.uid) return true;
  if (!reader.source.stream.starts_with("run.")) return false;
  const auto* run = rounds_.durable().world.runs.find(reader.call->word("name"));
  return api::is_finished(run->status.phase);
}

void Logs::pour(Key key) {
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const auto reader = it->second;
  const LogFiles files(folder_of(reader->source));
  while (reader->flow == Reader::Flow::open) {
    auto part = files.read(reader->at, kPartBytes);
    if (!part) return cut(key);
    if (part->bytes.empty()) break;
    if (part->at != reader->at && reader->gaps == Reader::Gaps::cut) return cut(key);
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

void Logs::grew(const Source& source) {
  const auto readers = readers_;
  for (const auto& [key, reader] : readers) {
    if (reader->source.life() != source.life()) continue;
    // The first bytes tell a reader that came before them where they are.
    if (reader->at == 0 && reader->source.machine != source.machine)
      reader->source.machine = machine_to_show(now_at(source.stream));
    if (reader->source.key() == source.key() && reader->flow == Reader::Flow::open) pour(key);
  }
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

/// The reader must see that this is not the end.
void Logs::cut(Key key) {
  const auto it = readers_.find(key);
  if (it == readers_.end()) return;
  const auto reader = it->second;
  readers_.erase(it);
  reader->call->exchange->abort();
}

void Logs::close_all() {
  while (!readers_.empty())
    cut(readers_.begin()->first);
}

}  // namespace controller
