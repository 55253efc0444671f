// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"

#include <set>
#include <string>

namespace agentd {

/// Did the model try to call something where BFCL decoded no call? `unknown`: the entry does not
/// hold the answer.
enum class Attempt : std::uint8_t { none, broken, unknown };

/// OpenAI's names have no dots, so handlers write underscores for them.
std::string plain_name(std::string name);

/// The functions that the task offered, by their plain names.
std::set<std::string> offered_functions(const api::Json& entry);

/// What the answer of a failed entry is. Function-calling handlers keep calls as a list and
/// everything else as text; prompting handlers keep text alone, in which a call is told by its
/// form: an offered function called at the start of a line, a list or object, the marks of tool
/// calls.
Attempt attempt_of(const api::Json& entry);

}  // namespace agentd
