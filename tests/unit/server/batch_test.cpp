// SPDX-License-Identifier: Apache-2.0
#include "controller/server/batch.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

const char* kGroup = R"({"apiVersion":"orch/v1","kind":"MachineGroup","metadata":{"name":"g"},)"
                     R"("spec":{"members":["a","b"]}})";

Json list(const std::string& items) {
  return *api::parse_json(R"({"kind":"List","apiVersion":"v1","items":[)" + items + "]}");
}

std::vector<std::string> fields_of(const Rejection& r) {
  std::vector<std::string> out;
  for (const auto& cause : r.details.find("causes")->items())
    out.push_back(cause.text_at("field"));
  return out;
}

TEST(Batch, NamesEveryWrongItemAndPlace) {
  const auto read =
      read_batch(list(std::string(kGroup) +
                      R"(,{"apiVersion":"orch/v2","kind":"Machine","metadata":{"name":"m"}})" +
                      R"(,{"apiVersion":"orch/v1","kind":"Claim","metadata":{"name":"m"}})" +
                      R"(,{"apiVersion":"orch/v1","kind":"Machine","metadata":{"name":"M"},)"
                      R"("spec":{"memry":"1Gi"}})" +
                      "," + kGroup + ",7"));
  const auto& batch = std::get<Batch>(read);
  ASSERT_EQ(batch.ops.size(), 1U);
  EXPECT_EQ(batch.index, std::vector<std::size_t>{0});
  const auto refusal = one_refusal(batch.wrong, batch.size);
  EXPECT_EQ(refusal.code, 422);
  EXPECT_EQ(refusal.reason, "Invalid");
  const auto fields = fields_of(refusal);
  const std::vector<std::string> expected{"items[1].apiVersion",    "items[2].kind",
                                          "items[3].metadata.name", "items[3].spec.memry",
                                          "items[4].metadata.name", "items[5]"};
  for (const auto& field : expected)
    EXPECT_EQ(std::count(fields.begin(), fields.end(), field), 1) << field;
  EXPECT_NE(refusal.message.find("5 of 6 objects are refused"), std::string::npos);
}

TEST(Batch, TheWorstCodeIsTheAnswers) {
  const auto refusal = one_refusal({{2, {422, "Invalid", "x", {}}},
                                    {0, {507, "InsufficientStorage", "full", {}}},
                                    {1, {409, "Conflict", "y", {}}}},
                                   4);
  EXPECT_EQ(refusal.code, 507);
  EXPECT_EQ(refusal.reason, "InsufficientStorage");
  EXPECT_EQ(fields_of(refusal), (std::vector<std::string>{"items[0]", "items[1]", "items[2]"}));
}

TEST(Batch, RefusesWhatIsNoList) {
  for (const char* text : {"{}", R"({"kind":"List"})", R"({"kind":"List","items":[]})", "[]", "3",
                           R"({"kind":"MachineList","items":[{}]})"}) {
    SCOPED_TRACE(text);
    EXPECT_TRUE(std::holds_alternative<Rejection>(read_batch(*api::parse_json(text))));
  }
}

TEST(Batch, WarnsOnlyOfReferencesThatTheBatchDoesNotBring) {
  auto batch = std::get<Batch>(read_batch(list(kGroup)));
  WriteOutcome outcome;
  outcome.admissions.push_back(Admitted{Admitted::What::created,
                                        *api::parse_json(kGroup),
                                        {"spec.x: MachineGroup \"g\" does not exist (yet)",
                                         "spec.y: Machine \"a\" does not exist (yet)"}});
  const auto result = batch_result(batch, outcome);
  EXPECT_EQ(result.find("items")->items().front().text_at("verb"), "created");
  ASSERT_EQ(result.find("warnings")->items().size(), 1U);
  EXPECT_EQ(result.find("warnings")->items().front(),
            Json("MachineGroup/g: spec.y: Machine \"a\" does not exist (yet)"));
}

}  // namespace
}  // namespace controller
