// SPDX-License-Identifier: Apache-2.0
#include "agentd/link/link.hpp"

#include "api/codec/check.hpp"
#include "api/codec/json.hpp"
#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "wire/pki.hpp"

#include <algorithm>

namespace agentd {
namespace {

constexpr base::Duration kStreamSilence{30'000};  // the controller beats every 10 s
constexpr base::Duration kReportPause{100};       // at most ten reports a second
constexpr base::Duration kReconnectMin{500};
constexpr base::Duration kReconnectMax{15'000};
constexpr std::size_t kBatch = 500;
constexpr std::size_t kLineMax = 16 * 1024 * 1024;

base::Moment moment() {
  return {base::steady_now(), base::wall_now()};
}

}  // namespace

struct Link::State : std::enable_shared_from_this<Link::State> {
  State(wire::Loop& l, Agent& a, Membership i, std::string dir,
        std::map<std::string, std::string> proposed, std::function<void()> on_change)
      : loop(l),
        agent(a),
        membership(std::move(i)),
        data_dir(std::move(dir)),
        labels(std::move(proposed)),
        changed(std::move(on_change)) {}

  wire::Loop& loop;
  Agent& agent;
  Membership membership;
  std::string data_dir;
  std::map<std::string, std::string> labels;
  std::function<void()> changed, on_ready;
  std::unique_ptr<wire::Client> client;
  std::unique_ptr<LogShipper> logs;
  wire::Client::Call stream, report_call, batch_call, renew_call;
  wire::Loop::Timer reconnect, pause, beat, log_timer, renew_timer;
  std::string line;
  base::Instant last_report, next_beat, next_batch;
  int failures = 0;
  bool ready = false;

  std::string path(const std::string& rest) const {
    return "/agent/v1/machines/" + membership.machine + "/" + rest;
  }

  base::Status connect();
  void open_stream();
  void stream_ended(const base::Status& end);
  void take_bytes(std::string_view bytes);
  void take_line(const std::string& text);
  void pump();
  void watch_beat();
  void send_report();
  void report_answered(const base::Result<wire::Response>& answer);
  void send_batch();
  void ship_logs();
  void plan_renewal();
  void renew();
};

base::Status Link::State::connect() {
  auto endpoint = wire::Endpoint::parse(membership.controller);
  if (!endpoint) return endpoint.error();
  auto tls = wire::Tls::client(membership.ca, membership.certificate, membership.key);
  if (!tls) return tls.error();
  logs.reset();
  client = std::make_unique<wire::Client>(loop, *endpoint, std::move(*tls));
  logs = std::make_unique<LogShipper>(*client, membership.machine);
  return base::ok();
}

void Link::State::open_stream() {
  line.clear();
  wire::Request request;
  request.target = path("assignment?watch=true");
  wire::Client::StreamEvents events;
  auto self = shared_from_this();
  events.on_head = [self](const wire::Response& head) {
    if (head.status == 200) return;
    base::log::warn("link.assignment_refused", {{"status", head.status}});
  };
  events.on_data = [self](std::string_view bytes) { self->take_bytes(bytes); };
  events.on_end = [self](base::Status end) { self->stream_ended(end); };
  stream = client->stream(std::move(request), {}, kStreamSilence, std::move(events));
}

void Link::State::stream_ended(const base::Status& end) {
  const auto doubled = kReconnectMin * (1 << std::min(failures++, 5));
  // Spread, so that a fleet does not come back in one instant; the pid is dice enough for that.
  const auto jitter = base::Duration{base::wall_now().ms % 400};
  base::log::info("link.assignment_ended",
                  {{"why", end ? std::string("closed") : end.error().message}});
  reconnect = loop.after(std::min<base::Duration>(doubled, kReconnectMax) + jitter,
                         [self = shared_from_this()] { self->open_stream(); });
}

void Link::State::take_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    line += bytes.substr(0, end);
    if (line.size() > kLineMax) {
      base::log::error("link.assignment_too_long", {});
      line.clear();
    }
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    take_line(std::exchange(line, {}));
  }
}

void Link::State::take_line(const std::string& text) {
  if (base::trimmed(text).empty()) return;
  const auto json = api::parse_json(text);
  if (!json) {
    base::log::warn("link.assignment_damaged", {{"why", json.error().message}});
    return;
  }
  const auto findings =
      api::check(*json, api::type_of<api::Assignment>(), "assignment", api::Unknown::ignore);
  if (!findings.empty()) {
    base::log::warn("link.assignment_damaged", {{"why", api::text_of(findings)}});
    return;
  }
  failures = 0;
  const auto taken = agent.assigned(api::from_json<api::Assignment>(*json), moment());
  if (!taken) base::log::warn("link.assignment_refused", {{"why", taken.error().message}});
  changed();
}

void Link::State::pump() {
  const auto now = base::steady_now();
  send_batch();
  ship_logs();
  if (report_call) return;
  const bool due = now >= next_beat;
  if (!due && !agent.has_news()) return watch_beat();
  const auto earliest = last_report + kReportPause;
  if (now < earliest) {
    pause = loop.after(earliest - now, [self = shared_from_this()] { self->pump(); });
    return;
  }
  send_report();
}

void Link::State::watch_beat() {
  const auto wait = std::max(next_beat - base::steady_now(), base::Duration{1});
  beat = loop.after(wait, [self = shared_from_this()] { self->pump(); });
}

void Link::State::send_report() {
  last_report = base::steady_now();
  next_beat = last_report + agent.beat();
  wire::Request request;
  request.method = "POST";
  request.target = path("report");
  request.headers = {{"Content-Type", "application/json"}};
  const auto report = agent.report(moment());
  if (!report) return watch_beat();
  auto json = api::to_json(*report);
  request.body = api::write_json(json);
  if (!labels.empty()) {
    std::vector<std::pair<std::string, std::string>> query;
    for (const auto& [key, value] : labels)
      query.emplace_back("label", key + "=" + value);
    request.target += wire::query_text(query);
  }
  wire::Client::Options options;
  options.timeout = base::seconds(10);
  report_call = client->send(std::move(request), options,
                             [self = shared_from_this()](base::Result<wire::Response> answer) {
                               self->report_call = {};
                               self->report_answered(answer);
                             });
}

void Link::State::report_answered(const base::Result<wire::Response>& answer) {
  if (answer && answer->status == 200) {
    agent.heard(moment());
    if (!std::exchange(ready, true) && on_ready) on_ready();
    return changed();
  }
  const auto json = answer ? api::parse_json(answer->body) : base::unavailable("");
  const auto why = !answer ? answer.error().message
                           : (json ? json->text_at("message") : "") + " (HTTP " +
                                 std::to_string(answer->status) + ")";
  base::log::warn("link.report_failed", {{"why", why}});
  // Sooner than the beat, but not at once: the next report carries everything again.
  next_beat = std::min(next_beat, base::steady_now() + base::seconds(2));
  last_report = base::steady_now() + base::seconds(1);
  beat = loop.after(base::seconds(2), [self = shared_from_this()] { self->pump(); });
}

void Link::State::send_batch() {
  if (batch_call || base::steady_now() < next_batch) return;
  const auto batch = agent.batch(kBatch);
  if (!batch) return;
  wire::Request request;
  request.method = "POST";
  request.target = path("runs/" + base::percent_encoded(batch->uid) + "/samples");
  request.headers = {{"Content-Type", "application/x-ndjson"}};
  for (const auto& sample : batch->samples)
    request.body += api::write_json(api::to_json(sample)) + "\n";
  batch_call = client->send(
      std::move(request), {},
      [self = shared_from_this(), batch = *batch](base::Result<wire::Response> answer) {
        self->batch_call = {};
        if (answer && answer->status == 200) {
          self->agent.heard(moment());
          self->agent.batch_done(batch, Agent::Taken::stored);
          return self->changed();
        }
        const bool final = answer && answer->status >= 400 && answer->status < 500 &&
                           answer->status != 401 && answer->status != 429;
        base::log::warn("link.samples_failed",
                        {{"run", batch.uid},
                         {"why", answer ? answer->body.substr(0, 300) : answer.error().message}});
        if (final) self->agent.batch_done(batch, Agent::Taken::refused);
        self->next_batch = base::steady_now() + base::seconds(2);
        self->pause = self->loop.after(base::seconds(2), [self] { self->changed(); });
      });
}

void Link::State::ship_logs() {
  const auto now = base::steady_now();
  for (const auto& source : agent.logs())
    logs->follow(
        {source.stream, source.uid, source.file,
         source.stream.starts_with("run.") ? LogShipper::Keep::bytes : LogShipper::Keep::holes},
        now);
  logs->pump(now);
  log_timer = loop.after(base::seconds(1), [self = shared_from_this()] { self->ship_logs(); });
}

void Link::State::plan_renewal() {
  const auto facts = wire::read_certificate(membership.certificate);
  if (!facts) return;
  const auto life = facts->validity.to - facts->validity.from;
  const auto due = facts->validity.from + life * 2 / 3;
  const auto wait = std::max(due - base::wall_now(), base::Duration{1'000});
  renew_timer =
      loop.after(std::min<base::Duration>(wait, base::hours(1)), [self = shared_from_this(), due] {
        if (base::wall_now() < due) return self->plan_renewal();
        self->renew();
      });
}

void Link::State::renew() {
  const auto key = wire::make_key();
  const auto body =
      key ? renewal_body(*key, membership.machine) : base::Result<std::string>(key.error());
  if (!body) return plan_renewal();
  wire::Request request;
  request.method = "POST";
  request.target = path("renew");
  request.headers = {{"Content-Type", "application/json"}};
  request.body = *body;
  renew_call =
      client->send(std::move(request), {}, [self = shared_from_this(), key = *key](auto r) {
        const auto json = r && r->status == 200 ? api::parse_json(r->body) : base::unavailable("");
        if (!json || json->text_at("certificate").empty()) {
          base::log::warn("link.renewal_failed", {});
          self->renew_timer = self->loop.after(base::minutes(5), [self] { self->renew(); });
          return;
        }
        auto next = self->membership;
        next.key = key;
        next.certificate = json->text_at("certificate");
        if (!next.save(self->data_dir)) return;
        self->membership = next;
        base::log::info("link.renewed", {});
        // On the next turn: the client that brought this answer must not end inside its own
        // callback.
        self->loop.post([self] {
          self->renew_call = {};
          self->report_call = {};
          self->batch_call = {};
          self->stream = {};
          if (self->connect()) self->open_stream();
          self->plan_renewal();
          self->changed();
        });
      });
}

Link::Link(wire::Loop& loop, Agent& agent, Membership membership, std::string data_dir,
           std::map<std::string, std::string> labels, std::function<void()> changed)
    : state_(std::make_shared<State>(loop, agent, std::move(membership), std::move(data_dir),
                                     std::move(labels), std::move(changed))) {}

Link::~Link() {
  state_->stream = {};
  state_->report_call = {};
  state_->batch_call = {};
  state_->renew_call = {};
  state_->reconnect = state_->pause = state_->beat = {};
  state_->log_timer = state_->renew_timer = {};
}

base::Status Link::start() {
  state_->on_ready = on_ready;
  if (auto connected = state_->connect(); !connected) return connected;
  state_->open_stream();
  state_->plan_renewal();
  state_->pump();
  return base::ok();
}

void Link::pump() {
  state_->pump();
}

}  // namespace agentd
