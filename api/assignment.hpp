// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/bench.hpp"
#include "api/model.hpp"

namespace api {

/// A model server that a machine must run, resolved for it; only $(port) is left to the agent.
struct ServerWanted {
  std::string name, uid;  // of the ModelDeployment
  Epoch epoch;
  Engine engine = Engine::custom;
  std::vector<std::string> command;
  std::vector<EnvVar> env;
  std::int64_t port = 0;
  std::string model_name, model_source;
  Probe readiness, liveness;
  Warmup warmup;
  Stop stop;
  std::string digest;  // of all that a running server depends on; another one means a restart
  bool operator==(const ServerWanted&) const = default;

  static constexpr std::string_view kName = "ServerWanted";
  static constexpr std::string_view kDoc = "A model server that the machine must run.";
  static void describe(auto& d) {
    d.field(&ServerWanted::name, "name", "Name of the ModelDeployment.").required();
    d.field(&ServerWanted::uid, "uid", "Life of the ModelDeployment.").required();
    d.field(&ServerWanted::epoch, "epoch", "The claim's fence.").required();
    d.field(&ServerWanted::engine, "engine", "Which engine.");
    d.field(&ServerWanted::command, "command", "Arguments; $(port) is left to the agent.")
        .required();
    d.field(&ServerWanted::env, "env", "Environment.");
    d.field(&ServerWanted::port, "port", "Where it listens; 0: the agent picks.");
    d.field(&ServerWanted::model_name, "modelName", "What requests call it.");
    d.field(&ServerWanted::model_source, "modelSource", "Where its weights are.");
    d.field(&ServerWanted::readiness, "readiness", "When it counts as up.");
    d.field(&ServerWanted::liveness, "liveness", "When it counts as hung.");
    d.field(&ServerWanted::warmup, "warmup", "The first real generation.");
    d.field(&ServerWanted::stop, "stop", "How it is ended.");
    d.field(&ServerWanted::digest, "digest", "Another one means a restart.");
  }
};

/// An attempt of a run that a bench host must work on.
struct RunWanted {
  std::string name, uid;
  std::int64_t attempt = 0;
  std::vector<Step> steps;
  std::vector<EnvVar> env;
  std::string workdir, endpoint, model_name;
  std::int64_t seed = 0;
  std::vector<std::string> completed;  // scored tasks that the store knows
  ParserSpec parser;
  Tasks tasks;
  std::vector<std::string> subset;
  Resume resume;
  Span timeout;
  std::string digest;
  bool operator==(const RunWanted&) const = default;

  static constexpr std::string_view kName = "RunWanted";
  static constexpr std::string_view kDoc = "An attempt that a bench host must work on.";
  static void describe(auto& d) {
    d.field(&RunWanted::name, "name", "Name of the BenchRun.").required();
    d.field(&RunWanted::uid, "uid", "Life of the BenchRun.").required();
    d.field(&RunWanted::attempt, "attempt", "Which attempt.").required();
    d.field(&RunWanted::steps, "steps", "Commands one after the other.");
    d.field(&RunWanted::env, "env", "Environment of every step.");
    d.field(&RunWanted::workdir, "workdir", "Where the steps run.");
    d.field(&RunWanted::endpoint, "endpoint", "OpenAI base URL of the model.");
    d.field(&RunWanted::model_name, "modelName", "What requests call the model.");
    d.field(&RunWanted::seed, "seed", "The repeat's seed.");
    d.field(&RunWanted::completed, "completed", "Tasks that are scored already.");
    d.field(&RunWanted::parser, "parser", "What turns the harness's files into samples.");
    d.field(&RunWanted::tasks, "tasks", "Which tasks the bench has.");
    d.field(&RunWanted::subset, "subset", "Only these tasks.");
    d.field(&RunWanted::resume, "resume", "How an attempt runs only what is not scored.");
    d.field(&RunWanted::timeout, "timeout", "Longest time of the attempt.");
    d.field(&RunWanted::digest, "digest", "Of the Bench that it was made from.");
  }
};

/// The whole desired state of one machine: one line of the assignment stream.
struct Assignment {
  std::string cluster, machine;
  Term term;
  std::int64_t revision = 0;
  std::vector<ServerWanted> servers;
  std::vector<RunWanted> runs;
  Span beat, stale_after;
  bool operator==(const Assignment&) const = default;

  static constexpr std::string_view kName = "Assignment";
  static constexpr std::string_view kDoc = "The whole desired state of one machine.";
  static void describe(auto& d) {
    d.field(&Assignment::cluster, "cluster", "Which cluster speaks.").required();
    d.field(&Assignment::machine, "machine", "Whose state.").required();
    d.field(&Assignment::term, "term", "Which controller speaks.").required();
    d.field(&Assignment::revision, "revision", "The store's revision that it was made from.")
        .required();
    d.field(&Assignment::servers, "servers", "Model servers to run; every other one is stopped.");
    d.field(&Assignment::runs, "runs", "Attempts to work on; every other one is stopped.");
    d.field(&Assignment::beat, "beat", "Time between two reports.");
    d.field(&Assignment::stale_after, "staleAfter", "Silence that counts as lost.");
  }
};

}  // namespace api
