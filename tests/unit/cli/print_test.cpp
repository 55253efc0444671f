// SPDX-License-Identifier: Apache-2.0
#include "cli/print.hpp"

#include "base/units.hpp"
#include "cli/server_table.hpp"

#include <gtest/gtest.h>

namespace cli {
namespace {

using api::Json;

TEST(Grid, ColumnsAreAsWideAsTheirWidestCell) {
  Grid grid({{"NAME"}, {"COUNT", Align::right}, {"WHY"}});
  grid.add({"a-long-name", "7", ""});
  grid.add({"\xC3\xA9t\xC3\xA9", "1234567", "because"});
  grid.add({"short"});
  EXPECT_EQ(grid.text(Grid::Heads::shown),
            "NAME            COUNT   WHY\n"
            "a-long-name         7\n"
            "\xC3\xA9t\xC3\xA9           1234567   because\n"
            "short\n");
  EXPECT_EQ(grid.text(Grid::Heads::hidden, "> ").substr(0, 14), "> a-long-name ");
}

TEST(Grid, RowsAreTakenOnceAndWidthsStay) {
  Grid grid({{"NAME"}, {"PHASE"}});
  grid.add({"a-long-name", "Hot"});
  EXPECT_EQ(grid.take_rows(Grid::Heads::shown), "NAME          PHASE\na-long-name   Hot\n");
  grid.add({"b", "Hot"});
  EXPECT_EQ(grid.take_rows(Grid::Heads::hidden), "b             Hot\n");
  EXPECT_EQ(grid.rows(), 0U);
}

TEST(Cells, HoldOneHarmlessLine) {
  EXPECT_EQ(cell_text(Json("a\nb\tc\x1b[31md\x1b]52;c;eA==\x07")), "a b cd");
  EXPECT_EQ(cell_text(Json("\xFFx")), "\xEF\xBF\xBDx");
  EXPECT_EQ(cell_text(Json()), "");
  EXPECT_EQ(cell_text(Json(7)), "7");
  EXPECT_EQ(cell_text(Json(true)), "true");
}

TEST(Labels, AreSortedOrNone) {
  const auto labels = Json::object({{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(labels_text(&labels), "a=1,b=2");
  EXPECT_EQ(labels_text(nullptr), "<none>");
}

TEST(Ages, AreEmptyWhereThereIsNoTime) {
  const auto now = *base::parse_rfc3339("2026-01-01T00:10:00Z");
  const Json then("2026-01-01T00:00:00Z");
  const Json later("2026-01-01T00:20:00Z");
  const Json odd("yesterday");
  EXPECT_EQ(age_since(&then, now), "10m");
  EXPECT_EQ(age_since(&later, now), "0s");  // a clock that is off shows no negative age
  EXPECT_EQ(age_since(&odd, now), "");
  EXPECT_EQ(age_since(nullptr, now), "");
}

TEST(Indented, EveryLine) {
  EXPECT_EQ(indented("a\nb\n", "  "), "  a\n  b\n");
  EXPECT_EQ(indented("a", "  "), "  a");
  EXPECT_EQ(indented("", "  "), "");
}

const char* const kTable = R"({"kind":"Table","columnDefinitions":[
  {"name":"Name","format":"name","priority":0},{"name":"Phase","priority":0},
  {"name":"Endpoint","priority":1},{"name":"Age","priority":0}],
  "rows":[{"cells":["a","Hot","http://x","4m"],"object":{"metadata":{"labels":{"k":"v"}}}},
          {"cells":["b",null,null,"5s"],"object":{"metadata":{}}}]})";

TEST(ServerTable, ShowsTheServersColumns) {
  ServerTable table({});
  table.add(*api::parse_json(kTable));
  EXPECT_EQ(table.take_text(Switch::on),
            "NAME   PHASE   AGE\n"
            "a      Hot     4m\n"
            "b              5s\n");
  table.add(*api::parse_json(R"({"kind":"Table","rows":[{"cells":["c","Cold","","1s"]}]})"));
  EXPECT_EQ(table.take_text(Switch::on), "c      Cold    1s\n");
}

TEST(ServerTable, WideLabelsAndPrefix) {
  ServerTable table({Switch::on, Switch::on, "md.orch/"});
  table.add(*api::parse_json(kTable));
  EXPECT_EQ(table.take_text(Switch::off),
            "md.orch/a   Hot     http://x   4m    k=v\n"
            "md.orch/b                      5s    <none>\n");
}

TEST(ServerTable, ARowThatLooksAsItLookedIsNoChange) {
  const auto row = [](const std::string& name, const std::string& phase, const std::string& age) {
    return *api::parse_json(R"({"kind":"Table","columnDefinitions":[{"name":"Name"},
      {"name":"Phase"},{"name":"Age","type":"date"}],"rows":[{"cells":[")" +
                            name + "\",\"" + phase + "\",\"" + age + "\"]}]}");
  };
  ServerTable table({});
  table.add(row("a", "Hot", "1s"));
  table.take_text(Switch::on);
  table.add_changed(row("a", "Hot", "2s"));
  EXPECT_EQ(table.take_text(Switch::on), "");
  table.add_changed(row("b", "Hot", "2s"));
  table.add_changed(row("a", "Cold", "3s"));
  EXPECT_EQ(table.take_text(Switch::on), "b      Hot     2s\na      Cold    3s\n");
  table.add(row("a", "Cold", "4s"));
  EXPECT_EQ(table.take_text(Switch::on), "a      Cold    4s\n");
}

TEST(ServerTable, AServerWithoutTablesGivesNames) {
  ServerTable list({});
  list.add(*api::parse_json(R"({"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]})"));
  EXPECT_EQ(list.take_text(Switch::on), "NAME\na\nb\n");
  ServerTable one({});
  one.add(*api::parse_json(R"({"metadata":{"name":"a"}})"));
  EXPECT_EQ(one.take_text(Switch::on), "NAME\na\n");
}

TEST(ServerTable, AnEmptyTableHasNoRows) {
  ServerTable table({});
  table.add(
      *api::parse_json(R"({"kind":"Table","columnDefinitions":[{"name":"Name"}],"rows":[]})"));
  EXPECT_TRUE(table.empty());
}

}  // namespace
}  // namespace cli
