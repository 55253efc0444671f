// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

namespace base {

/// The exit codes of all programs (docs: contract "Exit codes").
enum class Exit : int {
  done = 0,
  no = 1,            // the answer is no: not found, conflict, a run failed, `wait` ran out
  usage = 64,        // wrong flag or argument
  bad_input = 65,    // manifest, patch, malformed token
  unreachable = 69,  // the controller cannot be reached
  bug = 70,          // our own
  cannot_create = 73,
  io = 74,  // disk full, broken pipe on stdout
  busy = 75,
  not_allowed = 77,  // certificate, role, file mode or owner, token used up
  bad_state = 78     // the state on disk is not usable
};

/// The way out for an error whose caller has no better word for it.
constexpr Exit exit_for(Code code) {
  switch (code) {
    case Code::invalid: return Exit::bad_input;
    case Code::not_found:
    case Code::conflict:
    case Code::timeout: return Exit::no;
    case Code::forbidden: return Exit::not_allowed;
    case Code::unavailable: return Exit::unreachable;
    case Code::internal: return Exit::bug;
  }
  return Exit::bug;
}

}  // namespace base
