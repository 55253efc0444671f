// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"
#include "cli/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

/// What a command line asks for, as plain values. One struct a command; `parse_arguments` fills
/// one.
namespace cli {

enum class Format : std::uint8_t { table, wide, json, yaml, name };
enum class Switch : std::uint8_t { off, on };
enum class DryRun : std::uint8_t { none, client, server };

/// Flags that every command has.
struct Global {
  std::string kubeconfig, context;
  Switch color = Switch::on;
  Format format = Format::table;
  base::Duration request_timeout{60'000};
};

/// Manifests by file, folder or "-".
struct Files {
  std::vector<std::string> paths;
  Switch recursive = Switch::off;
};

struct ApplyArguments {
  Files files;
  DryRun dry_run = DryRun::none;
  std::string field_manager = "orch";
};
struct GetArguments {
  std::vector<std::string> words;
  std::string selector, field_selector;
  Switch watch = Switch::off, show_labels = Switch::off, headers = Switch::on;
};
struct DescribeArguments {
  std::vector<std::string> words;
  std::string selector;
};
struct DeleteArguments {
  std::vector<std::string> words;
  Files files;
  std::string selector;
  Switch all = Switch::off, wait = Switch::on, ignore_not_found = Switch::off;
  std::optional<base::Duration> timeout;
};
struct LogsArguments {
  std::vector<std::string> words;
  Switch follow = Switch::off, previous = Switch::off;
  std::optional<std::int64_t> tail;
};
struct WaitArguments {
  std::vector<std::string> words;
  std::string selector, what;  // `what` is the text behind --for=
  Switch all = Switch::off;
  base::Duration timeout{30'000};
};
struct ResultsArguments {
  std::vector<std::string> runs;
};
struct VersionArguments {
  Switch server = Switch::on;
};
struct ApiResourcesArguments {};
struct ExplainArguments {
  std::string path;
};

using Command = std::variant<ApplyArguments, GetArguments, DescribeArguments, DeleteArguments,
                             LogsArguments, WaitArguments, ResultsArguments, VersionArguments,
                             ApiResourcesArguments, ExplainArguments>;

/// A command, or a text to print instead (help), or what is wrong with the arguments.
struct Arguments {
  Global global;
  std::optional<Command> command;
  std::string help;
  std::optional<Failure> failure;
};
Arguments parse_arguments(const std::vector<std::string>& words);

}  // namespace cli
