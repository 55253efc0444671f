// SPDX-License-Identifier: Apache-2.0
#include "controller/pki/authority.hpp"

#include "base/file.hpp"

#include <algorithm>

namespace controller {
namespace {

constexpr base::Duration kDay{24 * 3'600'000};
constexpr auto kCaLife = 3650 * kDay;
constexpr auto kServerLife = 365 * kDay;
constexpr unsigned kPrivate = 0600;

wire::Validity from_now(base::Instant wall, base::Duration life) {
  return {wall - kBackdated, wall + life};
}

base::Status save(const std::string& path, const wire::KeyPair& pair) {
  // One file, so that key and certificate always belong together.
  return base::write_file(path, pair.key + pair.certificate, kPrivate);
}

/// The first PEM block of this type, and those after it.
std::string block(const std::string& pem, const std::string& type) {
  const auto begin = pem.find("-----BEGIN " + type);
  if (begin == std::string::npos) return {};
  const std::string end = "-----END " + type;
  const auto stop = pem.rfind(end);
  if (stop == std::string::npos) return {};
  return pem.substr(begin, pem.find('\n', stop) - begin) + "\n";
}

base::Result<wire::KeyPair> load(const std::string& path) {
  if (auto is_private = base::check_private(path); !is_private)
    return std::move(is_private).error();
  auto text = base::read_file(path, 1 << 20);
  if (!text) return std::move(text).error();
  const auto certificates = text->find("-----BEGIN CERTIFICATE");
  const auto damaged = [&] {
    return base::invalid(
        "read \"" + path + "\": it holds no key with a certificate; put back " +
        "the copy from your backup, or begin anew with `init` in another directory");
  };
  if (certificates == std::string::npos || certificates == 0) return damaged();
  wire::KeyPair pair{block(*text, "CERTIFICATE"), text->substr(0, certificates)};
  if (!wire::read_certificate(pair.certificate)) return damaged();
  return pair;
}

base::Result<wire::KeyPair> make_server(const wire::KeyPair& ca,
                                        const std::vector<std::string>& hosts, base::Instant wall) {
  wire::Subject subject;
  subject.common_name = "orch-controller";
  subject.hosts = hosts;
  auto pair = wire::make_certificate(ca, subject, from_now(wall, kServerLife));
  if (!pair) return std::move(pair).error().within("make the server's certificate");
  pair->certificate += ca.certificate;
  return pair;
}

}  // namespace

base::Status make_authority(const std::string& folder, const std::string& cluster,
                            const std::vector<std::string>& hosts, base::Instant wall) {
  if (auto made = base::make_folder(folder, 0700); !made) return made;
  const auto ca = wire::make_ca("orch CA of " + cluster, from_now(wall, kCaLife));
  if (!ca) return ca.error();
  const auto server = make_server(*ca, hosts, wall);
  if (!server) return server.error();
  if (auto saved = save(folder + "/server.pem", *server); !saved) return saved;
  if (auto saved = base::write_file(folder + "/ca.crt", ca->certificate, kPrivate); !saved)
    return saved;
  return save(folder + "/ca.pem", *ca);
}

base::Result<wire::KeyPair> load_ca(const std::string& folder) {
  auto ca = load(folder + "/ca.pem");
  if (!ca) return std::move(ca).error().within("load the CA");
  return ca;
}

base::Result<wire::KeyPair> load_server(const std::string& folder, const wire::KeyPair& ca,
                                        const std::vector<std::string>& more, base::Instant wall) {
  const auto path = folder + "/server.pem";
  auto pair = load(path);
  if (!pair && pair.error().code == base::Code::forbidden) return pair;
  auto hosts = more;
  if (pair) {
    const auto facts = wire::read_certificate(pair->certificate);
    if (facts) {
      const auto missing = [&](const std::string& host) {
        const auto& known = facts->subject.hosts;
        return std::find(known.begin(), known.end(), host) == known.end();
      };
      const bool complete = std::none_of(more.begin(), more.end(), missing);
      if (complete && facts->validity.to > wall + kRenewWithin) return pair;
      for (const auto& host : facts->subject.hosts)
        if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
    }
  }
  auto fresh = make_server(ca, hosts, wall);
  if (!fresh) return fresh;
  if (auto saved = save(path, *fresh); !saved) return std::move(saved).error();
  return fresh;
}

}  // namespace controller
