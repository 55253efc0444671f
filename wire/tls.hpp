// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"

#include <memory>
#include <string>

namespace wire {

/// A TLS 1.3 configuration for servers or clients: no older version, no compression, no early data,
/// no tickets across identities.
class Tls {
 public:
  /// Shows `certificate` (PEM chain: leaf, then CA), asks clients for a certificate of `client_ca`
  /// without insisting: routes decide.
  static base::Result<Tls> server(const std::string& certificate, const std::string& key,
                                  const std::string& client_ca);
  /// Trusts `ca` (PEM) and checks the host's name; shows `certificate` when it is not empty.
  static base::Result<Tls> client(const std::string& ca, const std::string& certificate,
                                  const std::string& key);
  /// Trusts the one CA in the server's chain whose SHA-256 fingerprint (hex) is `ca_fingerprint`.
  static base::Result<Tls> pinned_client(const std::string& ca_fingerprint);

  Tls(Tls&&) noexcept;
  Tls& operator=(Tls&&) noexcept;
  ~Tls();

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  explicit Tls(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace wire
