// SPDX-License-Identifier: Apache-2.0
#include "controller/core/admission.hpp"

#include "base/dice.hpp"
#include "base/text.hpp"
#include "tests/support/random_value.hpp"
#include "tests/unit/controller/book.hpp"

#include <gtest/gtest.h>

namespace controller {
namespace {

using api::Json;

std::vector<std::string> warnings_of(const Admission& admission) {
  return std::get<Admitted>(admission).warnings;
}
std::string text(const Json& object, std::initializer_list<std::string_view> path) {
  const auto* found = object.at(path);
  return found == nullptr || !found->is_string() ? "" : found->string();
}
Json with_metadata(Json object, std::string_view patch) {
  const auto more = parsed(patch);
  for (const auto& [key, value] : more.members())
    object["metadata"].set(key, value);
  return object;
}
WriteOp loose(WriteOp op, FieldValidation validation) {
  op.validation = validation;
  return op;
}
/// The fields that a 422 complains of.
std::string fields_of(const Admission& admission) {
  std::string out;
  const auto* causes = rejection_of(admission).details.find("causes");
  if (causes == nullptr) return rejection_of(admission).message;
  for (const auto& cause : causes->items())
    out += (out.empty() ? "" : " ") + cause.text_at("field");
  return out;
}

TEST(Create, TheServerWritesWhatIsTheServers) {
  Book book;
  auto body = with_metadata(machine_json("a"), R"({"uid":"mine","generation":9,
      "creationTimestamp":"2001-01-01T00:00:00Z","deletionTimestamp":"2001-01-01T00:00:00Z",
      "ownerReferences":[{"name":"x"}],"selfLink":"/x","labels":{"rig":"dell"}})");
  body.set("status", parsed(R"({"agentVersion":"forged"})"));
  const auto admission = book.write(create(body));
  ASSERT_EQ(said(admission), "created");
  const auto& object = object_of(admission);
  EXPECT_EQ(api::write_json(*object.find("metadata")),
            R"({"creationTimestamp":"2027-01-15T08:00:00Z","generation":1,"labels":{"rig":"dell"},)"
            R"("name":"a","resourceVersion":"1","uid":"uid-1"})");
  EXPECT_EQ(object.find("status"), nullptr);
  EXPECT_EQ(object.text_at("apiVersion"), "orch/v1");
  EXPECT_EQ(object, book.object("Machine", "a")) << "the answer is what is stored";
}

TEST(Create, DefaultsAreStoredAndTextsStayAsTheyWereWritten) {
  Book book;
  const auto object = object_of(book.write(
      create(parsed(R"({"kind":"Machine","metadata":{"name":"a"},"spec":{"memory":"96G"}})"))));
  EXPECT_EQ(api::write_json(*object.find("spec")),
            R"({"benchSlots":1,"memory":"96G","roles":["model-server"],"sandboxes":0})");
}

TEST(Create, ARetryFindsItThere) {
  Book book;
  ASSERT_EQ(said(book.write(create(machine_json("a")))), "created");
  const auto before = book.object("Machine", "a");
  const auto again = book.write(create(machine_json("a")));
  EXPECT_EQ(said(again), "409 AlreadyExists");
  EXPECT_EQ(rejection_of(again).message, "machines.orch \"a\" already exists");
  EXPECT_EQ(book.object("Machine", "a"), before);
  EXPECT_EQ(book.revision(), 1);
}

TEST(Create, WhatDoesNotBelongThereIsRefused) {
  auto named_otherwise = create(machine_json("a"));
  named_otherwise.name = "b";
  auto of_another_kind = create(machine_json("a"));
  of_another_kind.kind = "Model";
  auto no_name = machine_json("a");
  no_name["metadata"].erase("name");
  auto other_version = machine_json("a");
  other_version.set("apiVersion", "orch/v2");
  struct Case {
    const char* name;
    WriteOp op;
    std::string said;
  };
  const Case cases[] = {
      {"a resourceVersion", create(with_metadata(machine_json("a"), R"({"resourceVersion":"1"})")),
       "400 BadRequest"},
      {"another name than the URL's", named_otherwise, "400 BadRequest"},
      {"another kind than the URL's", of_another_kind, "400 BadRequest"},
      {"another version", create(other_version), "400 BadRequest"},
      {"no name", create(no_name), "422 Invalid"},
      {"a name that is no label", create(machine_json("No_Label")), "422 Invalid"},
      {"no kind that we know", create(parsed(R"({"kind":"Pod","metadata":{"name":"a"}})")),
       "400 BadRequest"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Book book;
    EXPECT_EQ(said(book.write(c.op)), c.said);
    EXPECT_EQ(book.revision(), 0);
  }
}

TEST(Create, ANameIsGenerated) {
  Book book;
  auto body = with_metadata(run_json("x", "m"), R"({"generateName":"try-"})");
  body["metadata"].erase("name");
  EXPECT_EQ(text(object_of(book.write(create(body))), {"metadata", "name"}), "try-uid-1");
}

TEST(Create, EveryComplaintIsSaidAtOnce) {
  Book book;
  const auto admission = book.write(create(parsed(R"({"kind":"ModelDeployment",
      "metadata":{"name":"UPPER","labels":{"orch.origin":"queue"},"finalizers":"x"},
      "spec":{"priority":101,"state":"Warm","maxHot":"soon"}})")));
  EXPECT_EQ(said(admission), "422 Invalid");
  EXPECT_EQ(fields_of(admission),
            "metadata.name metadata.labels[\"orch.origin\"] metadata.finalizers spec.maxHot "
            "spec.priority spec.state spec.model");
}

TEST(Create, UnknownFieldsAreRefusedWarnedOfOrDropped) {
  auto body = model_json("m", R"({"minMemry":"1G"})");
  body.set("stauts", 1);
  Book book;
  const auto strict = book.write(create(body));
  ASSERT_EQ(said(strict), "400 BadRequest");
  EXPECT_EQ(rejection_of(strict).message,
            "Model in version \"v1\" cannot be handled as a Model: strict decoding error: unknown "
            "field \"stauts\", unknown field \"spec.minMemry\"; did you mean \"minMemory\"?");
  const auto warned = book.write(loose(create(body), FieldValidation::warn));
  ASSERT_EQ(said(warned), "created");
  EXPECT_EQ(warnings_of(warned).size(), 3u) << "two fields and the runtime that is not there yet";
  EXPECT_EQ(object_of(warned).at({"spec", "minMemry"}), nullptr);
  body["metadata"].set("name", "m2");
  const auto ignored = book.write(loose(create(body), FieldValidation::ignore));
  ASSERT_EQ(said(ignored), "created");
  EXPECT_EQ(warnings_of(ignored).size(), 1u);
}

TEST(Create, AReferenceThatLeadsNowhereYetIsAWarning) {
  Book book;
  EXPECT_EQ(warnings_of(book.write(create(deployment_json("d", "m")))),
            std::vector<std::string>{"spec.model: Model \"m\" does not exist (yet)"});
  (void)book.write(create(runtime_json()));
  (void)book.write(create(model_json("m")));
  EXPECT_TRUE(warnings_of(book.write(create(deployment_json("e", "m")))).empty());
  const auto nested = model_json("n", R"({"runtimes":[{"runtime":"rt"},{"runtime":"gone"}]})");
  EXPECT_EQ(
      warnings_of(book.write(create(nested))),
      std::vector<std::string>{"spec.runtimes[1].runtime: Runtime \"gone\" does not exist (yet)"});
  const auto group = warnings_of(book.write(create(
      parsed(R"({"kind":"MachineGroup","metadata":{"name":"g"},"spec":{"members":["a","b"]}})"))));
  EXPECT_EQ(group[0], "spec.members[0]: Machine \"a\" does not exist (yet)");
  EXPECT_EQ(group[1], "spec.members[1]: Machine \"b\" does not exist (yet)");
}

TEST(Create, AMillionComplaintsAreNoMessageOfMegabytes) {
  Book book;
  auto body = model_json("m");
  for (int i = 0; i < 10'000; ++i)
    body.set("k" + std::to_string(i), 1);
  const auto refused = book.write(loose(create(body), FieldValidation::strict));
  ASSERT_EQ(said(refused), "400 BadRequest");
  EXPECT_LT(rejection_of(refused).message.size(), 10'000U);
}

TEST(Create, WhatNothingActsOnSaysSo) {
  Book book;
  const auto admission = book.write(create(
      parsed(R"({"kind":"MachineGroup","metadata":{"name":"g"},"spec":{"members":["a"]}})")));
  const auto& warnings = warnings_of(admission);
  EXPECT_EQ(warnings.back(), "nothing acts on MachineGroup in this version");
  const auto& condition = object_of(admission).at({"status", "conditions"})->items().at(0);
  EXPECT_EQ(condition.text_at("type") + "=" + condition.text_at("status") + " " +
                condition.text_at("reason"),
            "Reconciled=False NotImplemented");
}

TEST(Update, TheSystemsLabelsAreTheSystems) {
  Book book;
  auto body = with_metadata(deployment_json("d", "m"), R"({"labels":{"orch.origin":"queue"}})");
  ASSERT_EQ(said(book.write_as_system(create(body))), "created");
  struct Case {
    const char* name;
    const char* patch;
    std::string said;
  };
  const Case cases[] = {
      {"changed", R"({"metadata":{"labels":{"orch.origin":"me"}}})", "422 Invalid"},
      {"dropped", R"({"metadata":{"labels":{"orch.origin":null}}})", "422 Invalid"},
      {"all dropped", R"({"metadata":{"labels":null}})", "422 Invalid"},
      {"another added", R"({"metadata":{"labels":{"orch.x":"y"}}})", "422 Invalid"},
      {"a person's own", R"({"metadata":{"labels":{"rig":"dell"}}})", "configured"},
      {"left alone", R"({"spec":{"priority":60}})", "configured"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(said(book.write(merge("ModelDeployment", "d", c.patch))), c.said);
  }
  EXPECT_EQ(said(book.write(apply(deployment_json("d", "m")))), "configured");
  EXPECT_EQ(text(book.object("ModelDeployment", "d"), {"metadata", "labels", "orch.origin"}),
            "queue")
      << "who applies a manifest without it keeps it";
}

TEST(Update, AReplaceNeedsTheRevisionThatItSaw) {
  Book book;
  (void)book.write(create(machine_json("a")));
  auto fetched = book.object("Machine", "a");
  auto blind = fetched;
  blind["metadata"].erase("resourceVersion");
  EXPECT_EQ(said(book.write(replace(blind))), "422 Invalid");

  auto first = fetched, second = fetched;
  first["spec"].set("drain", true);
  second["spec"].set("unschedulable", true);
  EXPECT_EQ(said(book.write(replace(first))), "configured");
  const auto lost = book.write(replace(second));
  EXPECT_EQ(said(lost), "409 Conflict");
  EXPECT_EQ(rejection_of(lost).message,
            "Operation cannot be fulfilled on machines.orch \"a\": the object has been modified; "
            "please apply your changes to the latest version and try again");
  EXPECT_EQ(book.object("Machine", "a").at({"spec", "unschedulable"}), nullptr);
  auto renamed = replace(book.object("Machine", "a"));
  renamed.name = "b";
  EXPECT_EQ(said(book.write(renamed)), "404 NotFound");
}

TEST(Update, AGenerationIsASpec) {
  Book book;
  (void)book.write(create(machine_json("a")));
  const auto generation = [&] {
    return book.object("Machine", "a").at({"metadata", "generation"})->integer();
  };
  (void)book.write(merge("Machine", "a", R"({"metadata":{"labels":{"rig":"dell"}}})"));
  EXPECT_EQ(generation(), 1);
  (void)book.write(merge("Machine", "a", R"({"spec":{"drain":true}})"));
  EXPECT_EQ(generation(), 2);
  (void)book.write(merge_status("Machine", "a", R"({"status":{"bootId":"b"}})"));
  EXPECT_EQ(generation(), 2);
  (void)book.write(merge("Machine", "a", R"({"metadata":{"generation":77,"uid":"uid-1"}})"));
  EXPECT_EQ(generation(), 2) << "nobody but the server writes it";
}

TEST(Update, WhatChangesNothingMakesNoRevision) {
  Book book;
  (void)book.write(create(machine_json("a")));
  EXPECT_EQ(said(book.write(replace(book.object("Machine", "a")))), "unchanged");
  EXPECT_EQ(said(book.write(merge("Machine", "a", R"({"spec":{"memory":"96G"}})"))), "unchanged");
  EXPECT_EQ(said(book.write(merge("Machine", "a", R"({"spec":{"drain":null}})"))), "unchanged");
  EXPECT_EQ(said(book.write(merge_status("Machine", "a", "{}"))), "unchanged");
  EXPECT_EQ(book.revision(), 1);
}

TEST(Update, PreconditionsOfAPatch) {
  Book book;
  (void)book.write(create(machine_json("a")));
  const auto patch = [&](const char* metadata) {
    return said(book.write(
        merge("Machine", "a",
              std::string(R"({"metadata":)") + metadata + R"(,"spec":{"sandboxes":3}})")));
  };
  EXPECT_EQ(patch(R"({"resourceVersion":"99"})"), "409 Conflict");
  EXPECT_EQ(patch(R"({"uid":"other"})"), "409 Conflict");
  EXPECT_EQ(patch(R"({"resourceVersion":"1","uid":"uid-1"})"), "configured");
  EXPECT_EQ(said(book.write(merge("Machine", "z", "{}"))), "404 NotFound");
}

TEST(Update, AJsonPatch) {
  Book book;
  (void)book.write(create(machine_json("a")));
  const auto patch = [&](const char* ops) {
    auto op = merge("Machine", "a", ops);
    op.verb = WriteOp::Verb::json_patch;
    return said(book.write(op));
  };
  EXPECT_EQ(patch(R"([{"op":"add","path":"/spec/drain","value":true}])"), "configured");
  EXPECT_EQ(patch(R"([{"op":"test","path":"/spec/drain","value":false}])"), "422 Invalid");
  EXPECT_EQ(patch(R"([{"op":"dance","path":"/spec"}])"), "400 BadRequest");
  EXPECT_EQ(patch(R"({"op":"add"})"), "400 BadRequest");
  EXPECT_EQ(patch(R"([{"op":"replace","path":"/metadata","value":"x"}])"), "422 Invalid");
}

TEST(Update, AStatusPartTouchesTheStatusAlone) {
  Book book;
  (void)book.write(create(machine_json("a")));
  ASSERT_EQ(said(book.write(merge_status("Machine", "a",
                                         R"({"spec":{"drain":true},"metadata":{"labels":{"x":"y"}},
                                    "status":{"bootId":"b1"}})"))),
            "configured");
  const auto object = book.object("Machine", "a");
  EXPECT_EQ(object.at({"spec", "drain"}), nullptr);
  EXPECT_EQ(object.at({"metadata", "labels"}), nullptr);
  EXPECT_EQ(text(object, {"status", "bootId"}), "b1");
  EXPECT_EQ(text(object, {"metadata", "resourceVersion"}), "2");
  // And the other way round.
  (void)book.write(merge("Machine", "a", R"({"spec":{"drain":true},"status":{"bootId":"b2"}})"));
  EXPECT_EQ(text(book.object("Machine", "a"), {"status", "bootId"}), "b1");
}

TEST(Update, ImmutableFieldsStay) {
  Book book;
  (void)book.write(create(run_json("r", "m1", R"({"seed":7})")));
  for (const auto* patch :
       {R"({"spec":{"model":"m2"}})", R"({"spec":{"bench":"c"}})", R"({"spec":{"seed":8}})",
        R"({"spec":{"seed":null}})", R"({"spec":{"tasks":["t1"]}})", R"({"spec":{"repeat":2}})"}) {
    SCOPED_TRACE(patch);
    EXPECT_EQ(said(book.write(merge("BenchRun", "r", patch))), "422 Invalid");
  }
  EXPECT_EQ(said(book.write(merge("BenchRun", "r", R"({"spec":{"cancel":true}})"))), "configured");
  EXPECT_EQ(said(book.write(apply(run_json("r", "m2")))), "422 Invalid");
}

TEST(Apply, RemembersWhatWasAppliedAsKubectlDoes) {
  Book book;
  auto manifest = machine_json("a", R"({"drain":true})");
  ASSERT_EQ(said(book.write(apply(manifest))), "created");
  const auto note = text(book.object("Machine", "a"), {"metadata", "annotations", kLastApplied});
  manifest["metadata"].set("annotations", Json::object());
  EXPECT_EQ(note, api::write_json(manifest) + "\n");
}

TEST(Apply, TheSameAgainIsNothing) {
  Book book;
  const auto manifest = model_json("m", R"({"parsers":{"tool":"hermes"},"diskBytes":null})");
  ASSERT_EQ(said(book.write(apply(manifest))), "created");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(said(book.write(apply(manifest))), "unchanged");
  EXPECT_EQ(book.revision(), 1);
  // Also what `get -o yaml` gave, with everything the server wrote.
  auto fetched = book.object("Model", "m");
  fetched["metadata"].erase("annotations");
  EXPECT_EQ(said(book.write(apply(fetched))), "configured") << "the memory differs, once";
  EXPECT_EQ(said(book.write(apply(fetched))), "unchanged");
}

TEST(Apply, KeepsWhatOthersWroteAndDropsWhatIsNotAskedForAnyMore) {
  Book book;
  // What an agent proposed.
  ASSERT_EQ(said(book.write_as_system(create(machine_json("a", R"({"memory":"96000Mi",
      "class":"pro6000"})")))),
            "created");
  ASSERT_EQ(said(book.write(apply(machine_json("a", R"({"memory":"90G","sandboxes":16,
      "cost":{"perHour":0.85,"watts":600}})")))),
            "configured");
  auto spec = *book.object("Machine", "a").find("spec");
  EXPECT_EQ(spec.text_at("class"), "pro6000");
  EXPECT_EQ(spec.text_at("memory"), "90G");
  // A person changed something else in between; then the manifest loses two fields.
  (void)book.write(merge("Machine", "a", R"({"spec":{"unschedulable":true}})"));
  ASSERT_EQ(said(book.write(apply(machine_json("a", R"({"memory":"90G",
      "cost":{"perHour":0.9}})")))),
            "configured");
  spec = *book.object("Machine", "a").find("spec");
  EXPECT_EQ(api::write_json(spec),
            R"({"benchSlots":1,"class":"pro6000","cost":{"perHour":0.9},"memory":"90G",)"
            R"("roles":["model-server","bench-host"],"sandboxes":0,"unschedulable":true})");
}

TEST(Apply, AnOldResourceVersionInTheManifestIsNoObstacle) {
  Book book;
  (void)book.write(apply(machine_json("a")));
  (void)book.write(merge("Machine", "a", R"({"spec":{"drain":true}})"));
  auto old = with_metadata(machine_json("a", R"({"sandboxes":2})"), R"({"resourceVersion":"1"})");
  EXPECT_EQ(said(book.write(apply(old))), "configured");
}

TEST(ThreeWay, Merges) {
  struct Case {
    const char* name;
    const char *live, *last, *wanted, *result;
  };
  const Case cases[] = {
      {"what others wrote stays", R"({"a":1,"b":2})", "{}", R"({"b":3})", R"({"a":1,"b":3})"},
      {"what was applied and is gone goes", R"({"a":1,"b":2})", R"({"a":1})", "{}", R"({"b":2})"},
      {"also when others changed it", R"({"a":9})", R"({"a":1})", "{}", "{}"},
      {"deep", R"({"s":{"x":1,"y":2,"z":3}})", R"({"s":{"x":1,"y":2}})", R"({"s":{"x":5}})",
       R"({"s":{"x":5,"z":3}})"},
      {"lists are whole", R"({"l":[1,2,3]})", R"({"l":[1]})", R"({"l":[4]})", R"({"l":[4]})"},
      {"another kind of value wins", R"({"a":{"b":1}})", "{}", R"({"a":7})", R"({"a":7})"},
      {"nothing was applied before", R"({"a":1})", "null", R"({"b":2})", R"({"a":1,"b":2})"},
      {"gone already", R"({"b":1})", R"({"a":1})", R"({"b":1})", R"({"b":1})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(api::write_json(three_way(parsed(c.live), parsed(c.last), parsed(c.wanted))),
              c.result);
  }
}

TEST(Admission, NoShapeOfABodyStopsTheController) {
  const char* bodies[] = {
      R"({"kind":"Machine","metadata":"x"})",
      R"({"kind":"Machine","metadata":[1]})",
      R"({"kind":"Machine","metadata":7,"spec":{}})",
      R"({"kind":"Machine","metadata":null})",
      R"({"kind":"Machine","metadata":{"name":"a","annotations":"x"}})",
      R"({"kind":"Machine","metadata":{"name":"a","annotations":[]}})",
      R"({"kind":"Machine","metadata":{"name":"a","annotations":{"x":1}}})",
      R"({"kind":"Machine","metadata":{"name":"a","labels":[]}})",
      R"({"kind":"Machine","metadata":{"name":"a","labels":{"x":1}}})",
      R"({"kind":"Machine","metadata":{"name":"a","finalizers":{}}})",
      R"({"kind":"Machine","metadata":{"name":"a","finalizers":[1]}})",
      R"({"kind":"Machine","metadata":{"name":["a"]}})",
      R"({"kind":"Machine","metadata":{"name":"a"},"spec":"x"})",
      R"({"kind":"Machine","metadata":{"name":"a"},"spec":[]})",
      R"({"kind":7,"metadata":{"name":"a"},"spec":[]})",
      "[]",
      "\"x\"",
      "7",
  };
  for (const auto* body : bodies) {
    SCOPED_TRACE(body);
    for (const auto verb : {WriteOp::Verb::create, WriteOp::Verb::apply, WriteOp::Verb::replace,
                            WriteOp::Verb::merge_patch, WriteOp::Verb::json_patch}) {
      Book book;
      (void)book.write(create(machine_json("a")));
      WriteOp op;
      op.verb = verb;
      op.kind = "Machine";
      op.name = verb == WriteOp::Verb::create || verb == WriteOp::Verb::apply ? "" : "a";
      op.body = parsed(body);
      const bool refused = std::holds_alternative<Rejection>(book.write(op));
      EXPECT_TRUE(!refused || book.revision() == 1);
    }
  }
}

// Whatever is asked is answered; what is refused changes nothing; what is stored reads back.
TEST(Admission, RandomBodiesAreAnswered) {
  base::Dice dice(11);
  static constexpr const char* kSpots[] = {"metadata", "spec", "status", "kind", "apiVersion"};
  for (int i = 0; i < 2'000; ++i) {
    SCOPED_TRACE(i);
    Book book;
    const auto& kind = api::kinds()[static_cast<std::size_t>(dice.upto(7))];
    auto whole = Json::object({{"kind", kind.name}});
    whole["metadata"].set("name", "a");
    whole.set("spec", support::random_value(*kind.spec, dice));
    (void)book.write(create(whole));
    const auto before = book.revision();
    WriteOp op;
    op.kind = kind.name;
    op.validation = static_cast<FieldValidation>(dice.upto(3));
    op.verb = static_cast<WriteOp::Verb>(dice.upto(5));
    op.part = dice.one_in(4) ? WriteOp::Part::status : WriteOp::Part::object;
    if (op.verb != WriteOp::Verb::create) op.name = "a";
    op.body = whole;
    if (dice.one_in(8)) op.body = support::random_json(dice);
    if (op.body.is_object() && dice.one_in(2))
      op.body.set(kSpots[dice.upto(5)], support::random_json(dice));
    if (op.body.is_object() && op.body["metadata"].is_object() && dice.one_in(2))
      op.body["metadata"].set(dice.one_in(2) ? "annotations" : "labels",
                              support::random_json(dice));
    const auto admission = book.write(op);
    ASSERT_TRUE(!std::holds_alternative<Rejection>(admission) || book.revision() == before);
    const auto* record = book.draft.picture().find(kind.name, "a");
    if (record == nullptr) continue;
    ASSERT_EQ(api::write_json(*api::parse_json(*record->bytes)), *record->bytes);
  }
}

}  // namespace
}  // namespace controller
