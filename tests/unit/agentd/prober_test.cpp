// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <deque>
#include <vector>

#include "agentd/probe/prober.hpp"
#include "base/clock.hpp"
#include "base/text.hpp"
#include "wire/server.hpp"

namespace agentd {
namespace {

/// A server that answers each request with the next line of its script; without one it is silent.
class Scripted : public wire::Service {
 public:
  std::size_t body_max(const wire::Request&) override { return 1 << 16; }
  void on_request(wire::Request request, std::shared_ptr<wire::Exchange> exchange) override {
    asked.push_back(request.method + " " + request.target);
    if (script.empty()) {
      silent.push_back(std::move(exchange));
      return;
    }
    exchange->respond(script.front());
    script.pop_front();
  }

  std::deque<wire::Response> script;
  std::vector<std::string> asked;
  std::vector<std::shared_ptr<wire::Exchange>> silent;
};

struct Rig {
  wire::Loop loop;
  Scripted service;
  wire::Server server{loop, service};
  std::int64_t port = 0;
  std::vector<std::pair<std::string, ProbeAnswer>> answers;
  HttpProber prober{loop, [this](const std::string& ticket, ProbeAnswer answer) {
                      answers.emplace_back(ticket, std::move(answer));
                    }};

  Rig() {
    const auto address = server.listen_plain("127.0.0.1:0");
    EXPECT_TRUE(address);
    port = base::to_integer(address->substr(address->rfind(':') + 1)).value_or(0);
  }

  ProbeRequest question(ProbeRequest::What what) const {
    ProbeRequest request;
    request.what = what;
    request.port = port;
    request.model_name = "m1";
    request.model_source = "/m/a.gguf";
    return request;
  }

  /// Runs the loop until `holds` or for `most`.
  template <class F>
  bool run_until(F holds, base::Duration most = base::seconds(20)) {
    const auto until = base::steady_now() + most;
    while (!holds() && base::steady_now() < until)
      loop.run_once(base::Duration{20});
    return holds();
  }

