// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

using api::Json;

Json object(const std::string& name, const std::string& uid, int revision) {
  return Json::object(
      {{"metadata",
        Json::object(
            {{"name", name}, {"uid", uid}, {"resourceVersion", std::to_string(revision)}})}});
}
Json list(int revision, Json::Array items) {
  return Json::object({{"metadata", Json::object({{"resourceVersion", std::to_string(revision)}})},
                       {"items", Json(std::move(items))}});
}
Json event(const std::string& type, Json of) {
  return Json::object({{"type", type}, {"object", std::move(of)}});
}

std::string shown(const Change& change) {
  const char* signs = "+~-";
  return signs[static_cast<int>(change.type)] + change.name + "/" + change.uid;
}
std::string shown(const std::vector<Change>& changes) {
  std::string out;
  for (const auto& change : changes)
    out += (out.empty() ? "" : " ") + shown(change);
  return out;
}
std::string told(Known& known, Json happened) {
  const auto change = known.take_event(happened);
  return change ? shown(*change) : "";
}

TEST(Lines, ComeWholeWhateverThePieces) {
  Lines lines;
  lines.add("one\ntw");
  EXPECT_EQ(lines.next(), "one");
  EXPECT_EQ(lines.next(), std::nullopt);
  lines.add("o\n\nrest");
  EXPECT_EQ(lines.next(), "two");
  EXPECT_EQ(lines.next(), "");
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_EQ(lines.rest(), "rest");
}

TEST(Known, EventsGoOnFromTheList) {
  Known known;
  EXPECT_EQ(shown(known.take_list(list(5, {object("a", "u1", 3)}))), "+a/u1");
  EXPECT_EQ(known.revision(), "5");
  EXPECT_EQ(told(known, event("MODIFIED", object("a", "u1", 6))), "~a/u1");
  EXPECT_EQ(told(known, event("ADDED", object("b", "u2", 7))), "+b/u2");
  EXPECT_EQ(told(known, event("ADDED", object("b", "u2", 7))), "");  // said again
  EXPECT_EQ(told(known, event("BOOKMARK", object("", "", 9))), "");
  EXPECT_EQ(known.revision(), "9");
  EXPECT_EQ(told(known, event("DELETED", object("a", "u1", 10))), "-a/u1");
  EXPECT_EQ(told(known, Json::object({{"type", "ADDED"}})), "");
}

TEST(Known, ANewListTellsOnlyWhatDiffers) {
  Known known;
  known.take_list(list(5, {object("a", "u1", 3), object("b", "u2", 4), object("c", "u3", 5)}));
  EXPECT_EQ(shown(known.take_list(list(9, {object("a", "u1", 3), object("b", "u2", 8),
                                           object("c", "u9", 7), object("d", "u4", 9)}))),
            "~b/u2 -c/u3 +c/u9 +d/u4");
  EXPECT_EQ(shown(known.take_list(list(12, {object("b", "u2", 8)}))), "-a/u1 -c/u9 -d/u4");
}

TEST(Known, TablesAreReadByTheirRows) {
  Known known;
  const auto table = *api::parse_json(R"({"kind":"Table","metadata":{"resourceVersion":"4"},
    "columnDefinitions":[{"name":"Name"}],
    "rows":[{"cells":["a"],"object":{"metadata":{"name":"a","uid":"u","resourceVersion":"2"}}}]})");
  const auto changes = known.take_list(table);
  EXPECT_EQ(shown(changes), "+a/u");
  ASSERT_NE(changes.front().object.find("columnDefinitions"), nullptr);
  EXPECT_EQ(known.revision(), "4");
  EXPECT_EQ(
      told(known, event("BOOKMARK",
                        *api::parse_json(R"({"rows":[],"metadata":{"resourceVersion":"8"}})"))),
      "");
  EXPECT_EQ(known.revision(), "8");
}

}  // namespace
}  // namespace cli
