// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/exit_code.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cli {

/// Why a command could not do what it was asked, and how the program ends for it.
struct Failure {
  base::Exit exit = base::Exit::no;
  std::string message;
  std::vector<std::string> lines = {};  // printed before the message, e.g. one a complaint
  api::Json status = {};                // the Status that the server sent; null where there is none
};

Failure wrong_usage(std::string message);
Failure wrong_input(std::string message);
Failure answer_is_no(std::string message);
/// Of files and of the wire. A wait for an answer that ran out counts as not reachable.
Failure failure_of(base::Error error);
/// Of an answer that is no success: the server's own Status where it sent one.
Failure failure_of(int http_status, const std::string& body);

/// The Status that `-o json` shows: the server's, or one made of the message.
api::Json status_of(const Failure& failure);

/// What came back, or why it did not.
struct Answer {
  api::Json value = {};
  std::optional<Failure> failure = std::nullopt;

  Answer(api::Json v) : value(std::move(v)) {}      // NOLINT: implicit
  Answer(Failure why) : failure(std::move(why)) {}  // NOLINT: implicit
  explicit operator bool() const { return !failure; }
};

}  // namespace cli
