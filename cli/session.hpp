// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "cli/failure.hpp"
#include "cli/kubeconfig.hpp"
#include "wire/loop.hpp"

#include <functional>
#include <string>

namespace cli {

/// What every command is given. Lives as long as the command.
struct Session {
  Console& console;
  wire::Loop& loop;
  KubeconfigPlaces places;
  Global global;
  std::function<base::Result<std::string>()> read_input;  // all of standard input
};

/// Says why, in the form that was asked for, and gives the exit code back.
base::Exit fail(Session& session, const Failure& failure);
/// A value as JSON or YAML on standard output.
void print_value(Session& session, const api::Json& value);
/// JSON or YAML was asked for.
bool wants_value(const Session& session);

}  // namespace cli
