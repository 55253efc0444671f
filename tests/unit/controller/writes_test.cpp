// SPDX-License-Identifier: Apache-2.0
#include "controller/core/writes.hpp"

#include "tests/unit/controller/book.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

std::string finalizers(const Json& object) {
  const auto* list = object.at({"metadata", "finalizers"});
  return list == nullptr ? "" : api::write_json(*list);
}
bool deleting(const Json& object) {
  return object.at({"metadata", "deletionTimestamp"}) != nullptr;
}

TEST(Batch, AllOfItOrNothingAndEveryErrorIsSaid) {
  Book book;
  (void)book.write(create(machine_json("there")));
  const auto outcome =
      book.write({apply(machine_json("good")), apply(machine_json("bad", R"({"memory":"many"})")),
                  apply(machine_json("worse", R"({"sandboxes":-1,"wat":1})")),
                  create(machine_json("there")), remove("Machine", "gone")});
  EXPECT_TRUE(outcome.refused());
  EXPECT_EQ(said(outcome), "created, 422 Invalid, 400 BadRequest, 409 AlreadyExists, 404 NotFound");
  EXPECT_EQ(book.revision(), 1);
  EXPECT_TRUE(book.object("Machine", "good").is_null());
  EXPECT_EQ(book.draft.events().size(), 1u);
  EXPECT_EQ(book.draft.round().changes.size(), 1u);
}

TEST(Batch, LaterOnesSeeEarlierOnes) {
  Book book;
  const auto outcome = book.write({apply(deployment_json("d", "m")), apply(model_json("m")),
                                   apply(machine_json("a")), apply(machine_json("a")),
                                   remove("Machine", "a"), create(machine_json("a"))});
  EXPECT_EQ(said(outcome), "created, created, created, unchanged, removed, created");
  EXPECT_EQ(std::get<Admitted>(outcome.admissions[0]).warnings.size(), 1u) << "not there yet";
  EXPECT_EQ(object_of(outcome.admissions[2]).at({"metadata", "uid"})->string(), "uid-3");
  EXPECT_EQ(object_of(outcome.admissions[5]).at({"metadata", "uid"})->string(), "uid-4");
}

TEST(Batch, ADryRunChangesNothingAndTellsWhatItWouldDo) {
  Book book;
  (void)book.write(create(machine_json("a")));
  const auto before = book.draft.round();
  const auto outcome =
      book.write({apply(machine_json("b")), merge("Machine", "a", R"({"spec":{"drain":true}})"),
                  remove("Machine", "a")},
                 {"alice", api::Writer::person}, WriteRequest::Run::dry);
  EXPECT_EQ(said(outcome), "created, configured, removed");
  EXPECT_EQ(object_of(outcome.admissions[0]).at({"spec", "benchSlots"})->integer(), 1);
  EXPECT_EQ(book.revision(), 1);
  EXPECT_EQ(book.draft.round().puts, before.puts);
  EXPECT_EQ(book.draft.round().changes, before.changes);
  const auto refused = book.write({apply(machine_json("Bad"))}, {"alice", api::Writer::person},
                                  WriteRequest::Run::dry);
  EXPECT_EQ(said(refused), "422 Invalid");
}

TEST(Remove, WhatNothingHoldsGoesAtOnce) {
  Book book;
  (void)book.write(create(model_json("m")));
  const auto admission = book.write(remove("Model", "m"));
  EXPECT_EQ(said(admission), "removed");
  EXPECT_EQ(object_of(admission).at({"metadata", "name"})->string(), "m") << "as it was at last";
  EXPECT_TRUE(book.object("Model", "m").is_null());
  EXPECT_EQ(said(book.write(remove("Model", "m"))), "404 NotFound");
}

TEST(Remove, Preconditions) {
  Book book;
  (void)book.write(create(model_json("m")));
  auto op = remove("Model", "m");
  op.uid = "another";
  EXPECT_EQ(said(book.write(op)), "409 Conflict");
  op.uid = "uid-1";
  op.resource_version = "7";
  EXPECT_EQ(said(book.write(op)), "409 Conflict");
  op.resource_version = "1";
  EXPECT_EQ(said(book.write(op)), "removed");
}

TEST(Remove, WhatIsHeldIsMarkedOnceAndStays) {
  Book book;
  (void)book.write(create(machine_json("a")));
  (void)book.write(create(deployment_json("d", "m")));
  book.claim("a", "d");
  for (const auto& [kind, name] : {std::pair{"Machine", "a"}, std::pair{"ModelDeployment", "d"}}) {
    SCOPED_TRACE(kind);
    const auto generation = book.object(kind, name).at({"metadata", "generation"})->integer();
    EXPECT_EQ(said(book.write(remove(kind, name))), "marked");
    const auto marked = book.object(kind, name);
    EXPECT_TRUE(deleting(marked));
    EXPECT_EQ(finalizers(marked), R"(["orch/claim"])");
    EXPECT_EQ(marked.at({"metadata", "generation"})->integer(), generation + 1);
    const auto revision = book.revision();
    EXPECT_EQ(said(book.write(remove(kind, name))), "marked");
    EXPECT_EQ(book.revision(), revision) << "asked twice, done once";
    EXPECT_EQ(said(book.write(create(machine_json("a")))), "409 AlreadyExists");
  }
}

