// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/text.hpp"
#include "controller/commands.hpp"
#include "controller/local_client.hpp"
#include "controller/pki/authority.hpp"
#include "controller/server/enrolment.hpp"
#include "controller/server/host.hpp"
#include "controller/store/sqlite_store.hpp"

#include <unistd.h>
#include <array>

namespace controller {
namespace {

using api::Json;

constexpr std::string_view kFallbackUrl = "https://127.0.0.1:7443";

Outcome store_failed(const base::Error& error) {
  return failed(exit_of_store(error), error.message);
}

Outcome call_failed(const base::Error& error) {
  return failed(
      error.code == base::Code::conflict ? base::Exit::cannot_create : base::exit_for(error.code),
      error.message);
}

/// Writes into a store that no controller serves.
base::Result<WriteOutcome> write_directly(SqliteStore& store, const WriteRequest& request) {
  const auto loaded = store.load();
  if (!loaded) return loaded.error();
  Picture picture;
  for (const auto& row : loaded->rows)
    picture.put(row);
  picture.move_to(loaded->revision);
  Draft draft(std::move(picture));
  RandomUids uids;
  auto outcome = apply_writes(draft, request, uids, base::wall_now());
  if (outcome.refused()) return outcome;
  if (const auto error = store.commit(draft.round())) return error->error;
  return outcome;
}

Outcome token_directly(const DataDir& dir, const TokenArguments& arguments, base::Duration life) {
  const auto ca = load_ca(dir.pki());
  if (!ca) return failed(base::Exit::bad_state, ca.error().message);
  auto store = SqliteStore::open({dir.database(), {}});
  if (!store) return store_failed(store.error());
  const auto facts = wire::read_certificate(ca->certificate);
  if (!facts) return failed(base::Exit::bad_state, facts.error().message);
  auto made = make_token(arguments.machine, facts->fingerprint, base::wall_now() + life);
  WriteRequest request;
  request.asker = {"local", api::Writer::system};
  request.ops.push_back(std::move(made.write));
  const auto outcome = write_directly(**store, request);
  if (!outcome) return store_failed(outcome.error());
  if (outcome->refused()) return failed(base::Exit::bug, "the token was refused by our own rules");
  say(made.token.text());
  return {};
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, 4096> here{};
  if (::getcwd(here.data(), here.size()) == nullptr) return path;
  return std::string(here.data()) + "/" + path;
}

}  // namespace

Outcome token(const DataDir& dir, const TokenArguments& arguments) {
  if (!base::is_dns_label(arguments.machine))
    return failed(base::Exit::usage, "--machine " + base::quoted(arguments.machine) +
                                         ": a name is lower-case letters, digits and '-', begins "
                                         "and ends with a letter or digit");
  const auto wished = parse_life(arguments.ttl);
  const auto life = wished ? token_life(std::to_string(wished->count()) + "ms")
                           : base::Result<base::Duration>(base::invalid(""));
  if (!life)
    return failed(base::Exit::usage, "--ttl " + base::quoted(arguments.ttl) +
                                         ": expected a duration such as 30m or 1h, at most 720h");
  if (auto checked = dir.check_cluster(); !checked.good()) return checked;
  const auto turn = take_turn(dir);
  if (!turn.failure.good()) return turn.failure;
  if (turn.lock) return token_directly(dir, arguments, *life);
  const auto answer = ask_running(dir,
                                  "/apis/orch/v1/machines/" + arguments.machine +
                                      "/token?ttl=" + std::to_string(life->count()) + "ms",
                                  Json::object());
  if (!answer) return call_failed(answer.error());
  say(answer->text_at("token"));
  return {};
}

Outcome kubeconfig(const DataDir& dir, const KubeconfigArguments& arguments) {
  const auto life = parse_life(arguments.ttl);
  if (!life)
    return failed(base::Exit::usage, "--ttl " + base::quoted(arguments.ttl) +
                                         ": expected a duration such as 12h or 90d");
  const bool named = !arguments.user.empty() && arguments.user.size() <= 64 &&
                     base::printable(arguments.user) == arguments.user &&
                     arguments.user.find_first_of(":/\n\t ") == std::string::npos;
  if (!named)
    return failed(base::Exit::usage, "--user " + base::quoted(arguments.user) +
                                         ": at most 64 letters without blanks, ':' and '/'");
  if (auto checked = dir.check_cluster(); !checked.good()) return checked;
  if (base::facts_of(arguments.file))
    return failed(base::Exit::cannot_create,
                  base::quoted(arguments.file) + " is there already: name a new file");
  const auto ca = load_ca(dir.pki());
  if (!ca) return failed(base::Exit::bad_state, ca.error().message);
  KubeconfigTarget target;
  if (const auto admin = base::read_file(dir.kubeconfig(), 1 << 20))
    target = target_of_kubeconfig(*admin);
  if (target.url.empty()) target = {"orch", std::string(kFallbackUrl)};
  const auto config = make_kubeconfig(
      *ca, {arguments.user, arguments.role, target.cluster, target.url, *life}, base::wall_now());
  if (!config) return failed(base::Exit::bug, config.error().message);
  if (auto written = base::write_file(arguments.file, *config, 0600); !written)
    return failed(base::Exit::cannot_create, written.error().message);
  return {};
}

Outcome snapshot(const DataDir& dir, const std::string& file) {
  if (auto checked = dir.check_cluster(); !checked.good()) return checked;
  const auto turn = take_turn(dir);
  if (!turn.failure.good()) return turn.failure;
  if (turn.lock) {
    auto store = SqliteStore::open({dir.database(), {}});
    if (!store) return store_failed(store.error());
    if (auto done = (*store)->snapshot(absolute(file)); !done) return call_failed(done.error());
    return {};
  }
  const auto answer =
      ask_running(dir, "/admin/v1/snapshot", Json::object({{"file", absolute(file)}}));
  return answer ? Outcome{} : call_failed(answer.error());
}

Outcome check(const DataDir& dir) {
  if (auto checked = dir.check_cluster(); !checked.good()) return checked;
  const auto turn = take_turn(dir);
  if (!turn.failure.good()) return turn.failure;
  if (turn.lock) {
    if (auto whole = check_store({dir.database(), {}}); !whole) return store_failed(whole.error());
  } else if (const auto answer = ask_running(dir, "/admin/v1/check", Json::object()); !answer) {
    return store_failed(answer.error());
  }
  say("whole");
  return {};
}

Outcome restore(const DataDir& dir, const std::string& file) {
  if (auto checked = dir.check(); !checked.good()) return checked;
  const auto lock = dir.lock();
  if (!lock) return failed(base::Exit::busy, "stop the controller first: " + lock.error().message);
  if (auto done = restore_store(file, {dir.database(), {}}); !done)
    return store_failed(done.error());
  say("restored " + file + "; every machine's agent obeys the next start");
  return {};
}

}  // namespace controller
