// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/controller/house.hpp"

#include "base/text.hpp"

namespace e2e {
namespace {

using api::Json;

constexpr const char* kModels = "/apis/orch/v1/models";

struct Objects : House {
  Objects() {
    init();
    start();
  }
  std::vector<Json> lines(const std::string& text) {
    std::vector<Json> out;
    for (const auto& line : base::split(text, '\n'))
      if (!line.empty()) out.push_back(*api::parse_json(line));
    return out;
  }
};

TEST_F(Objects, WhatIsAppliedIsServedAndOutlivesAKill) {
  const auto applied = post("/apis/orch/v1/batch", list_of({model("a"), model("b")}));
  ASSERT_EQ(applied.status, 200) << applied.body;
  const auto result = applied.json();
  EXPECT_EQ(result.text_at("kind"), "BatchResult");
  ASSERT_EQ(result.find("items")->items().size(), 2U);
  EXPECT_EQ(result.find("items")->items()[1].text_at("verb"), "created");
  const auto before = get(kModels).body;

  kill();
  start();
  EXPECT_EQ(get(kModels).body, before);
  EXPECT_EQ(get("/apis/orch/v1/models/b").json().at({"metadata", "name"})->string(), "b");
  const auto again = post("/apis/orch/v1/batch", list_of({model("a"), model("b")}));
  EXPECT_EQ(again.json().find("items")->items()[0].text_at("verb"), "unchanged");
  stop();
  start();
  EXPECT_EQ(get(kModels).body, before);
}

TEST_F(Objects, ABatchIsAllOrNothingAndNamesEveryMistake) {
  const auto before = revision();
  const auto wrong =
      post("/apis/orch/v1/batch",
           list_of({model("good"), model("Bad"),
                    R"({"apiVersion":"orch/v1","kind":"Modle","metadata":{"name":"x"}})"}));
  EXPECT_EQ(wrong.status, 422) << wrong.body;
  const auto status = wrong.json();
  std::vector<std::string> fields;
  for (const auto& cause : status.at({"details", "causes"})->items())
    fields.push_back(cause.text_at("field"));
  EXPECT_EQ(fields, (std::vector<std::string>{"items[1].metadata.name", "items[2].kind"}));
  EXPECT_EQ(revision(), before);
  EXPECT_EQ(get("/apis/orch/v1/models/good").status, 404);

  const auto dry = post("/apis/orch/v1/batch?dryRun=All", list_of({model("good")}));
  EXPECT_EQ(dry.status, 200);
  EXPECT_EQ(dry.json().find("items")->items()[0].text_at("verb"), "created");
  EXPECT_EQ(revision(), before);
}

TEST_F(Objects, AWatchTellsWhatHappensAndGoesOnFromWhereItWas) {
  ASSERT_EQ(post(kModels, model("before")).status, 201);  // revision 0 would mean "from anywhere"
  const auto from = revision();
  const auto done = [](const std::string& text) {
    return text.find("DELETED") != std::string::npos;
  };
  const auto text =
      stream(admin, std::string(kModels) + "?watch=true&resourceVersion=" + std::to_string(from),
             done, [&] {
               EXPECT_EQ(post(kModels, model("w")).status, 201);
               EXPECT_EQ(ask(admin, "PATCH", "/apis/orch/v1/models/w",
                             R"({"metadata":{"labels":{"zone":"a"}}})",
                             {{"Content-Type", "application/merge-patch+json"}})
                             .status,
                         200);
               EXPECT_EQ(ask(admin, "DELETE", "/apis/orch/v1/models/w").status, 200);
             });
  const auto events = lines(text);
  ASSERT_EQ(events.size(), 3U) << text;
  EXPECT_EQ(events[0].text_at("type"), "ADDED");
  EXPECT_EQ(events[1].text_at("type"), "MODIFIED");
  EXPECT_EQ(events[2].text_at("type"), "DELETED");
  const auto second = events[0].at({"object", "metadata", "resourceVersion"})->string();
  const auto rest =
      stream(admin, std::string(kModels) + "?watch=1&resourceVersion=" + second, done);
  EXPECT_EQ(lines(rest).size(), 2U);
  const auto labelled =
      stream(admin,
             std::string(kModels) +
                 "?watch=1&labelSelector=zone%3Da&resourceVersion=" + std::to_string(from),
             done);
  EXPECT_EQ(lines(labelled)[0].text_at("type"), "ADDED");
}

TEST_F(Objects, AWatchFromBeforeTheStartIsToldToListAnew) {
  ASSERT_EQ(post("/apis/orch/v1/batch", list_of({model("a"), model("b")})).status, 200);
  const auto old = revision() - 1;  // not 0, which would mean "from anywhere"
  stop();
  start();
  const auto text =
      stream(admin, std::string(kModels) + "?watch=1&resourceVersion=" + std::to_string(old),
             [](const std::string& t) { return t.ends_with("\n"); });
  EXPECT_EQ(lines(text)[0].text_at("type"), "ERROR");
  EXPECT_EQ(lines(text)[0].find("object")->integer_at("code"), 410);
  const auto fresh = stream(admin, std::string(kModels) + "?watch=1",
                            [](const std::string& t) { return t.ends_with("\n"); });
  EXPECT_EQ(lines(fresh)[0].text_at("type"), "ADDED");
}

TEST_F(Objects, AWatchEndsAtItsTimeWithABookmark) {
  const auto text = stream(admin,
                           std::string(kModels) +
                               "?watch=1&allowWatchBookmarks=true"
                               "&timeoutSeconds=1&resourceVersion=" +
                               std::to_string(revision()),
                           [](const std::string& t) { return t.ends_with("\n"); });
  ASSERT_EQ(lines(text).size(), 1U);
  EXPECT_EQ(lines(text)[0].text_at("type"), "BOOKMARK");
  EXPECT_EQ(lines(text)[0].find("object")->text_at("kind"), "Model");
}

/// A request on the Model "m" that changes nothing, and what it is told.
struct Rule {
  const char *what, *method;
  std::string target, body;
  wire::Headers headers;
  int status;
  const char* reason;
};

wire::Headers typed(const char* type) {
  return {{"Content-Type", type}};
}
const wire::Headers kMerge = typed("application/merge-patch+json");

const std::string kAll = kModels;
const std::string kOne = kAll + "/m";
const std::vector<Rule> kRules{
    {"twice", "POST", kAll, model("m"), {}, 409, "AlreadyExists"},
    {"no json", "POST", kAll, "{", {}, 400, "BadRequest"},
    {"a key twice", "POST", kAll, R"({"kind":"Model","kind":"Model"})", {}, 400, "BadRequest"},
    {"another kind", "POST", kAll, R"({"kind":"Bench"})", {}, 400, "BadRequest"},
    {"a bad name", "POST", kAll, model("A_b"), {}, 422, "Invalid"},
    {"protobuf", "POST", kAll, "k8s", typed("application/vnd.kubernetes.protobuf"), 415,
     "UnsupportedMediaType"},
    {"an unknown field, strictly",
     "POST",
     kAll + "?fieldValidation=Strict",
     R"({"metadata":{"name":"x"},"spec":{"sauce":1}})",
     {},
     400,
     "BadRequest"},
    {"a stale replace",
     "PUT",
     kOne,
     R"({"metadata":{"name":"m","resourceVersion":"1"},"spec":{}})",
     {},
     409,
     "Conflict"},
    {"a replace without a version", "PUT", kOne, model("m"), {}, 422, "Invalid"},
    {"another name", "PUT", kOne, model("n"), {}, 400, "BadRequest"},
    {"a stale patch", "PATCH", kOne, R"({"metadata":{"resourceVersion":"1"}})", kMerge, 409,
     "Conflict"},
    {"an unknown field in a patch", "PATCH", kOne + "?fieldValidation=Strict",
     R"({"spec":{"sauce":1}})", kMerge, 422, "Invalid"},
    {"a failed test", "PATCH", kOne, R"([{"op":"test","path":"/spec/source/file","value":"y"}])",
     typed("application/json-patch+json"), 422, "Invalid"},
    {"a strategic patch", "PATCH", kOne, "{}", typed("application/strategic-merge-patch+json"), 415,
     "UnsupportedMediaType"},
    {"a server-side apply", "PATCH", kOne, "{}", typed("application/apply-patch+yaml"), 415,
     "UnsupportedMediaType"},
    {"a patch of nothing", "PATCH", kAll + "/none", "{}", kMerge, 404, "NotFound"},
    {"a delete of nothing", "DELETE", kAll + "/none", "", {}, 404, "NotFound"},
    {"a delete of another life",
     "DELETE",
     kOne,
     R"({"preconditions":{"uid":"x"}})",
     {},
     409,
     "Conflict"},
    {"an unknown policy", "DELETE", kOne + "?propagationPolicy=Never", "", {}, 422, "Invalid"},
    {"an unknown dry run", "DELETE", kOne + "?dryRun=Some", "", {}, 422, "Invalid"},
    {"a dry delete", "DELETE", kOne, R"({"dryRun":["All"]})", {}, 200, ""},
    {"a dry create", "POST", kAll + "?dryRun=All", model("dry"), {}, 201, ""},
    {"a method of nobody", "POST", kOne, "{}", {}, 405, "MethodNotAllowed"},
    {"a path of nobody", "GET", "/apis/orch/v2/models", "", {}, 404, "NotFound"},
    {"an internal kind", "GET", "/apis/orch/v1/jointokens", "", {}, 404, "NotFound"},
    {"initial events",
     "GET",
     kAll + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
     "",
     {},
     422,
     "Invalid"},
    {"a bad selector", "GET", kAll + "?labelSelector=%3D", "", {}, 400, "BadRequest"},
    {"an unknown field selector",
     "GET",
     kAll + "?fieldSelector=spec.x%3D1",
     "",
     {},
     400,
     "BadRequest"},
    {"a version of the future", "GET", kAll + "?resourceVersion=999999", "", {}, 504, "Timeout"},
    {"a type that nobody speaks", "GET", kOne, "", {{"Accept", "text/html"}}, 406, "NotAcceptable"},
    {"as somebody else", "GET", kOne, "", {{"Impersonate-User", "root"}}, 403, "Forbidden"},
};

TEST_F(Objects, WhatCannotBeIsRefusedAsKubernetesDoes) {
  ASSERT_EQ(post(kModels, model("m")).status, 201);
  ASSERT_EQ(ask(admin, "PATCH", kOne, R"({"metadata":{"labels":{"v":"2"}}})", kMerge).status, 200);
  const auto live = get(kOne).json();
  for (const auto& rule : kRules) {
    SCOPED_TRACE(rule.what);
    const auto answer = ask(admin, rule.method, rule.target, rule.body, rule.headers);
    EXPECT_EQ(answer.status, rule.status) << answer.body;
    EXPECT_EQ(answer.reason(), rule.reason) << answer.body;
    EXPECT_EQ(answer.json().integer_at("code", rule.status), rule.status);
  }
  EXPECT_EQ(get(kOne).json(), live) << "nothing of this changed anything";
}

TEST_F(Objects, AnUnknownFieldIsDroppedWithAWarningUnlessStrict) {
  ASSERT_EQ(post(kModels, model("m")).status, 201);
  const auto live = get(kOne).json();
  const auto warned = ask(admin, "PATCH", kOne, R"({"spec":{"sauce":1}})", kMerge);
  EXPECT_EQ(warned.status, 200);
  EXPECT_NE(wire::find_header(warned.headers, "Warning").value_or("").find("spec.sauce"),
            std::string::npos);
  EXPECT_EQ(get(kOne).json(), live);
}

TEST_F(Objects, ADeleteTellsWhatWent) {
  ASSERT_EQ(post(kModels, model("m")).status, 201);
  const auto gone = ask(admin, "DELETE", kOne);
  EXPECT_EQ(gone.json().text_at("status"), "Success");
  EXPECT_EQ(*gone.json().at({"details", "kind"}), Json("models"));
  EXPECT_EQ(get(kOne).status, 404);
}

TEST_F(Objects, ListsAndTablesAreNegotiated) {
  ASSERT_EQ(post(kModels, model("a", R"({"zone":"x"})")).status, 201);
  ASSERT_EQ(post(kModels, model("b")).status, 201);
  const wire::Headers table{{"Accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  const auto all = ask(admin, "GET", std::string(kModels) + "?limit=1", "", table).json();
  EXPECT_EQ(all.text_at("kind"), "Table");
  EXPECT_EQ(all.find("rows")->items().size(), 2U);
  const auto labelled = get(std::string(kModels) + "?labelSelector=zone%3Dx").json();
  EXPECT_EQ(labelled.find("items")->items().size(), 1U);
  const auto named = get(std::string(kModels) + "?fieldSelector=metadata.name%3Db").json();
  EXPECT_EQ(named.find("items")->items().size(), 1U);
  const auto removed = ask(admin, "DELETE", std::string(kModels) + "?labelSelector=zone%3Dx");
  EXPECT_EQ(removed.json().find("items")->items().size(), 1U);
  EXPECT_EQ(get("/apis/orch/v1/models/a").status, 404);
  EXPECT_EQ(get("/apis/orch/v1/models/b").status, 200);
}

TEST_F(Objects, TheChangeLogTellsWhoDidWhat) {
  ASSERT_EQ(post(kModels, model("a")).status, 201);
  const auto log = lines(get("/changes?from=0").body);
  ASSERT_FALSE(log.empty());
  const auto& last = log.back();
  EXPECT_EQ(last.text_at("who"), "admin");
  EXPECT_EQ(last.text_at("verb"), "create");
  EXPECT_EQ(last.text_at("object"), "Model/a");
  EXPECT_EQ(last.integer_at("revision"), revision());
  const auto more = stream(
      admin, "/changes?watch=true&from=" + std::to_string(revision()),
      [](const std::string& t) { return t.ends_with("\n"); },
      [&] { ASSERT_EQ(post(kModels, model("b")).status, 201); });
  EXPECT_EQ(lines(more)[0].text_at("object"), "Model/b");
  EXPECT_EQ(get("/changes?from=x").status, 400);
  const auto ahead = get("/changes?from=" + std::to_string(revision() + 1));
  EXPECT_EQ(ahead.status, 410);
  EXPECT_NE(ahead.message().find("has not been yet"), std::string::npos) << ahead.message();
}

}  // namespace
}  // namespace e2e
