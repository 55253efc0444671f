// SPDX-License-Identifier: Apache-2.0
#include "controller/server/views.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

std::shared_ptr<const std::string> machine(const std::string& zone, int revision) {
  return std::make_shared<const std::string>(
      R"({"apiVersion":"orch/v1","kind":"Machine","metadata":{"labels":{"zone":")" + zone +
      R"("},"name":"box1","resourceVersion":")" + std::to_string(revision) + R"("}})");
}

const View kPlain{api::find_kind("Machine"), Form::object, api::Include::metadata};

TEST(Tell, TurnsEnteringAndLeavingTheSelectionIntoAddedAndDeleted) {
  using Type = WatchEvent::Type;
  const Selector zone_a{*parse_labels("zone=a"), {}};
  const struct {
    const char* what;
    Type type;
    const char *before, *after;
    const char* told;
  } cases[] = {
      {"made inside", Type::added, nullptr, "a", "ADDED"},
      {"made outside", Type::added, nullptr, "b", ""},
      {"stays inside", Type::modified, "a", "a", "MODIFIED"},
      {"comes in", Type::modified, "b", "a", "ADDED"},
      {"goes out", Type::modified, "a", "b", "DELETED"},
      {"stays outside", Type::modified, "b", "b", ""},
      {"deleted inside", Type::deleted, "a", "a", "DELETED"},
      {"deleted outside", Type::deleted, "b", "b", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const WatchEvent event{9,
                           c.type,
                           "Machine",
                           "box1",
                           c.before != nullptr ? machine(c.before, 8) : nullptr,
                           machine(c.after, 9)};
    const auto told = tell(event, zone_a);
    EXPECT_EQ(told ? told->type : "", c.told);
    if (told) {
      const auto object = *api::parse_json(*told->bytes);
      EXPECT_EQ(*object.at({"metadata", "resourceVersion"}), Json("9"));
      EXPECT_EQ(*object.at({"metadata", "labels", "zone"}), Json("a"));
    }
  }
}

TEST(Views, AListIsTheStoredBytesInOrder) {
  Picture picture;
  for (const char* name : {"b", "a"})
    picture.put({"Machine", name, "u", 3,
                 std::string(R"({"kind":"Machine","metadata":{"name":")") + name + R"("}})"});
  EXPECT_EQ(list_text(kPlain, select(picture, *kPlain.kind, {}), 5, {}),
            R"({"kind":"MachineList","apiVersion":"orch/v1","metadata":{"resourceVersion":"5"},)"
            R"("items":[{"kind":"Machine","metadata":{"name":"a"}},)"
            R"({"kind":"Machine","metadata":{"name":"b"}}]})"
            "\n");
  const Selector only_b{{}, *parse_fields("metadata.name=b", object_fields())};
  EXPECT_EQ(select(picture, *kPlain.kind, only_b).size(), 1U);
  const View runs{api::find_kind("BenchRun"), Form::object, api::Include::metadata};
  EXPECT_EQ(list_text(runs, select(picture, *runs.kind, {}), 5, {}),
            R"({"kind":"BenchRunList","apiVersion":"orch/v1","metadata":{"resourceVersion":"5"},)"
            R"("items":[]})"
            "\n");
}

TEST(Views, AWatchTellsColumnsOnlyOnce) {
  const View table{kPlain.kind, Form::table, api::Include::metadata};
  const auto bytes = machine("a", 9);
  const auto first = *api::parse_json(event_line(table, "ADDED", *bytes, Line::first, {}));
  const auto later = *api::parse_json(event_line(table, "ADDED", *bytes, Line::later, {}));
  EXPECT_EQ(first.text_at("type"), "ADDED");
  EXPECT_TRUE(first.at({"object", "columnDefinitions"})->is_array());
  EXPECT_TRUE(later.at({"object", "columnDefinitions"})->is_null());
  const auto& row = later.at({"object", "rows"})->items().front();
  EXPECT_EQ(*row.at({"object", "metadata", "name"}), Json("box1"));
  EXPECT_EQ(*later.at({"object", "metadata", "resourceVersion"}), Json("9"));
}

TEST(Views, ABookmarkIsOfTheWatchedKind) {
  const auto line = *api::parse_json(bookmark_line(kPlain, 42, Line::first, {}));
  EXPECT_EQ(line.text_at("type"), "BOOKMARK");
  EXPECT_EQ(line.find("object")->text_at("kind"), "Machine");
  EXPECT_EQ(*line.at({"object", "metadata", "resourceVersion"}), Json("42"));
  const View events{api::find_kind("Event"), Form::object, api::Include::metadata};
  const auto event = *api::parse_json(bookmark_line(events, 42, Line::first, {}));
  EXPECT_EQ(event.find("object")->text_at("apiVersion"), "v1");
}

}  // namespace
}  // namespace controller
