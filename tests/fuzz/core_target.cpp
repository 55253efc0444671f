// SPDX-License-Identifier: Apache-2.0
#include "api/codec/check.hpp"
#include "api/codec/patch.hpp"
#include "base/text.hpp"
#include "controller/server/agents.hpp"
#include "tests/fuzz/lab.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

/// What agents and people tell a live core.
namespace fuzz {
namespace {

using api::Json;
using controller::Picture;
using controller::Rejection;
using controller::WriteOp;

constexpr int kLines = 24;  // of one input: each may be several rounds

/// Everything that was stored or heard, but of this machine and of what is decided about it.
struct Others {
  std::map<std::string, std::string> specs;                // of machines, by name
  std::map<std::string, std::vector<std::string>> scored;  // by uid of the run
  bool operator==(const Others&) const = default;
};

/// What was heard of the others is still that; of one that joined again it is nothing.
bool heard_the_same(const std::string& machine, const Picture& before, const Picture& after) {
  for (const auto& [name, contact] : after.world.contacts) {
    const auto known = before.world.contacts.find(name);
    if (name == machine || !contact.report) continue;
    if (known == before.world.contacts.end() || known->second.report != contact.report)
      return false;
  }
  return true;
}

Others others_than(const std::string& machine, const Picture& picture) {
  Others out;
  for (const auto& [name, m] : picture.world.machines)
    if (name != machine) out.specs[name] = api::write_json(api::to_json(m->spec));
  for (const auto& [name, run] : picture.world.runs) {
    const auto scored = picture.world.scored.find(run->metadata.uid);
    if (run->status.machine != machine && scored != picture.world.scored.end())
      out.scored[run->metadata.uid] = scored->second;
  }
  return out;
}

/// Every object with its bytes, and what is scored.
bool same_state(const Picture& a, const Picture& b) {
  if (a.revision != b.revision || a.world.scored != b.world.scored) return false;
  for (const auto& [kind, table] : a.records) {
    const auto other = b.records.find(kind);
    if (other == b.records.end() || other->second.size() != table.size()) return false;
    for (const auto& [name, record] : table) {
      const auto* twin = other->second.find(name);
      if (twin == nullptr || *twin->bytes != *record->bytes) return false;
    }
  }
  return true;
}

void check_answered(const Rejection& rejection) {
  promise(rejection.code >= 400 && rejection.code < 600 && !rejection.reason.empty(),
          "a refusal has a code and a reason");
  promise(base::is_utf8(rejection.message), "a refusal is valid UTF-8");
  promise(rejection.message.size() < 16 * 1024, "a refusal is of a readable length");
}

std::optional<api::Report> report_in(std::string_view body) {
  auto read = controller::read_report(body);
  if (const auto* rejection = std::get_if<Rejection>(&read)) {
    check_answered(*rejection);
    return std::nullopt;
  }
  auto report = std::get<api::Report>(std::move(read));
  const auto again = controller::read_report(api::write_json(api::to_json(report)));
  const auto* same = std::get_if<api::Report>(&again);
  promise(same != nullptr && *same == report, "a report that is written reads back");
  return report;
}

void tell_report(Lab& lab, const std::string& machine, const api::Report& report) {
  const auto before = lab.durable();
  const auto answer = lab.report(machine, report);
  const auto& after = lab.durable();
  promise(others_than(machine, before) == others_than(machine, after) &&
              heard_the_same(machine, before, after),
          "a report changes nothing that another machine said or has");
  if (answer.rejection) {
    check_answered(*answer.rejection);
    promise(same_state(before, after), "a report that is refused changes nothing");
    return;
  }
  promise(report.machine == machine && !(report.term > before.world.term),
          "a report that is taken is its machine's own, of a term that was given out");
  promise(answer.revision <= after.revision, "an answer knows no later revision");
  // The same once more is stale: it came on two ways.
  const auto settled = lab.durable();
  promise(!lab.report(machine, report).rejection && same_state(settled, lab.durable()),
          "a report that comes twice changes nothing");
}

void tell_samples(Lab& lab, const std::string& machine, const std::string& uid,
                  std::string_view body) {
  const auto read = controller::read_samples(body, uid);
  if (const auto* rejection = std::get_if<Rejection>(&read)) return check_answered(*rejection);
  const auto& samples = std::get<std::vector<api::Sample>>(read);
  const auto before = lab.durable();
  const auto answer = lab.samples(machine, uid, samples);
  const auto& after = lab.durable();
  promise(others_than(machine, before) == others_than(machine, after),
          "samples change nothing of a run that is bound elsewhere");
  if (answer.rejection) {
    check_answered(*answer.rejection);
    promise(same_state(before, after), "samples that are refused change nothing");
    return;
  }
  const auto scored = after.world.scored.find(uid);
  for (const auto& sample : samples)
    promise(!api::is_scored(sample.outcome) ||
                (scored != after.world.scored.end() &&
                 std::binary_search(scored->second.begin(), scored->second.end(), sample.task)),
            "what is acknowledged is scored");
  const auto settled = lab.durable();
  promise(!lab.samples(machine, uid, samples).rejection &&
              settled.world.scored == lab.durable().world.scored &&
              settled.world.tallies == lab.durable().world.tallies,
          "samples that come twice are counted once");
}

void wish(Lab& lab, WriteOp op) {
  const auto before = lab.durable();
  const auto outcome = lab.write(op);
  promise(outcome.admissions.size() == 1, "one answer for each wish");
  if (const auto* rejection = std::get_if<Rejection>(&outcome.admissions[0])) {
    check_answered(*rejection);
    promise(same_state(before, lab.durable()), "a wish that is refused changes nothing");
    return;
  }
  const auto& object = std::get<controller::Admitted>(outcome.admissions[0]).object;
  const auto* kind = api::find_kind(object.text_at("kind"));
  promise(kind != nullptr, "what is stored has a kind");
  if (op.verb == WriteOp::Verb::remove) return;
  promise(api::check_object(object, *kind).empty(), "what is stored passes every check");
  // What asks for a name of its own is another object each time.
  const auto* name = op.body.at({"metadata", "name"});
  if (op.verb != WriteOp::Verb::apply || name == nullptr || *name == Json("")) return;
  const auto again = lab.write(std::move(op));
  const auto* same = std::get_if<controller::Admitted>(&again.admissions.at(0));
  promise(same != nullptr && same->what == controller::Admitted::What::unchanged,
          "a wish that comes twice is one");
}

WriteOp op_in(WriteOp::Verb verb, std::string_view kind, std::string_view name, Json body) {
  WriteOp op;
  op.verb = verb;
  op.kind = std::string(kind);
  op.name = std::string(name);
  op.body = std::move(body);
  return op;
}

/// `KIND NAME rest`; false where the kind is none that people write.
bool cut_names(std::string_view& text, const api::Kind*& kind, std::string_view& name) {
  const auto first = text.find(' ');
  if (first == std::string_view::npos) return false;
  kind = api::find_kind(text.substr(0, first));
  text.remove_prefix(first + 1);
  const auto second = std::min(text.find(' '), text.size());
  name = text.substr(0, second);
  text.remove_prefix(std::min(second + 1, text.size()));
  return kind != nullptr && kind->spec != nullptr && kind->door == api::Kind::Door::open;
}

std::string uid_of(const Lab& lab, const std::string& run) {
  const auto* found = lab.durable().world.runs.find(run);
  return found == nullptr ? "gone" : found->metadata.uid;
}

Json honest_sample(const Lab& lab, const std::string& run, std::string_view patch) {
  const auto* found = lab.durable().world.runs.find(run);
  auto sample = Json::object({{"task", "t1"}, {"outcome", "pass"}, {"score", 1}});
  sample.set("attempt", found == nullptr ? std::int64_t{1} : found->status.attempt);
  const auto change = api::parse_json(patch);
  return change ? api::merge_patched(std::move(sample), *change) : sample;
}

void play_write(Lab& lab, char what, std::string_view rest) {
  auto body = api::parse_json(rest);
  if (what == 'W' && body && body->is_object())
    return wish(lab, op_in(WriteOp::Verb::apply, body->text_at("kind"), "", *body));
  const api::Kind* kind = nullptr;
  std::string_view name;
  if (!cut_names(rest, kind, name)) return;
  if (what == 'D') return wish(lab, op_in(WriteOp::Verb::remove, kind->name, name, {}));
  body = api::parse_json(rest);
  if (!body) return;
  const auto verb = body->is_array() ? WriteOp::Verb::json_patch : WriteOp::Verb::merge_patch;
  if (what == 'P') wish(lab, op_in(verb, kind->name, name, *body));
}

/// A letter for what happens, then its machine or run, then its body:
/// `Ra {..}` a report as it came, `Ha {..}` an honest one with a patch, `s1 ..` samples of run r1
/// as they came (tabs are line breaks), `S1 {..}` an honest one with a patch, `Ja` the machine
/// joins again, `W {..}` apply, `P KIND NAME [..]` patch, `D KIND NAME` delete, `T9` seconds, `X`
/// restart.
void play(Lab& lab, std::string_view line) {
  if (line.empty()) return;
  const char what = line[0];
  const char whom = line.size() > 1 ? line[1] : 'a';
  const auto rest = base::trimmed(line.substr(std::min<std::size_t>(2, line.size())));
  const std::string machine = whom == 'b' ? "b" : "a";
  const std::string run = whom == '2' ? "r2" : "r1";
  const auto* bound = lab.durable().world.runs.find(run);
  const auto host = bound == nullptr || whom == 'x' ? std::string("b") : bound->status.machine;
  switch (what) {
    case 'R':
      if (const auto report = report_in(rest)) tell_report(lab, machine, *report);
      break;
    case 'H': {
      auto json = api::to_json(lab.honest(machine));
      if (const auto patch = api::parse_json(rest)) json = api::merge_patched(json, *patch);
      if (const auto report = report_in(api::write_json(json))) tell_report(lab, machine, *report);
      break;
    }
    case 's': {
      std::string body(rest);
      std::replace(body.begin(), body.end(), '\t', '\n');
      tell_samples(lab, host, uid_of(lab, run), body);
      break;
    }
    case 'S':
      tell_samples(lab, host, uid_of(lab, run), api::write_json(honest_sample(lab, run, rest)));
      break;
    case 'J': lab.core().joined(machine); break;
    case 'T': lab.pass(base::Duration{1'000} * (1 + (whom & 0x3f) * 2)); break;
    case 'X': lab.restart(); break;
    default: play_write(lab, what, rest);
  }
}

void check_end(Lab& lab) {
  (void)lab.settle();
  const auto revision = lab.durable().revision;
  (void)lab.settle();
  promise(lab.durable().revision == revision, "at rest nothing is written");
  for (const auto* machine : {"a", "b"}) {
    const auto assignment = lab.core().assignment(machine);
    promise(api::from_json<api::Assignment>(api::to_json(assignment)) == assignment,
            "an assignment reads back");
    promise(assignment.servers.size() <= 1, "a machine has at most one server to run");
  }
  lab.restart();
}

}  // namespace

void run_agent_report(std::string_view input) {
  auto lab = Lab::ready();
  int lines = 0;
  for (const auto& line : base::split(input, '\n')) {
    if (++lines > kLines) break;
    // Names come in paths, which are held to this before anybody sees them.
    if (base::is_utf8(line)) play(lab, line);
  }
  check_end(lab);
}

/// One body of an object, applied twice.
void run_write(std::string_view input) {
  auto lab = Lab::ready();
  play_write(lab, 'W', input);
  check_end(lab);
}

}  // namespace fuzz