TEST(Remove, ABoundRunIsHeldByItsHarness) {
  Book book;
  (void)book.write(create(run_json("r", "m")));
  const auto phase = [&](const char* p) {
    (void)book.write_as_system(
        merge_status("BenchRun", "r", std::string(R"({"status":{"phase":")") + p + R"("}})"));
  };
  phase("Running");
  EXPECT_EQ(said(book.write(remove("BenchRun", "r"))), "marked");
  Book other;
  (void)other.write(create(run_json("r", "m")));
  EXPECT_EQ(said(other.write(remove("BenchRun", "r"))), "removed");
}

TEST(Remove, TheLastFinalizerLetsGoUnlessAProcessHolds) {
  Book book;
  auto body = machine_json("a");
  body["metadata"].set("finalizers", parsed(R"(["lab.example/audit"])"));
  (void)book.write(create(body));
  EXPECT_EQ(said(book.write(remove("Machine", "a"))), "marked");
  EXPECT_EQ(finalizers(book.object("Machine", "a")), R"(["lab.example/audit"])");
  EXPECT_EQ(said(book.write(merge("Machine", "a", R"({"spec":{"drain":true}})"))), "configured")
      << "still theirs";
  EXPECT_EQ(said(book.write(merge("Machine", "a", R"({"metadata":{"finalizers":null}})"))),
            "removed");
  EXPECT_TRUE(book.object("Machine", "a").is_null());

  (void)book.write(create(machine_json("b")));
  (void)book.write(create(deployment_json("d", "m")));
  book.claim("b", "d");
  (void)book.write(remove("Machine", "b"));
  EXPECT_EQ(said(book.write(merge("Machine", "b", R"({"metadata":{"finalizers":null}})"))),
            "configured");
  EXPECT_FALSE(book.object("Machine", "b").is_null()) << "nobody talks a running server away";
}

TEST(Writes, EveryChangeIsOneLineOfTheLogWithItsAuthor) {
  Book book;
  (void)book.write(create(machine_json("a")));
  (void)book.write(merge("Machine", "a", R"({"spec":{"drain":true}})"));
  (void)book.write_as_system(merge_status("Machine", "a", R"({"status":{"bootId":"b"}})"));
  (void)book.write(merge("Machine", "a", R"({"spec":{"drain":true}})"));
  (void)book.write(remove("Machine", "a"));
  std::string log;
  for (const auto& c : book.draft.round().changes) {
    log += std::to_string(c.revision) + " " + c.who + " " + c.verb + " " + c.kind + "/" + c.name +
           "; ";
    EXPECT_EQ(c.at, kWall);
  }
  EXPECT_EQ(log,
            "1 alice create Machine/a; 2 alice update Machine/a; 3 orch status Machine/a; 4 alice "
            "delete Machine/a; ");
}

TEST(Draft, EventsSayWhatWasBeforeAndWhatIsNow) {
  Book book;
  (void)book.write(create(machine_json("a")));
  (void)book.write(merge("Machine", "a", R"({"spec":{"drain":true}})"));
  (void)book.write(remove("Machine", "a"));
  const auto& events = book.draft.events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].type, WatchEvent::Type::added);
  EXPECT_EQ(events[0].before, nullptr);
  EXPECT_EQ(events[1].type, WatchEvent::Type::modified);
  EXPECT_EQ(*events[1].before, *events[0].after);
  EXPECT_EQ(events[2].type, WatchEvent::Type::deleted);
  EXPECT_EQ(*events[2].before, *events[1].after);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(events[i].revision, static_cast<std::int64_t>(i + 1));
    const auto after = parsed(*events[i].after);
    EXPECT_EQ(after.at({"metadata", "resourceVersion"})->string(), std::to_string(i + 1))
        << "also the last state of what is gone";
  }
}

TEST(Draft, ARoundHoldsTheLastStateOfEachObjectOnce) {
  Book book;
  (void)book.write(create(machine_json("stays")));
  (void)book.write(merge("Machine", "stays", R"({"spec":{"drain":true}})"));
  (void)book.write(create(machine_json("goes")));
  (void)book.write(remove("Machine", "goes"));
  (void)book.write(create(machine_json("again")));
  (void)book.write(remove("Machine", "again"));
  (void)book.write(create(machine_json("again")));
  const auto round = book.draft.round();
  ASSERT_EQ(round.puts.size(), 2u);
  EXPECT_EQ(round.puts[0].name, "again");
  EXPECT_EQ(round.puts[0].revision, 7);
  EXPECT_EQ(round.puts[0].uid, "uid-4");
  EXPECT_EQ(round.puts[1].name, "stays");
  EXPECT_EQ(round.puts[1].revision, 2);
  const std::vector<std::pair<std::string, std::string>> gone{{"Machine", "goes"}};
  EXPECT_EQ(round.removals, gone);
  EXPECT_EQ(round.changes.size(), 7u);
  EXPECT_EQ(round.revision, 7);
  EXPECT_FALSE(round.empty());
  EXPECT_TRUE(Draft().round().empty());
}

TEST(Draft, TheSameSampleTwiceIsOne) {
  Draft draft;
  EXPECT_FALSE(draft.changed());
  const SampleRow first{"u", "t", 1, true, "first"};
  draft.add_sample(first);
  draft.add_sample({"u", "t", 1, true, "second"});
  draft.add_sample({"u", "t", 1, false, "error"});
  draft.add_sample({"u", "t", 2, true, "next"});
  draft.add_sample({"v", "t", 1, true, "other"});
  EXPECT_TRUE(draft.changed());
  ASSERT_EQ(draft.samples().size(), 4u);
  EXPECT_EQ(draft.samples()[0], first);
  EXPECT_EQ(draft.round().revision, 0) << "samples alone move no revision";
}

TEST(Draft, WhatWasTouchedIsToldOnce) {
  Book book;
  (void)book.write(create(machine_json("a")));
  (void)book.draft.take_touched();
  (void)book.write(create(model_json("m")));
  const std::vector<std::pair<std::string, std::string>> touched{{"Model", "m"}};
  EXPECT_EQ(book.draft.take_touched(), touched);
  EXPECT_TRUE(book.draft.take_touched().empty());
}

}  // namespace
}  // namespace controller
