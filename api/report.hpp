// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"

#include <array>
#include <optional>

namespace api {

struct Gpu {
  std::string name, uuid;
  std::int64_t memory_bytes = 0;
  bool operator==(const Gpu&) const = default;

  static constexpr std::string_view kName = "Gpu";
  static constexpr std::string_view kDoc = "One accelerator.";
  static void describe(auto& d) {
    d.field(&Gpu::name, "name", "Its product name.");
    d.field(&Gpu::uuid, "uuid", "Its identity.");
    d.field(&Gpu::memory_bytes, "memoryBytes", "Its memory.");
  }
};

/// What an agent finds out about its box. Nothing that moves by itself.
struct Facts {
  std::string os, arch, cpu, kernel, driver, cuda;
  std::int64_t cores = 0, memory_bytes = 0;
  std::vector<Gpu> gpus;
  std::vector<std::string> engines;
  bool operator==(const Facts&) const = default;

  static constexpr std::string_view kName = "Facts";
  static constexpr std::string_view kDoc = "What the agent found out about the box.";
  static void describe(auto& d) {
    d.field(&Facts::os, "os", "Operating system.");
    d.field(&Facts::arch, "arch", "Architecture.");
    d.field(&Facts::cpu, "cpu", "Model of the processor.");
    d.field(&Facts::kernel, "kernel", "Version of the kernel.");
    d.field(&Facts::driver, "driver", "Version of the accelerator's driver.");
    d.field(&Facts::cuda, "cuda", "Version of CUDA.");
    d.field(&Facts::cores, "cores", "Processors.");
    d.field(&Facts::memory_bytes, "memoryBytes", "Main memory.");
    d.field(&Facts::gpus, "gpus", "Accelerators.");
    d.field(&Facts::engines, "engines", "Engines found in the agent's PATH.");
  }
};

enum class ServerPhase : std::uint8_t { starting, warming, hot, stopping, waiting, stuck };
inline constexpr std::array<std::string_view, 6> kServerPhases{"Starting", "Warming", "Hot",
                                                               "Stopping", "Waiting", "Stuck"};
constexpr const auto& labels_of(ServerPhase) {
  return kServerPhases;
}

/// A model server as its agent sees it. A server that is proved gone is not in the list.
struct ProcessSeen {
  std::string deployment, uid;
  Epoch epoch;
  ServerPhase phase = ServerPhase::starting;
  std::int64_t pid = 0, start_ticks = 0, port = 0, restarts = 0;
  std::string reason, message, endpoint, digest;
  Time hot_since, next_start;
  double warmup_seconds = 0;
  std::map<std::string, std::string> identity;
  bool operator==(const ProcessSeen&) const = default;

  static constexpr std::string_view kName = "ProcessSeen";
  static constexpr std::string_view kDoc = "A model server on this machine.";
  static void describe(auto& d) {
    d.field(&ProcessSeen::deployment, "deployment", "The ModelDeployment it serves.");
    d.field(&ProcessSeen::uid, "uid", "Life of the deployment.");
    d.field(&ProcessSeen::epoch, "epoch", "The claim under which it runs.");
    d.field(&ProcessSeen::phase, "phase", "How far it is.");
    d.field(&ProcessSeen::pid, "pid", "Process id; unset when none runs.");
    d.field(&ProcessSeen::start_ticks, "startTicks", "Start time in clock ticks since boot.");
    d.field(&ProcessSeen::port, "port", "Where it listens on loopback.");
    d.field(&ProcessSeen::restarts, "restarts", "Starts after the first.");
    d.field(&ProcessSeen::reason, "reason", "One word for programs.");
    d.field(&ProcessSeen::message, "message", "What is in the way.");
    d.field(&ProcessSeen::endpoint, "endpoint", "OpenAI base URL, once a generation came back.");
    d.field(&ProcessSeen::digest, "digest", "Which assignment it was started from.");
    d.field(&ProcessSeen::hot_since, "hotSince", "When it became hot.");
    d.field(&ProcessSeen::next_start, "nextStart", "When it is started again.");
    d.field(&ProcessSeen::warmup_seconds, "warmupSeconds", "From start to hot.");
    d.field(&ProcessSeen::identity, "identity", "What the server says of itself.");
  }
};

enum class RunPhase : std::uint8_t { preparing, running, finished, stuck };
inline constexpr std::array<std::string_view, 4> kRunPhases{"Preparing", "Running", "Finished",
                                                            "Stuck"};
constexpr const auto& labels_of(RunPhase) {
  return kRunPhases;
}

/// An attempt of a run as its agent sees it. `finished`: no process of it is left, every sample of
/// it has been acknowledged.
struct RunSeen {
  std::string run, uid;
  std::int64_t attempt = 0;
  RunPhase phase = RunPhase::preparing;
  std::string step, dir, reason, message;
  std::int64_t pid = 0, start_ticks = 0;
  std::optional<std::int64_t> exit_code;
  std::int64_t total = 0;  // tasks of the run, where known
  std::map<std::string, std::string> fingerprint;
  std::map<std::string, double> metrics;
  bool operator==(const RunSeen&) const = default;

