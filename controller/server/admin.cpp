// SPDX-License-Identifier: Apache-2.0
#include "controller/server/admin.hpp"

#include <array>

namespace controller {
namespace {

using api::Json;

struct CodeWord {
  base::Code code;
  int http;
  std::string_view reason;
};
constexpr std::array kCodes{CodeWord{base::Code::invalid, 400, "BadRequest"},
                            CodeWord{base::Code::not_found, 404, "NotFound"},
                            CodeWord{base::Code::conflict, 409, "Conflict"},
                            CodeWord{base::Code::forbidden, 403, "Forbidden"},
                            CodeWord{base::Code::forbidden, 401, "Unauthorized"},
                            CodeWord{base::Code::unavailable, 503, "ServiceUnavailable"},
                            CodeWord{base::Code::timeout, 504, "Timeout"},
                            CodeWord{base::Code::internal, 500, "InternalError"}};

}  // namespace

Rejection rejection_of(const base::Error& error) {
  for (const auto& word : kCodes)
    if (word.code == error.code) return {word.http, std::string(word.reason), error.message, {}};
  return {500, "InternalError", error.message, {}};
}

base::Error error_of(const Json& status) {
  const auto reason = status.text_at("reason");
  auto message = status.text_at("message", "the controller gave no reason");
  for (const auto& word : kCodes)
    if (word.reason == reason) return {word.code, std::move(message)};
  return base::internal(std::move(message));
}

void Admin::answer(const CallPtr& call, const base::Status& done) {
  if (!done) return call->refuse(rejection_of(done.error()));
  call->answer(200,
               Json::object({{"kind", "Status"}, {"apiVersion", "v1"}, {"status", "Success"}}));
}

void Admin::snapshot(const CallPtr& call) {
  const auto body = api::parse_json(call->request.body);
  const auto file = body ? body->text_at("file") : "";
  if (!file.starts_with('/')) return call->refuse(bad_request("the body has no absolute \"file\""));
  snapshots_.make(file, [this, call](const base::Status& done) { answer(call, done); });
}

void Admin::check(const CallPtr& call) {
  rounds_.store().run([this, call, check = check_](Store&) -> StoreThread::After {
    auto done = check ? check() : base::ok();
    return [this, call, done = std::move(done)] { answer(call, done); };
  });
}

}  // namespace controller
