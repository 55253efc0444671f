// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "cli/await.hpp"
#include "cli/commands/commands.hpp"
#include "cli/selection.hpp"

#include <algorithm>

namespace cli {
namespace {

using api::Json;

/// A timeout below zero means very long, as kubectl has it; 0 asks once.
constexpr base::Duration kVeryLong = base::hours(24 * 7);

}  // namespace

base::Exit run_wait(Session& session, const WaitArguments& asked) {
  const auto found = parse_wish(asked.what);
  if (found.failure) return fail(session, *found.failure);
  const auto wait = asked.timeout.count() < 0 ? kVeryLong : asked.timeout;
  const auto deadline = base::steady_now() + wait;
  // An answer that comes after the wait is over helps nobody.
  if (wait.count() > 0)
    session.global.request_timeout = std::min(session.global.request_timeout, wait);
  Remote remote(session);
  const auto chosen = select_objects(remote, {asked.words, asked.selector, asked.all});
  if (chosen.failure) return fail(session, *chosen.failure);
  if (chosen.list.empty() && found.wish.kind != Wish::Kind::gone)
    return fail(session, answer_is_no("no matching objects found"));
  auto met = Json::array();
  for (const auto& object : chosen.list) {
    if (const auto failure = await(remote, object, found.wish, deadline))
      return fail(session, *failure);
    if (wants_value(session)) {
      met.push(Json::object({{"kind", object.kind->name}, {"name", object.name}}));
      continue;
    }
    const auto name = full_name(*object.kind) + "/" + object.name;
    session.console.out(name + (session.global.format == Format::name ? "" : " condition met") +
                        "\n");
    session.console.flush();
  }
  if (wants_value(session))
    print_value(session, Json::object({{"apiVersion", api::kApiVersion},
                                       {"kind", "WaitResult"},
                                       {"for", asked.what},
                                       {"items", std::move(met)}}));
  return base::Exit::done;
}

}  // namespace cli
