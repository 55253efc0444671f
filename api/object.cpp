// SPDX-License-Identifier: Apache-2.0
#include "api/object.hpp"

#include "api/bench.hpp"
#include "api/machine_group.hpp"
#include "api/model_deployment.hpp"

#include <algorithm>
#include <set>

namespace api {
namespace {

constexpr std::array<std::string_view, 4> kStopSignals{"TERM", "INT", "QUIT", "HUP"};

std::string known_list(const std::vector<std::string_view>& known) {
  std::string text;
  for (const auto k : known)
    text += (text.empty() ? "$(" : ", $(") + std::string(k) + ")";
  return text;
}

/// The next `$(name)` or `$$(name)` at or after `from`; `npos` when there is none.
struct Reference {
  std::size_t at = std::string_view::npos, end = 0;
  std::string_view name;
  bool literal = false;
};
Reference next_reference(std::string_view text, std::size_t from) {
  for (auto i = text.find('$', from); i != std::string_view::npos; i = text.find('$', i + 1)) {
    const bool literal = text.substr(i).starts_with("$$(");
    if (!literal && !text.substr(i).starts_with("$(")) continue;
    const auto open = i + (literal ? 3 : 2);
    const auto close = text.find(')', open);
    if (close == std::string_view::npos) return {};
    return {i, close + 1, text.substr(open, close - open), literal};
  }
  return {};
}

void check_env(const std::vector<EnvVar>& env, const std::string& path,
               const std::vector<std::string_view>& known, Findings& findings) {
  for (std::size_t i = 0; i < env.size(); ++i)
    check_variables({env[i].value}, path + "[" + std::to_string(i) + "].value", known, findings);
}

}  // namespace

const Condition* find_condition(const Conditions& conditions, std::string_view type) {
  for (const auto& c : conditions)
    if (c.type == type) return &c;
  return nullptr;
}

void set_condition(Conditions& conditions, Condition wanted, base::Instant now) {
  for (auto& c : conditions) {
    if (c.type != wanted.type) continue;
    wanted.since = c.status == wanted.status ? c.since : Time{now};
    c = std::move(wanted);
    return;
  }
  wanted.since = Time{now};
  conditions.push_back(std::move(wanted));
}

void check_variables(const std::vector<std::string>& texts, const std::string& path,
                     const std::vector<std::string_view>& known, Findings& findings) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string at =
        texts.size() == 1 && path.ends_with("value") ? path : path + "[" + std::to_string(i) + "]";
    for (auto r = next_reference(texts[i], 0); r.at != std::string_view::npos;
         r = next_reference(texts[i], r.end)) {
      if (r.literal || std::find(known.begin(), known.end(), r.name) != known.end()) continue;
      findings.push_back({at,
                          "unknown variable \"$(" + std::string(r.name) +
                              ")\"; known here: " + known_list(known) + "; write \"$$(" +
                              std::string(r.name) + ")\" for the text itself",
                          Finding::Reason::invalid});
    }
  }
}

std::string expanded(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  std::size_t from = 0;
  for (auto r = next_reference(text, 0); r.at != std::string_view::npos;
       r = next_reference(text, r.end)) {
    out += text.substr(from, r.at - from);
    from = r.end;
    const auto found = values.find(std::string(r.name));
    if (r.literal)
      out += text.substr(r.at + 1, r.end - r.at - 1);
    else if (found != values.end())
      out += found->second;
    else
      out += text.substr(r.at, r.end - r.at);
  }
  return out += text.substr(from);
}

void MachineGroupSpec::rules(const MachineGroupSpec& spec, const std::string& path,
                             Findings& findings) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < spec.members.size(); ++i)
    if (!seen.insert(spec.members[i]).second)
      findings.push_back({path + ".members[" + std::to_string(i) + "]",
                          "Duplicate value: \"" + spec.members[i] + "\"",
                          Finding::Reason::duplicate});
}

void EnvVar::rules(const EnvVar& v, const std::string& path, Findings& findings) {
  if (v.name.starts_with("LD_") || v.name.starts_with("ORCH_"))
    findings.push_back(
        {path + ".name",
         "\"" + v.name + "\" is refused: LD_* changes what is loaded, ORCH_* is ours",
         Finding::Reason::forbidden});
  if (v.name.find('=') != std::string::npos)
    findings.push_back({path + ".name", "a name has no \"=\"", Finding::Reason::invalid});
  if (std::any_of(v.name.begin(), v.name.end(), [](char c) { return c <= ' ' || c > '~'; }))
    findings.push_back({path + ".name", "a name is of printable ASCII characters without blanks",
                        Finding::Reason::invalid});
  if (!v.value.empty() && !v.secret.empty())
    findings.push_back({path, "give value or secret, not both", Finding::Reason::invalid});
}