  ProbeAnswer answer_to(const ProbeRequest& request) {
    answers.clear();
    prober.ask("t", request);
    EXPECT_TRUE(answers.empty()) << "an answer never comes out of ask";
    EXPECT_TRUE(run_until([&] { return !answers.empty(); }));
    return answers.empty() ? ProbeAnswer{} : answers.front().second;
  }
};

wire::Response json(const std::string& body) {
  return {200, {{"Content-Type", "application/json"}}, body};
}

const std::string kModels = R"({"data":[{"id":"m1"}]})";

TEST(HttpProber, EachQuestionHasItsRequest) {
  Rig rig;
  rig.service.script = {json("{}"), json(kModels),
                        json(R"({"choices":[{"message":{"content":"hi"}}]})")};
  auto health = rig.question(ProbeRequest::What::health);
  health.path = "/live";
  EXPECT_TRUE(rig.answer_to(health).good);
  EXPECT_TRUE(rig.answer_to(rig.question(ProbeRequest::What::identity)).good);
  EXPECT_TRUE(rig.answer_to(rig.question(ProbeRequest::What::generation)).good);
  EXPECT_EQ(rig.service.asked,
            (std::vector<std::string>{"GET /live", "GET /v1/models", "POST /v1/chat/completions"}));
}

TEST(HttpProber, LlamaCppMustAlsoNameTheFileThatItLoaded) {
  Rig rig;
  auto identity = rig.question(ProbeRequest::What::identity);
  identity.engine = api::Engine::llama_cpp;
  rig.service.script = {json(kModels), json(R"({"model_path":"/m/a.gguf","build_info":"b1"})")};
  const auto good = rig.answer_to(identity);
  EXPECT_TRUE(good.good) << good.why;
  EXPECT_EQ(good.identity, (std::map<std::string, std::string>{
                               {"model", "m1"}, {"model_path", "/m/a.gguf"}, {"build", "b1"}}));
  rig.service.script = {json(kModels), json(R"({"model_path":"/m/old.gguf"})")};
  const auto stale = rig.answer_to(identity);
  EXPECT_FALSE(stale.good);
  EXPECT_NE(stale.why.find("old.gguf"), std::string::npos);
  EXPECT_TRUE(stale.identity.empty());
  rig.service.script = {json(R"({"data":[]})")};
  EXPECT_FALSE(rig.answer_to(identity).good);
  EXPECT_EQ(rig.service.asked.back(), "GET /v1/models") << "the first no is enough";
}

TEST(HttpProber, WhatIsNoAnswerIsANoWithAReason) {
  Rig rig;
  auto request = rig.question(ProbeRequest::What::identity);
  rig.service.script = {{200, {}, std::string(2 << 20, ' ') + kModels}};
  EXPECT_FALSE(rig.answer_to(request).good) << "too large";

  request.timeout = base::Duration{50};
  const auto silent = rig.answer_to(request);
  EXPECT_FALSE(silent.good);
  EXPECT_NE(silent.why.find("GET /v1/models"), std::string::npos) << silent.why;

  const auto free = rig.prober.free_port({});
  ASSERT_TRUE(free);
  request.port = *free;
  request.timeout = base::seconds(5);
  const auto closed = rig.answer_to(request);
  EXPECT_FALSE(closed.good);
  EXPECT_FALSE(closed.why.empty());
}

TEST(HttpProber, ADroppedQuestionIsNeverAnsweredAndALaterOneReplacesTheFirst) {
  Rig rig;
  const auto health = rig.question(ProbeRequest::What::health);
  rig.prober.ask("dropped", health);
  rig.prober.ask("twice", health);
  EXPECT_TRUE(rig.run_until([&] { return rig.service.silent.size() == 2; }));
  rig.prober.drop("dropped");
  rig.prober.drop("unknown");
  rig.service.script = {json("{}")};
  rig.prober.ask("twice", health);
  for (const auto& exchange : rig.service.silent)
    exchange->respond({503, {}, ""});
  EXPECT_TRUE(rig.run_until([&] { return !rig.answers.empty(); }));
  rig.run_until([] { return false; }, base::Duration{50});
  ASSERT_EQ(rig.answers.size(), 1U);
  EXPECT_EQ(rig.answers.front().first, "twice");
  EXPECT_TRUE(rig.answers.front().second.good);
}

TEST(HttpProber, AnAnswerMayAskTheNextQuestion) {
  wire::Loop loop;
  Scripted service;
  service.script = {json("{}"), json("{}"), json("{}")};
  wire::Server server(loop, service);
  const auto address = server.listen_plain("127.0.0.1:0");
  ASSERT_TRUE(address);
  ProbeRequest request;
  request.port = base::to_integer(address->substr(address->rfind(':') + 1)).value_or(0);
  int answers = 0;
  HttpProber* again = nullptr;
  HttpProber prober(loop, [&](const std::string& ticket, const ProbeAnswer&) {
    if (++answers < 3) again->ask(ticket, request);
  });
  again = &prober;
  prober.ask("t", request);
  const auto until = base::steady_now() + base::seconds(20);
  while (answers < 3 && base::steady_now() < until)
    loop.run_once(base::Duration{20});
  EXPECT_EQ(answers, 3);
}

TEST(HttpProber, APortIsTakenByWhoListensOnIt) {
  Rig rig;
  const auto taken = rig.prober.port_state(rig.port);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(taken->taken);
  EXPECT_TRUE(taken->holder.starts_with("pid " + std::to_string(::getpid()) + " ("))
      << taken->holder;
  EXPECT_EQ(taken->session, ::getsid(0));
  const auto port = rig.prober.free_port({rig.port});
  ASSERT_TRUE(port);
  EXPECT_FALSE(rig.prober.port_state(*port)->taken);
  EXPECT_FALSE(rig.prober.port_state(0));
  EXPECT_FALSE(rig.prober.port_state(65'536));
}

TEST(HttpProber, APortOfAnotherUserIsCalledForeignAlthoughItsHolderIsHidden) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  constexpr uid_t kNobody = 65'534;
  Rig rig;
  int said[2];
  ASSERT_EQ(::pipe(said), 0);
  const auto child = ::fork();
  if (child == 0) {
    // The listener that it inherited would be its own to see.
    ::dup2(said[1], STDERR_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    if (::setuid(kNobody) != 0) ::_exit(1);
    const auto state = rig.prober.port_state(rig.port);
    const auto text = !state                                  ? state.error().message
                      : state->session != PortState::kForeign ? "not foreign: " + state->holder
                                                              : state->holder;
    const auto n = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(n > 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  char text[256] = {};
  ASSERT_GT(::read(said[0], text, sizeof text - 1), 0);
  EXPECT_STREQ(text, "a process of user id 0 that is hidden from us");
  ::close(said[0]);
  ::close(said[1]);
}

}  // namespace
}  // namespace agentd
