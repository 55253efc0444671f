// SPDX-License-Identifier: Apache-2.0
#include "base/table.hpp"

#include "base/dice.hpp"

#include <gtest/gtest.h>

#include <map>

namespace base {
namespace {

std::vector<std::string> names_in(const Table<int>& table) {
  std::vector<std::string> names;
  for (const auto& [name, value] : table)
    names.push_back(name);
  return names;
}

TEST(Table, AnEmptyOneHasNothing) {
  Table<int> table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(table.begin(), table.end());
  EXPECT_EQ(table.find("a"), nullptr);
  table.erase("a");
  EXPECT_TRUE(table.empty());
}

TEST(Table, NamesComeInTheirOrder) {
  Table<int> table;
  for (const auto* name : {"m", "a", "z", "", "b"})
    table.set(name, 1);
  EXPECT_EQ(names_in(table), (std::vector<std::string>{"", "a", "b", "m", "z"}));
}

TEST(Table, SettingReplacesAndErasingForgets) {
  Table<int> table;
  table.set("a", 1);
  table.set("a", 2);
  EXPECT_EQ(*table.find("a"), 2);
  EXPECT_EQ(table.size(), 1u);
  table.erase("b");
  EXPECT_EQ(table.size(), 1u);
  table.erase("a");
  EXPECT_EQ(table.find("a"), nullptr);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.begin(), table.end());
  table.set("a", 3);
  EXPECT_EQ(*table.find("a"), 3);
}

TEST(Table, ACopySharesAllThatDoesNotChange) {
  Table<int> table;
  for (int i = 0; i < 1'000; ++i)
    table.set("n" + std::to_string(1'000 + i), i);
  const Table<int> before = table;
  EXPECT_EQ(table.find("n1500"), before.find("n1500")) << "the very same value";
  table.set("n1500", -1);
  table.erase("n1000");
  table.set("new", 7);
  EXPECT_EQ(*before.find("n1500"), 500);
  EXPECT_EQ(*before.find("n1000"), 0);
  EXPECT_FALSE(before.contains("new"));
  EXPECT_EQ(before.size(), 1'000u);
  EXPECT_EQ(*table.find("n1500"), -1);
  EXPECT_EQ(table.find("n1999"), before.find("n1999"));
}

TEST(Table, AValueThatSomebodyHoldsOutlivesItsPlace) {
  Table<std::string> table;
  table.set("a", std::string("first"));
  const auto held = table.begin().held();
  table.set("a", std::string("second"));
  table.erase("a");
  EXPECT_EQ(*held, "first");
}

// Against a plain map, with copies that must not move, over many pages.
TEST(Table, BehavesAsAMap) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    Table<int> table;
    std::map<std::string, int> model;
    std::vector<std::pair<Table<int>, std::map<std::string, int>>> copies;
    for (int step = 0; step < 6'000; ++step) {
      // Mostly growing, then mostly shrinking, so that pages split, empty and fill again.
      const bool grows = step / 1'500 % 2 == 0;
      const auto name = "k" + std::to_string(dice.upto(900));
      if (dice.one_in(4) != grows) {
        table.set(name, step);
        model[name] = step;
      } else {
        table.erase(name);
        model.erase(name);
      }
      if (dice.one_in(1'000)) copies.emplace_back(table, model);
      ASSERT_EQ(table.size(), model.size());
      const auto probe = "k" + std::to_string(dice.upto(900));
      const auto expected = model.find(probe);
      const auto* found = table.find(probe);
      ASSERT_EQ(found != nullptr, expected != model.end());
      if (found == nullptr) continue;
      ASSERT_EQ(*found, expected->second);
    }
    copies.emplace_back(table, model);
    for (const auto& [copy, then] : copies) {
      auto expected = then.begin();
      for (const auto& [name, value] : copy) {
        ASSERT_NE(expected, then.end());
        ASSERT_EQ(name, expected->first);
        ASSERT_EQ(*value, expected->second);
        ++expected;
      }
      ASSERT_EQ(expected, then.end());
    }
  }
}

}  // namespace
}  // namespace base
