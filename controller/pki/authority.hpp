// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/pki.hpp"

#include <string>
#include <vector>

/// The cluster's keys and certificates, as files that only the controller's user can read.
namespace controller {

constexpr base::Duration kRenewWithin{30LL * 24 * 3'600'000};  // of a certificate's end
constexpr base::Duration kBackdated{3'600'000};                // clients whose clock is behind ours

/// Makes `folder` with a CA and the server's certificate for `hosts`.
base::Status make_authority(const std::string& folder, const std::string& cluster,
                            const std::vector<std::string>& hosts, base::Instant wall);

base::Result<wire::KeyPair> load_ca(const std::string& folder);

/// The server's certificate with the CA behind it. One that ends soon is made anew, for the same
/// hosts and `more`.
base::Result<wire::KeyPair> load_server(const std::string& folder, const wire::KeyPair& ca,
                                        const std::vector<std::string>& more, base::Instant wall);

/// Who a kubeconfig is for, and where it leads.
struct Person {
  std::string name;
  std::string role;  // admins, operators, viewers
  std::string cluster, url;
  base::Duration life{0};
};
/// A kubeconfig with a certificate of its own.
base::Result<std::string> make_kubeconfig(const wire::KeyPair& ca, const Person& person,
                                          base::Instant wall);
/// The same kubeconfig leading to `url`; `not_found` when it can't be used any more (it is no
/// kubeconfig, of another CA, or its certificate ends soon), so that a new one is needed.
base::Result<std::string> redirected(const std::string& kubeconfig, const wire::KeyPair& ca,
                                     const std::string& url, base::Instant wall);
/// The cluster and the address that a kubeconfig leads to; empty when it has none.
struct KubeconfigTarget {
  std::string cluster, url;
};
KubeconfigTarget target_of_kubeconfig(const std::string& kubeconfig);

}  // namespace controller
