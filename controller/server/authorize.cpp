// SPDX-License-Identifier: Apache-2.0
#include "controller/server/authorize.hpp"

#include "api/kinds.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace controller {
namespace {

using Rank = Identity::Rank;

std::string machine_of(const wire::Peer& peer, const Self& self) {
  const std::string prefix = "spiffe://orch/" + self.cluster + "/machine/";
  for (const auto& uri : peer.uris)
    if (uri.starts_with(prefix) && base::is_dns_label(std::string_view(uri).substr(prefix.size())))
      return uri.substr(prefix.size());
  return {};
}

Rank rank_of(const std::vector<std::string>& organizations) {
  const auto has = [&](std::string_view name) {
    return std::find(organizations.begin(), organizations.end(), name) != organizations.end();
  };
  if (has("orch:admins")) return Rank::admin;
  if (has("orch:operators")) return Rank::writer;
  if (has("orch:viewers")) return Rank::viewer;
  return Rank::nobody;
}

bool suffices(const Identity& who, Need need, const Target& target) {
  switch (need) {
    case Need::nothing: return true;
    case Need::viewer: return who.rank >= Rank::viewer;
    case Need::writer: return who.rank >= Rank::writer;
    case Need::admin: return who.rank == Rank::admin;
    case Need::machine:
      return who.rank == Rank::admin ||
             (who.rank == Rank::machine && who.machine == target.machine);
    case Need::same_user: return who.rank == Rank::admin && who.is_local;
  }
  return false;
}

std::string resource_words(const Target& t) {
  return t.plural + (t.part.empty() ? "" : "/" + t.part);
}

Rejection refusal(const Identity& who, Need need, const Target& t) {
  const std::string user = "User " + base::quoted(who.name) + " cannot ";
  if (t.plural.empty()) {
    std::string why = "forbidden: " + user + t.verb + " path " + base::quoted(t.path);
    if (need == Need::machine) why += ": it is of machine " + base::quoted(t.machine) + " alone";
    if (need == Need::same_user) why += ": only through the socket in the data directory";
    return forbidden(std::move(why));
  }
  const auto group = std::string(api::kGroup);
  std::string what = t.plural + "." + group;
  if (!t.name.empty()) what += " " + base::quoted(t.name);
  auto r = forbidden(what + " is forbidden: " + user + t.verb + " resource " +
                     base::quoted(resource_words(t)) + " in API group " + base::quoted(group) +
                     " at the cluster scope");
  r.details = api::Json::object({{"group", group}, {"kind", t.plural}});
  if (!t.name.empty()) r.details.set("name", t.name);
  return r;
}

}  // namespace

Identity identify(const wire::Peer& peer, const Self& self) {
  Identity who;
  if (peer.uid) {
    if (*peer.uid != self.uid) return who;
    return {Rank::admin, "local", {"orch:admins"}, "", true};
  }
  if (!peer.certified) return who;
  // A name of any machine makes it a machine's certificate, of another cluster too.
  const bool of_machine =
      !peer.uris.empty() || std::find(peer.organizations.begin(), peer.organizations.end(),
                                      "orch:machines") != peer.organizations.end();
  if (of_machine) {
    who.machine = machine_of(peer, self);
    if (who.machine.empty()) return who;
    return {Rank::machine, "machine/" + who.machine, peer.organizations, who.machine, false};
  }
  const auto rank = rank_of(peer.organizations);
  if (rank == Rank::nobody || peer.common_name.empty()) return who;
  return {rank, peer.common_name, peer.organizations, "", false};
}

std::optional<Rejection> authorize(const Identity& who, Need need, const Target& target) {
  if (suffices(who, need, target)) return std::nullopt;
  if (who.rank == Rank::nobody) return Rejection{401, "Unauthorized", "Unauthorized", {}};
  return refusal(who, need, target);
}

}  // namespace controller
