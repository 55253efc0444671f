// SPDX-License-Identifier: Apache-2.0
#include "controller/server/watches.hpp"

#include "base/limits.hpp"
#include "controller/server/rounds.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

/// A client that reads as fast as the test says.
struct Client final : wire::Exchange {
  void respond(wire::Response) override { ended = true; }
  void head(int, wire::Headers) override { begun = true; }
  bool write(std::string bytes) override {
    lines.push_back(std::move(bytes));
    return reads;
  }
  void finish() override { ended = true; }
  void abort() override { cut = true; }
  bool closed() const override { return ended || cut; }
  std::size_t backlog() const override { return 0; }

  bool reads = true, begun = false, ended = false, cut = false;
  std::vector<std::string> lines;
};

struct OneUid final : Uids {
  std::string next() override { return "uid-" + std::to_string(++count); }
  int count = 0;
};

struct WatchesTest : ::testing::Test {
  WatchesTest() : core({"c1", {1, 1}, 0, {}}, {}, {}, uids, now), watches(loop, core) {}

  /// A group with so many bytes in it, durable and told.
  void put(const std::string& name, std::size_t bytes = 10) {
    WriteOp op;
    op.verb = WriteOp::Verb::apply;
    op.kind = "MachineGroup";
    op.body = Json::object(
        {{"apiVersion", "orch/v1"},
         {"kind", "MachineGroup"},
         {"metadata",
          Json::object({{"name", name},
                        {"annotations", Json::object({{"note", std::string(bytes, 'x')}})}})},
         {"spec", Json::object({{"members", Json::array({"a"})}})}});
    WriteRequest request;
    request.ops.push_back(op);
    core.write(1, request);
    if (core.begin(now)) core.committed(std::nullopt, now);
    for (const auto& answer : core.take_answers())
      EXPECT_FALSE(std::get<WriteOutcome>(answer.what).refused());
    watches.moved();
  }

  std::shared_ptr<Client> watch(std::optional<std::int64_t> after, bool reads = true) {
    auto client = std::make_shared<Client>();
    client->reads = reads;
    auto call = std::make_shared<Call>();
    call->exchange = client;
    WatchWish wish;
    wish.view = {api::find_kind("MachineGroup"), Form::object, api::Include::metadata};
    wish.after = after;
    watches.start(call, wish);
    return client;
  }

  static std::string types(const Client& client) {
    std::string out;
    for (const auto& line : client.lines)
      out += api::parse_json(line)->text_at("type") + " ";
    return out;
  }

  wire::Loop loop;
  base::Moment now{{1'000'000}, {1'800'000'000'000}};
  OneUid uids;
  Core core;
  Watches watches;
};

TEST_F(WatchesTest, TheHeadIsSentAtOnceAndEventsAsTheyCome) {
  put("g1");
  const auto client = watch(core.durable().revision);
  EXPECT_TRUE(client->begun);
  EXPECT_EQ(types(*client), "");
  put("g2");
  put("g1", 20);
  EXPECT_EQ(types(*client), "ADDED MODIFIED ");
}

TEST_F(WatchesTest, WithoutARevisionItBeginsWithWhatIsThere) {
  put("g2");
  put("g1");
  const auto client = watch(std::nullopt);
  EXPECT_EQ(types(*client), "ADDED ADDED ");
  EXPECT_NE(client->lines[0].find("\"g1\""), std::string::npos) << "by name";
}

TEST_F(WatchesTest, ASlowClientGetsTheRestWhenItReadsAgain) {
  for (const char* name : {"g1", "g2", "g3"})
    put(name);
  const auto client = watch(std::nullopt, false);
  EXPECT_EQ(client->lines.size(), 1U) << "nothing is queued for it";
  put("g4");
  client->reads = true;
  client->on_writable();
  EXPECT_EQ(types(*client), "ADDED ADDED ADDED ADDED ");
  EXPECT_FALSE(client->cut);
}

TEST_F(WatchesTest, AClientThatIsTooFarBehindIsCut) {
  put("g1");
  const auto client = watch(std::nullopt, false);
  std::size_t bytes = 0;
  for (int i = 0; !client->cut && bytes < 3 * base::limits::kWatchBacklogBytes; ++i) {
    put("big", 100'000 + static_cast<std::size_t>(i));
    bytes += 200'000;  // and as much in its last-applied annotation
  }
  EXPECT_TRUE(client->cut);
  EXPECT_EQ(watches.count(), 0U);
  EXPECT_EQ(client->lines.size(), 1U);
}

TEST_F(WatchesTest, ARevisionThatTheRingNoLongerHoldsIsAnErrorAndTheEnd) {
  put("g1");
  put("g1", 20);
  const auto client = watch(core.durable().revision + 5);
  EXPECT_EQ(types(*client), "ERROR ");
  EXPECT_TRUE(client->ended);
}

TEST_F(WatchesTest, AClientThatLeftIsForgotten) {
  const auto client = watch(std::nullopt);
  EXPECT_EQ(watches.count(), 1U);
  client->on_closed();
  EXPECT_EQ(watches.count(), 0U);
  put("g1");
}

}  // namespace
}  // namespace controller
