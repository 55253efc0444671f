// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace base {

/// What the caller can do about it. Behaviour follows the code, never the text;
/// `base/exit_code.hpp` and the API door map it outwards.
enum class Code : std::uint8_t {
  invalid,
  not_found,
  conflict,
  forbidden,
  unavailable,
  timeout,
  internal
};

/// A failure of the world (bad input, refused, timed out), as a value that somebody handles.
struct [[nodiscard]] Error {
  Code code = Code::internal;
  std::string message;

  /// Adds what *we* were doing in front of what went wrong below us.
  Error within(std::string_view doing) && {
    message.insert(0, std::string(doing) + ": ");
    return std::move(*this);
  }
  bool operator==(const Error&) const = default;
};

/// A value or an Error. Reading the value of a failed result is our own bug and stops the process.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit
  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

struct Unit {
  bool operator==(const Unit&) const = default;
};
using Status = Result<Unit>;

/// `return base::ok();` ends a function that has nothing to give back.
inline Status ok() {
  return Unit{};
}

inline Error invalid(std::string message) {
  return {Code::invalid, std::move(message)};
}
inline Error not_found(std::string message) {
  return {Code::not_found, std::move(message)};
}
inline Error conflict(std::string message) {
  return {Code::conflict, std::move(message)};
}
inline Error forbidden(std::string message) {
  return {Code::forbidden, std::move(message)};
}
inline Error unavailable(std::string message) {
  return {Code::unavailable, std::move(message)};
}
inline Error internal(std::string message) {
  return {Code::internal, std::move(message)};
}

/// One lambda a case for std::visit.
template <class... F>
struct Match : F... {
  using F::operator()...;
};
template <class... F>
Match(F...) -> Match<F...>;

}  // namespace base