void Stop::rules(const Stop& v, const std::string& path, Findings& findings) {
  if (std::find(kStopSignals.begin(), kStopSignals.end(), v.signal) == kStopSignals.end())
    findings.push_back({path + ".signal",
                        "Unsupported value: \"" + v.signal +
                            "\": supported values: \"TERM\", \"INT\", \"QUIT\", \"HUP\"",
                        Finding::Reason::not_supported});
}

void RuntimeSpec::rules(const RuntimeSpec& spec, const std::string& path, Findings& findings) {
  const std::vector<std::string_view> known{"model.name", "model.source", "port"};
  const std::vector<std::string_view> many{"model.name", "model.source",   "port",
                                           "node.rank",  "leader.address", "nodes"};
  if (spec.command.empty() && !spec.nodes)
    findings.push_back(
        {path + ".command", "Required value: give command, or nodes", Finding::Reason::required});
  if (!spec.command.empty() && spec.nodes)
    findings.push_back({path, "give command or nodes, not both", Finding::Reason::invalid});
  if (spec.driver == Driver::docker && spec.image.empty())
    findings.push_back({path + ".image", "Required value: driver docker needs an image",
                        Finding::Reason::required});
  check_variables(spec.command, path + ".command", known, findings);
  check_variables(spec.args, path + ".args", spec.nodes ? many : known, findings);
  check_env(spec.env, path + ".env", spec.nodes ? many : known, findings);
  if (!spec.nodes) return;
  check_variables(spec.nodes->leader.command, path + ".nodes.leader.command", many, findings);
  check_variables(spec.nodes->worker.command, path + ".nodes.worker.command", many, findings);
}

void Source::rules(const Source& v, const std::string& path, Findings& findings) {
  const int given = int{!v.repo.empty()} + int{!v.path.empty()} + int{!v.file.empty()};
  if (given != 1)
    findings.push_back({path,
                        given == 0 ? "Required value: give one of repo, path, file"
                                   : "give one of repo, path, file, not several",
                        given == 0 ? Finding::Reason::required : Finding::Reason::invalid});
  if (!v.revision.empty() && v.repo.empty())
    findings.push_back(
        {path + ".revision", "only a repo has a revision", Finding::Reason::invalid});
}

void ModelDeploymentSpec::rules(const ModelDeploymentSpec& spec, const std::string& path,
                                Findings& findings) {
  const int given = int{!spec.machine.empty()} + int{!spec.machine_group.empty()} +
                    int{spec.selector.has_value()};
  if (given > 1)
    findings.push_back(
        {path, "give at most one of machine, machineGroup, selector", Finding::Reason::invalid});
}

void ParserSpec::rules(const ParserSpec& v, const std::string& path, Findings& findings) {
  if (v.builtin.empty() == v.command.empty())
    findings.push_back({path,
                        v.builtin.empty() ? "Required value: give builtin or command"
                                          : "give builtin or command, not both",
                        v.builtin.empty() ? Finding::Reason::required : Finding::Reason::invalid});
  if (!v.builtin.empty() && v.builtin != "bfcl" && v.builtin != "jsonl")
    findings.push_back(
        {path + ".builtin",
         "Unsupported value: \"" + v.builtin + "\": supported values: \"bfcl\", \"jsonl\"",
         Finding::Reason::not_supported});
}

void Resume::rules(const Resume& v, const std::string& path, Findings& findings) {
  if (v.mode == ResumeMode::task_filter && v.flag.empty())
    findings.push_back({path + ".flag", "Required value: mode task-filter needs a flag",
                        Finding::Reason::required});
}

void BenchSpec::rules(const BenchSpec& spec, const std::string& path, Findings& findings) {
  const std::vector<std::string_view> known{"endpoint", "model.name", "run.dir", "run.uid", "seed"};
  if (spec.command.empty() == spec.steps.empty())
    findings.push_back(
        {path,
         spec.command.empty() ? "Required value: give command or steps"
                              : "give command or steps, not both",
         spec.command.empty() ? Finding::Reason::required : Finding::Reason::invalid});
  check_variables(spec.command, path + ".command", known, findings);
  for (std::size_t i = 0; i < spec.steps.size(); ++i)
    check_variables(spec.steps[i].command, path + ".steps[" + std::to_string(i) + "].command",
                    known, findings);
  check_variables(spec.tasks.command, path + ".tasks.command", known, findings);
  check_env(spec.env, path + ".env", known, findings);
  const int given =
      int{spec.tasks.count > 0} + int{!spec.tasks.list.empty()} + int{!spec.tasks.command.empty()};
  if (given > 1)
    findings.push_back(
        {path + ".tasks", "give at most one of count, list, command", Finding::Reason::invalid});
}

}  // namespace api
