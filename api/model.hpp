// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/runtime.hpp"

namespace api {

struct Source {
  std::string repo, revision, path, file;
  bool operator==(const Source&) const = default;

  static constexpr std::string_view kName = "Source";
  static constexpr std::string_view kDoc =
      "Where the weights are: exactly one of repo, path, file.";
  static void describe(auto& d) {
    d.field(&Source::repo, "repo", "Repository of a model hub.");
    d.field(&Source::revision, "revision", "Commit of the repository.");
    d.field(&Source::path, "path", "Folder on the machine.");
    d.field(&Source::file, "file", "File on the machine.");
  }
  static void rules(const Source& v, const std::string& path, Findings& findings);
  /// What `$(model.source)` expands to.
  const std::string& text() const { return !file.empty() ? file : !path.empty() ? path : repo; }
};

enum class Format : std::uint8_t { unset, safetensors, mlx, gguf };
inline constexpr std::array<std::string_view, 4> kFormats{"", "safetensors", "mlx", "gguf"};
constexpr const auto& labels_of(Format) {
  return kFormats;
}

struct Fetch {
  std::vector<std::string> command;
  bool operator==(const Fetch&) const = default;

  static constexpr std::string_view kName = "Fetch";
  static constexpr std::string_view kDoc = "How the weights get to a machine.";
  static void describe(auto& d) {
    d.field(&Fetch::command, "command", "Arguments, no shell.").required();
  }
};

struct Parsers {
  std::string tool, reasoning;
  bool operator==(const Parsers&) const = default;

  static constexpr std::string_view kName = "Parsers";
  static constexpr std::string_view kDoc = "The engine's parsers for this model.";
  static void describe(auto& d) {
    d.field(&Parsers::tool, "tool", "Tool-call parser.");
    d.field(&Parsers::reasoning, "reasoning", "Reasoning parser.");
  }
};

/// Which machines: all that match every given part.
struct Selector {
  std::vector<std::string> classes;
  std::map<std::string, std::string> labels;
  bool operator==(const Selector&) const = default;

  static constexpr std::string_view kName = "Selector";
  static constexpr std::string_view kDoc = "Which machines; what is not given matches everything.";
  static void describe(auto& d) {
    d.field(&Selector::classes, "classes", "Machine classes, any of them.");
    d.field(&Selector::labels, "labels", "Labels of the machine, all of them.");
  }
};

struct ModelRuntime {
  std::string runtime;
  Selector machines;
  std::vector<std::string> args;
  std::vector<EnvVar> env;
  bool operator==(const ModelRuntime&) const = default;

  static constexpr std::string_view kName = "ModelRuntime";
  static constexpr std::string_view kDoc = "A runtime for this model on some machines.";
  static void describe(auto& d) {
    d.field(&ModelRuntime::runtime, "runtime", "Name of the Runtime.")
        .required()
        .form(Form::label)
        .refers_to("Runtime");
    d.field(&ModelRuntime::machines, "machines", "On which machines; unset: all.");
    d.field(&ModelRuntime::args, "args", "Appended to the runtime's arguments.");
    d.field(&ModelRuntime::env, "env", "Added to the runtime's environment.");
  }
};

struct Expected {
  double decode_tokens_per_second = 0;
  std::string source;
  bool operator==(const Expected&) const = default;

  static constexpr std::string_view kName = "Expected";
  static constexpr std::string_view kDoc = "What others measured, shown beside what we measure.";
  static void describe(auto& d) {
    d.field(&Expected::decode_tokens_per_second, "decodeTokensPerSecond", "Decoding speed.");
    d.field(&Expected::source, "source", "Who measured it.");
  }
};

struct ModelSpec {
  std::string family;
  Source source;
  std::string quantization;
  Format format = Format::unset;
  Quantity min_memory, disk_bytes;
  std::optional<Fetch> fetch;
  std::vector<std::string> needs_kernels;
  std::int64_t nodes = 1;
  std::int64_t context_length = 0;
  std::optional<Parsers> parsers;
  std::vector<ModelRuntime> runtimes;
  std::optional<Expected> expected;
  bool operator==(const ModelSpec&) const = default;

  static constexpr std::string_view kName = "ModelSpec";
  static constexpr std::string_view kDoc = "A catalogue entry: weights, needs, runtimes.";
  static void describe(auto& d) {
    d.field(&ModelSpec::family, "family", "The same weights on other hardware share it.");
    d.field(&ModelSpec::source, "source", "Where the weights are.").required();
    d.field(&ModelSpec::quantization, "quantization", "Numeric format of the weights.");
    d.field(&ModelSpec::format, "format", "File format of the weights.");
    d.field(&ModelSpec::min_memory, "minMemory", "Memory it needs, on all nodes together.")
        .required();
    d.field(&ModelSpec::disk_bytes, "diskBytes", "What the weights take on disk.");
    d.field(&ModelSpec::fetch, "fetch", "How the weights get to a machine.");
    d.field(&ModelSpec::needs_kernels, "needsKernels", "Numeric formats that it needs.");
    d.field(&ModelSpec::nodes, "nodes", "Machines that it runs on at once.")
        .range(1, 64)
        .defaulted();
    d.field(&ModelSpec::context_length, "contextLength", "Longest context in tokens.")
        .range(0, 1'000'000'000);
    d.field(&ModelSpec::parsers, "parsers", "The engine's parsers for it.");
    d.field(&ModelSpec::runtimes, "runtimes", "In order: the first that matches a machine is used.")
        .required()
        .range(1, 64);
    d.field(&ModelSpec::expected, "expected", "What others measured.");
  }
};
using Model = Object<ModelSpec, PlainStatus>;

}  // namespace api
