// SPDX-License-Identifier: Apache-2.0
#include "reconcilers/assignment.hpp"

#include "base/text.hpp"
#include "reconcilers/scheduling/feasible.hpp"

namespace reconcilers {
namespace {

/// A digest of what a running server depends on; another one means a restart.
class Digest {
 public:
  void add(std::string_view text) {
    all_ += text;
    all_ += '\0';
  }
  void add(const std::vector<std::string>& texts) {
    for (const auto& text : texts)
      add(text);
    all_ += '\1';
  }
  void add(const std::vector<api::EnvVar>& env) {
    for (const auto& v : env)
      add({v.name, v.value, v.secret});
  }
  std::string text() const {
    const auto h = base::hash64(all_);
    std::string bytes;
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>((h >> shift) & 0xff);
    return base::to_hex(bytes);
  }

 private:
  std::string all_;
};

std::vector<std::string> expanded_all(const std::vector<std::string>& texts,
                                      const std::map<std::string, std::string>& values) {
  std::vector<std::string> out;
  out.reserve(texts.size());
  for (const auto& text : texts)
    out.push_back(api::expanded(text, values));
  return out;
}

/// Later entries of the same name win, as the model's own do over its runtime's.
std::vector<api::EnvVar> merged(std::vector<api::EnvVar> env,
                                const std::vector<api::EnvVar>& more) {
  for (const auto& v : more) {
    std::erase_if(env, [&](const auto& e) { return e.name == v.name; });
    env.push_back(v);
  }
  return env;
}

void add_server(const World& world, const api::Claim& claim, api::Assignment& out) {
  if (claim.spec.released) return;
  const auto* deployment = world.deployments.find(claim.spec.deployment);
  if (deployment == nullptr || deployment->metadata.uid != claim.spec.uid) return;
  if (!is_asked_hot(*deployment)) return;  // over its maxHot, it serves until the claim is released
  // Abandoned, it is back before anybody has heard of it: a healthy server is kept, unless its
  // deployment went elsewhere meanwhile.
  if (claim.spec.abandoned && claim_of(world, *deployment) != nullptr) return;
  const auto* model = world.models.find(deployment->spec.model);
  const auto* machine = world.machines.find(claim.name());
  const auto* entry = model && machine ? runtime_for(*model, *machine) : nullptr;
  const auto* runtime = entry ? world.runtimes.find(entry->runtime) : nullptr;
  if (runtime == nullptr) return;
  const std::map<std::string, std::string> values{{"model.name", model->name()},
                                                  {"model.source", model->spec.source.text()}};
  api::ServerWanted server;
  server.name = deployment->name();
  server.uid = deployment->metadata.uid;
  server.epoch = claim.spec.epoch;
  server.engine = runtime->spec.engine;
  server.command = runtime->spec.command;
  for (const auto* more : {&runtime->spec.args, &entry->args})
    server.command.insert(server.command.end(), more->begin(), more->end());
  server.command = expanded_all(server.command, values);
  server.env = merged(runtime->spec.env, entry->env);
  for (auto& v : server.env)
    v.value = api::expanded(v.value, values);
  server.port = runtime->spec.port;
  server.model_name = model->name();
  server.model_source = model->spec.source.text();
  server.readiness = runtime->spec.readiness;
  server.liveness = runtime->spec.liveness;
  server.warmup = runtime->spec.warmup;
  server.stop = runtime->spec.stop;
  Digest digest;
  digest.add(server.command);
  digest.add(server.env);
  digest.add(std::to_string(server.port));
  server.digest = digest.text();
  out.servers.push_back(std::move(server));
}

void add_run(const World& world, const api::BenchRun& run, api::Assignment& out) {
  const auto* bench = world.benches.find(run.spec.bench);
  const auto* deployment = world.deployments.find(run.status.deployment);
  if (bench == nullptr || deployment == nullptr ||
      deployment->metadata.uid != run.status.deployment_uid)
    return;
  api::RunWanted wanted;
  wanted.name = run.name();
  wanted.uid = run.metadata.uid;
  wanted.attempt = run.status.attempt;
  wanted.steps = bench->spec.steps;
  if (wanted.steps.empty()) wanted.steps.push_back({"run", bench->spec.command});
  wanted.env = bench->spec.env;
  wanted.workdir = bench->spec.workdir;
  wanted.endpoint = deployment->status.endpoint;
  wanted.model_name = run.spec.model;
  wanted.seed = run.spec.seed;
  if (const auto scored = world.scored.find(run.metadata.uid); scored != world.scored.end())
    wanted.completed = scored->second;
  wanted.parser = bench->spec.parser;
  wanted.tasks = bench->spec.tasks;
  wanted.subset = run.spec.tasks;
  wanted.resume = bench->spec.resume;
  wanted.timeout = bench->spec.timeout;
  out.runs.push_back(std::move(wanted));
}

}  // namespace

api::Assignment assignment_for(const World& world, const std::string& machine,
                               const Policy& policy) {
  api::Assignment out;
  out.cluster = world.cluster;
  out.machine = machine;
  out.term = world.term;
  out.revision = world.revision;
  out.beat.text = std::to_string(policy.beat.count()) + "ms";
  out.stale_after.text = std::to_string(policy.stale_after.count()) + "ms";
  if (const auto* claim = world.claims.find(machine)) add_server(world, *claim, out);
  for (const auto& [name, run] : world.runs) {
    const bool works = api::is_bound(run->status.phase) && !run->spec.cancel && !run->deleting();
    if (works && run->status.machine == machine) add_run(world, *run, out);
  }
  return out;
}

}  // namespace reconcilers
