// SPDX-License-Identifier: Apache-2.0
#include "controller/server/agents.hpp"

#include "api/codec/check.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>

namespace controller {
namespace {

using api::Json;

constexpr base::Duration kBeat{10'000};
constexpr base::Duration kGather{20};           // a burst of rounds is one look at the assignments
constexpr base::Duration kSkewMax{5 * 60'000};  // beyond it certificates and ages mislead

/// What makes an agent act differently. Scored tasks matter only to an attempt that begins, and
/// each has a number of its own.
api::Assignment content_of(api::Assignment assignment) {
  assignment.revision = 0;
  for (auto& run : assignment.runs)
    run.completed.clear();
  return assignment;
}

/// `label=key=value`, as often as there are labels.
std::map<std::string, std::string> labels_of(const wire::Request& request) {
  std::map<std::string, std::string> labels;
  for (const auto& [key, value] : request.query) {
    const auto equals = value.find('=');
    if (key == "label" && equals != std::string::npos)
      labels[value.substr(0, equals)] = value.substr(equals + 1);
  }
  return labels;
}

Json clock_json(const ClockSkew& skew) {
  auto out = Json::object({{"skewSeconds", std::int64_t{skew.off.count() / 1000}}});
  if (skew.is_bad()) out.set("message", skew.text());
  return out;
}

}  // namespace

bool ClockSkew::is_bad() const {
  return off > kSkewMax || off < -kSkewMax;
}

std::string ClockSkew::text() const {
  if (!is_bad()) return {};
  const auto age = off < base::Duration{0} ? -off : off;
  return "the machine's clock is " + base::age_text(age) +
         (off < base::Duration{0} ? " behind" : " ahead of") +
         " the controller's: set it by NTP, or its certificates will seem expired";
}

struct Agents::Stream {
  CallPtr call;
  std::string machine;
  api::Assignment told;  // its content
  enum class Flow : std::uint8_t { open, full } flow = Flow::open;
  wire::Loop::Timer beat;
};

void Agents::assignment(const CallPtr& call) {
  const auto machine = call->word("machine");
  const auto now = rounds_.core().assignment(machine);
  if (!call->request.flag("watch")) return call->answer(200, api::to_json(now));
  const auto key = ++last_key_;
  auto stream = std::make_shared<Stream>();
  stream->call = call;
  stream->machine = machine;
  streams_[key] = stream;
  call->exchange->on_closed = [this, key] { streams_.erase(key); };
  call->exchange->on_writable = [this, key] {
    if (const auto it = streams_.find(key); it != streams_.end()) {
      it->second->flow = Stream::Flow::open;
      send(*it->second, rounds_.core().assignment(it->second->machine));
    }
  };
  call->head("application/json");
  send(*stream, now);
  stream->beat = loop_.after(kBeat, [this, key] { beat(key); });
}

void Agents::send(Stream& stream, const api::Assignment& assignment) {
  stream.told = content_of(assignment);
  if (!stream.call->exchange->write(api::write_json(api::to_json(assignment)) + "\n"))
    stream.flow = Stream::Flow::full;
}

void Agents::beat(Key key) {
  const auto it = streams_.find(key);
  if (it == streams_.end()) return;
  const auto stream = it->second;
  if (stream->flow == Stream::Flow::open) send(*stream, rounds_.core().assignment(stream->machine));
  stream->beat = loop_.after(kBeat, [this, key] { beat(key); });
}

void Agents::moved() {
  if (asked_ == Soon::asked || streams_.empty()) return;
  asked_ = Soon::asked;
  soon_ = loop_.after(kGather, [this] { tell_changes(); });
}

void Agents::tell_changes() {
  asked_ = Soon::still;
  const auto streams = streams_;  // writing may lose one
  for (const auto& [key, stream] : streams) {
    if (stream->flow == Stream::Flow::full) continue;
    const auto now = rounds_.core().assignment(stream->machine);
    if (content_of(now) != stream->told) send(*stream, now);
  }
}

void Agents::close_all() {
  const auto streams = std::exchange(streams_, {});
  for (const auto& [key, stream] : streams)
    stream->call->exchange->finish();
}

void Agents::report(const CallPtr& call) {
  auto read = read_report(call->request.body);
  if (const auto* wrong = std::get_if<Rejection>(&read)) return call->refuse(*wrong);
  auto& report = std::get<api::Report>(read);
  const auto machine = call->word("machine");
  if (report.at.set()) {
    const ClockSkew skew{report.at.at - base::wall_now()};
    auto& known = skews_[machine];
    if (skew.is_bad() && !known.is_bad())
      base::log::warn("machine.clock_is_off", {{"machine", machine}, {"why", skew.text()}});
    known = skew;
  }
  rounds_.report(machine, std::move(report), labels_of(call->request),
                 [call](const ReportAnswer& answer) {
                   if (answer.rejection) return call->refuse(*answer.rejection);
                   call->answer(200, Json::object({{"revision", answer.revision}}));
                 });
}

void Agents::samples(const CallPtr& call) {
  const auto uid = call->word("uid");
  auto read = read_samples(call->request.body, uid);
  if (const auto* wrong = std::get_if<Rejection>(&read)) return call->refuse(*wrong);
  auto& samples = std::get<std::vector<api::Sample>>(read);
  const auto count = static_cast<std::int64_t>(samples.size());
  rounds_.samples(call->word("machine"), uid, std::move(samples),
                  [call, count](const std::optional<Rejection>& rejection) {
                    if (rejection) return call->refuse(*rejection);
                    call->answer(200, Json::object({{"count", count}}));
                  });
}

void Agents::live(const CallPtr& call) const {
  const auto name = call->word("name");
  const auto& picture = rounds_.durable();
  if (picture.find("Machine", name) == nullptr)
    return call->refuse(not_found(*api::find_kind("Machine"), name));
  auto out = Json::object({{"kind", "MachineLive"},
                           {"apiVersion", api::kApiVersion},
                           {"metadata", Json::object({{"name", name}})}});
  const auto contact = picture.world.contacts.find(name);
  if (contact != picture.world.contacts.end() && contact->second.report) {
    const auto silence = base::steady_now() - contact->second.heard;
    out.set("heardSecondsAgo", std::int64_t{std::max<std::int64_t>(0, silence.count()) / 1000});
    out.set("report", api::to_json(*contact->second.report));
  }
  if (const auto skew = skews_.find(name); skew != skews_.end())
    out.set("clock", clock_json(skew->second));
  call->answer(200, out);
}

}  // namespace controller