  static constexpr std::string_view kName = "RunSeen";
  static constexpr std::string_view kDoc = "An attempt of a bench run on this machine.";
  static void describe(auto& d) {
    d.field(&RunSeen::run, "run", "Name of the BenchRun.");
    d.field(&RunSeen::uid, "uid", "Life of the BenchRun.");
    d.field(&RunSeen::attempt, "attempt", "Which attempt.");
    d.field(&RunSeen::phase, "phase", "How far it is.");
    d.field(&RunSeen::step, "step", "The step that runs.");
    d.field(&RunSeen::dir, "dir", "The run directory.");
    d.field(&RunSeen::reason, "reason", "One word for programs.");
    d.field(&RunSeen::message, "message", "What is in the way.");
    d.field(&RunSeen::pid, "pid", "Process id of the step; unset when none runs.");
    d.field(&RunSeen::start_ticks, "startTicks", "Start time in clock ticks since boot.");
    d.field(&RunSeen::exit_code, "exitCode", "How the last step ended; unset: unknown.");
    d.field(&RunSeen::total, "total", "Tasks of the run, where known.");
    d.field(&RunSeen::fingerprint, "fingerprint", "What the agent knows of the run's parts.");
    d.field(&RunSeen::metrics, "metrics", "The harness's own figures, by its own names.");
  }
};

/// How far a run is, between two samples; kept in memory and never stored with the machine.
struct RunLive {
  std::string uid;
  std::int64_t answered = 0;
  bool operator==(const RunLive&) const = default;

  static constexpr std::string_view kName = "RunLive";
  static constexpr std::string_view kDoc = "How far a run is between two samples.";
  static void describe(auto& d) {
    d.field(&RunLive::uid, "uid", "Life of the BenchRun.");
    d.field(&RunLive::answered, "answered", "Tasks with an answer that is not scored yet.");
  }
};

/// The whole observed state of one machine (agent-protocol.md). (life, sequence) rises; older ones
/// than the last seen are dropped, and one life has one agentId.
struct Report {
  std::string machine, boot_id, agent_id, agent_version;
  std::int64_t life = 0, sequence = 0;
  Time at;
  Term term;                  // the highest that this agent obeys
  std::int64_t revision = 0;  // of the assignment that it works on
  Facts facts;
  std::vector<ProcessSeen> processes;
  std::vector<RunSeen> runs;
  std::vector<RunLive> live;
  bool operator==(const Report&) const = default;

  static constexpr std::string_view kName = "Report";
  static constexpr std::string_view kDoc = "The whole observed state of one machine.";
  static void describe(auto& d) {
    d.field(&Report::machine, "machine", "Whose state.").required();
    d.field(&Report::boot_id, "bootId", "Changes at every boot of the machine.").required();
    d.field(&Report::agent_id, "agentId", "Changes at every start of the agent.").required();
    d.field(&Report::agent_version, "agentVersion", "Version of the agent.");
    d.field(&Report::life, "life", "Rises at every start of the agent; kept on its disk.")
        .required()
        .range(0, INT64_MAX);
    d.field(&Report::sequence, "sequence", "Rises with every report of one life.")
        .required()
        .range(0, INT64_MAX);
    d.field(&Report::at, "at", "The agent's wall clock.");
    d.field(&Report::term, "term", "The highest term that the agent obeys.");
    d.field(&Report::revision, "revision", "Revision of the assignment that it works on.");
    d.field(&Report::facts, "facts", "What the agent found out about the box.");
    d.field(&Report::processes, "processes", "Every model server that it sees.");
    d.field(&Report::runs, "runs", "Every attempt that it sees.");
    d.field(&Report::live, "live", "How far runs are between two samples.");
  }
};

}  // namespace api
