// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agentd/probe/judge.hpp"
#include "agentd/probe/ports_seen.hpp"
#include "api/codec/json.hpp"

namespace agentd {
namespace {

struct Case {
  const char* name;
  int status;
  std::string body;
  const char* why;  // a piece of the reason; null: it is good
};

void expect(const Case& c, const ProbeAnswer& answer) {
  EXPECT_EQ(answer.good, c.why == nullptr) << answer.why;
  if (c.why != nullptr) {
    EXPECT_NE(answer.why.find(c.why), std::string::npos) << answer.why;
    EXPECT_TRUE(answer.identity.empty());
  }
}

const std::string kHtml = "<html><body>It works!</body></html>";

TEST(Judge, Health) {
  const Case cases[] = {
      {"well", 200, R"({"status":"ok"})", nullptr},
      {"an empty answer is vllm's", 200, "", nullptr},
      {"loading", 503, R"({"error":{"message":"Loading model","code":503}})",
       "answers 503: \"Loading model\""},
      {"absent", 404, kHtml, "answers 404: \"<html>"},
      {"silent", 500, "", "answers 500"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    expect(c, judge_health({c.status, {}, c.body}));
  }
}

TEST(Judge, Models) {
  const Case cases[] = {
      {"the one", 200, R"({"object":"list","data":[{"id":"m1","owned_by":"llamacpp"}]})", nullptr},
      {"among others", 200, R"({"data":[{"id":"x"},{"id":"m1"}]})", nullptr},
      {"another", 200, R"({"data":[{"id":"x"},{"id":"y"}]})", "serves \"x\", \"y\", not \"m1\""},
      {"none", 200, R"({"data":[]})", "serves no model"},
      {"no list", 200, R"({"models":[]})", "without a list"},
      {"a list of nothing", 200, R"({"data":[null,7,"m1"]})", "serves no model"},
      {"a page", 200, kHtml, "no JSON object"},
      {"an array", 200, "[]", "no JSON object"},
      {"loading", 503, R"({"error":{"message":"Loading model"}})", "503: \"Loading model\""},
      {"a key is missing", 401, R"({"error":"x"})", "401"},
  };
  ProbeRequest request;
  request.model_name = "m1";
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    expect(c, judge_models({c.status, {}, c.body}, request));
  }
  EXPECT_EQ(judge_models({200, {}, cases[0].body}, request).identity,
            (std::map<std::string, std::string>{{"model", "m1"}, {"owned_by", "llamacpp"}}));
}

TEST(Judge, TheLoadedFile) {
  struct FileCase {
    const char *loaded, *source;
    bool good;
  };
  const FileCase cases[] = {
      {"/m/a.gguf", "/m/a.gguf", true},
      {"/n/a.gguf", "/m/a.gguf", false},
      {"a.gguf", "/m/a.gguf", false},
      {"/cache/a.gguf", "hf://org/repo/a.gguf", true},
      {"a.gguf", "a.gguf", true},
      {"/cache/aa.gguf", "a.gguf", false},
      {"/cache/b.gguf", "org/repo/a.gguf", false},
      {"/cache/b.gguf", "org/repo", true},
      {"/cache/b.gguf", "", true},
      {"", "/m/a.gguf", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.loaded) + " for " + c.source);
    ProbeRequest request;
    request.model_source = c.source;
    const std::string body = std::string(R"({"model_path":")") + c.loaded +
                             R"(","build_info":"b1-571d0d5","total_slots":2})";
    const auto answer = judge_props({200, {}, body}, request);
    EXPECT_EQ(answer.good, c.good) << answer.why;
    if (c.good) {
      EXPECT_EQ(answer.identity.at("build"), "b1-571d0d5");
    }
  }
  EXPECT_FALSE(judge_props({501, {}, ""}, {}).good);
}

TEST(Judge, Generation) {
  const Case cases[] = {
      {"text", 200, R"({"choices":[{"message":{"content":"hi"}}]})", nullptr},
      {"counted tokens", 200,
       R"({"choices":[{"message":{"content":""}}],"usage":{"completion_tokens":1}})", nullptr},
      {"thought", 200, R"({"choices":[{"message":{"content":null,"reasoning_content":"h"}}]})",
       nullptr},
      {"a call", 200, R"({"choices":[{"message":{"tool_calls":[{}]}}]})", nullptr},
      {"nothing", 200,
       R"({"choices":[{"message":{"content":""}}],"usage":{"completion_tokens":0}})",
       "without a token"},
      {"no choice", 200, R"({"choices":[]})", "without a choice"},
      {"no message", 200, R"({"choices":[{}]})", "without a token"},
      {"a page", 200, kHtml, "no JSON object"},
      {"broken", 500, R"({"error":{"message":"CUDA error"}})", "500: \"CUDA error\""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    expect(c, judge_generation({c.status, {}, c.body}));
  }
}

TEST(Judge, TheGenerationAsksForLittleAndGetsTheSameEachTime) {
  ProbeRequest request;
  request.model_name = "m\"1";
  request.prompt = "say \"x\"";
  request.max_tokens = 0;
  const auto body = api::parse_json(generation_request(request).body);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->text_at("model"), "m\"1");
  EXPECT_EQ(body->integer_at("max_tokens"), 1);
  EXPECT_EQ(body->integer_at("temperature", 7), 0);
  EXPECT_EQ(body->find("messages")->items().front().text_at("content"), "say \"x\"");
}

TEST(Ports, AListenerIsReadFromTheKernelsTable) {
  const std::string head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
  struct TableCase {
    const char *name, *line;
    std::int64_t user;  // -1: no listener
  };
  const TableCase cases[] = {
      {"loopback", "   0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0  1000  0 4711", 1000},
      {"any", "   0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0     0  0 4711", 0},
      {"any, of both families",
       "  0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 "
       "0:0 0 33 0 4711",
       33},
      {"another address", "   0: 0201A8C0:1F90 00000000:0000 0A 0:0 0:0 0 0 0 4711", -1},
      {"another port", "   0: 0100007F:1F91 00000000:0000 0A 0:0 0:0 0 0 0 4711", -1},
      {"a connection", "   0: 0100007F:1F90 0100007F:9C40 01 0:0 0:0 0 0 0 4711", -1},
      {"half a line", "   0: 0100007F:1F90", -1},
      {"no port", "   0: 0100007F 00000000:0000 0A 0:0 0:0 0 0 0 4711", -1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(find_listener(head + c.line + "\n", 8080).value_or(-1), c.user);
  }
}

}  // namespace
}  // namespace agentd
