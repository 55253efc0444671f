// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"

#include <array>
#include <optional>

namespace api {

enum class Engine : std::uint8_t {
  vllm,
  sglang,
  mlx_openai_server,
  vllm_mlx,
  mlx_lm,
  llama_cpp,
  custom
};
inline constexpr std::array<std::string_view, 7> kEngines{
    "vllm", "sglang", "mlx-openai-server", "vllm-mlx", "mlx-lm", "llama.cpp", "custom"};
constexpr const auto& labels_of(Engine) {
  return kEngines;
}

enum class Driver : std::uint8_t { process, docker };
inline constexpr std::array<std::string_view, 2> kDrivers{"process", "docker"};
constexpr const auto& labels_of(Driver) {
  return kDrivers;
}

struct EnvVar {
  std::string name, value, secret;
  bool operator==(const EnvVar&) const = default;

  static constexpr std::string_view kName = "EnvVar";
  static constexpr std::string_view kDoc = "One variable of a child's environment.";
  static void describe(auto& d) {
    d.field(&EnvVar::name, "name", "Its name.").required().form(Form::non_empty);
    d.field(&EnvVar::value, "value", "Its value; $(name) expands.");
    d.field(&EnvVar::secret, "secret", "Name of a file in the agent's secrets folder.");
  }
  static void rules(const EnvVar& v, const std::string& path, Findings& findings);
};

struct Mount {
  std::string host, path;
  bool operator==(const Mount&) const = default;

  static constexpr std::string_view kName = "Mount";
  static constexpr std::string_view kDoc = "A folder of the host inside the container.";
  static void describe(auto& d) {
    d.field(&Mount::host, "host", "Folder on the host.").required();
    d.field(&Mount::path, "path", "Folder in the container.").required();
  }
};

/// An HTTP probe. Readiness also asks for the model's id and for one real generation.
struct Probe {
  std::string http;
  Span period, timeout, stall;
  std::int64_t failures = 4;
  bool operator==(const Probe&) const = default;

  static constexpr std::string_view kName = "Probe";
  static constexpr std::string_view kDoc = "How a server is asked whether it is well.";
  static void describe(auto& d) {
    d.field(&Probe::http, "http", "Path that answers 200 when the server is well.");
    d.field(&Probe::period, "period", "Time between two probes.");
    d.field(&Probe::timeout, "timeout", "Longest time until the server is ready.");
    d.field(&Probe::stall, "stall", "Requests in flight and no token for this long is a hang.");
    d.field(&Probe::failures, "failures", "Failures in a row that count.").range(1, 1000);
  }
};

struct Warmup {
  std::string prompt = "Say ready.";
  std::int64_t max_tokens = 8;
  bool operator==(const Warmup&) const = default;

  static constexpr std::string_view kName = "Warmup";
  static constexpr std::string_view kDoc = "The first real generation.";
  static void describe(auto& d) {
    d.field(&Warmup::prompt, "prompt", "What is asked.");
    d.field(&Warmup::max_tokens, "maxTokens", "Longest answer.").range(1, 100'000);
  }
};

struct Stop {
  std::string signal = "TERM";
  Span grace;
  bool operator==(const Stop&) const = default;

  static constexpr std::string_view kName = "Stop";
  static constexpr std::string_view kDoc = "How a server is ended.";
  static void describe(auto& d) {
    d.field(&Stop::signal, "signal", "The first signal: TERM, INT, QUIT or HUP.");
    d.field(&Stop::grace, "grace", "Time until it is killed.");
  }
  static void rules(const Stop& v, const std::string& path, Findings& findings);
};

struct NodeCommand {
  std::vector<std::string> command;
  bool operator==(const NodeCommand&) const = default;

  static constexpr std::string_view kName = "NodeCommand";
  static constexpr std::string_view kDoc = "What one member of a multi-node engine runs.";
  static void describe(auto& d) {
    d.field(&NodeCommand::command, "command", "Arguments, no shell.").required();
  }
};

struct Nodes {
  NodeCommand leader, worker;
  bool operator==(const Nodes&) const = default;

  static constexpr std::string_view kName = "Nodes";
  static constexpr std::string_view kDoc = "Multi-node engines: one process a member.";
  static void describe(auto& d) {
    d.field(&Nodes::leader, "leader", "The first member.").required();
    d.field(&Nodes::worker, "worker", "Every other member.").required();
  }
};

struct RuntimeSpec {
  Engine engine = Engine::custom;
  Driver driver = Driver::process;
  std::string image;
  std::vector<std::string> command, args;
  std::vector<EnvVar> env;
  std::vector<Mount> mounts;
  std::string gpus;
  std::int64_t port = 0;
  Probe readiness, liveness;
  Warmup warmup;
  Stop stop;
  std::optional<Nodes> nodes;
  bool operator==(const RuntimeSpec&) const = default;

  static constexpr std::string_view kName = "RuntimeSpec";
  static constexpr std::string_view kDoc = "How an engine is started, probed, warmed and stopped.";
  static void describe(auto& d) {
    d.field(&RuntimeSpec::engine, "engine", "Which engine.").required();
    d.field(&RuntimeSpec::driver, "driver", "How it is run.").required();
    d.field(&RuntimeSpec::image, "image", "Container image (docker).");
    d.field(&RuntimeSpec::command, "command",
            "Arguments, no shell; $(model.source), $(model.name) and $(port) expand.");
    d.field(&RuntimeSpec::args, "args", "More arguments; a model's own are appended.");
    d.field(&RuntimeSpec::env, "env", "Environment, beside PATH HOME LANG TZ TMPDIR and ORCH_*.");
    d.field(&RuntimeSpec::mounts, "mounts", "Folders of the host (docker).");
    d.field(&RuntimeSpec::gpus, "gpus", "Accelerators of the container (docker): all, or a list.");
    d.field(&RuntimeSpec::port, "port", "Where it listens; 0: the agent picks a free one.")
        .range(0, 65'535)
        .defaulted();
    d.field(&RuntimeSpec::readiness, "readiness", "When it counts as up.");
    d.field(&RuntimeSpec::liveness, "liveness", "When it counts as hung.");
    d.field(&RuntimeSpec::warmup, "warmup", "The first real generation.");
    d.field(&RuntimeSpec::stop, "stop", "How it is ended.");
    d.field(&RuntimeSpec::nodes, "nodes", "Multi-node engines: one process a member.");
  }
  static void rules(const RuntimeSpec& spec, const std::string& path, Findings& findings);
};
using Runtime = Object<RuntimeSpec, PlainStatus>;

/// `$(name)` in arguments: a finding for every unknown name. `known` names end in ", " lists.
void check_variables(const std::vector<std::string>& texts, const std::string& path,
                     const std::vector<std::string_view>& known, Findings& findings);
/// Expands `$(name)`; `$$(x)` is a literal `$(x)`; a name without a value stays as it is.
std::string expanded(std::string_view text, const std::map<std::string, std::string>& values);

}  // namespace api
