// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/failure.hpp"

#include <optional>
#include <string>

namespace cli {

/// Where a kubeconfig may be named, in the order in which the places are asked.
struct KubeconfigPlaces {
  std::string flag;           // --kubeconfig
  std::string orch_variable;  // $ORCH_KUBECONFIG
  std::string variable;       // $KUBECONFIG: paths between colons; the first that exists counts
  std::string home;           // for ~/.config/orch/kubeconfig
};
/// Reads the variables; the flag is left empty.
KubeconfigPlaces places_of_environment();

/// How to reach one cluster as one person.
struct Cluster {
  std::string server;                // https://host:port
  std::string ca, certificate, key;  // PEM; certificate and key may be empty
  std::string path, context;         // where this was found, for messages
};

struct FoundCluster {
  Cluster cluster;
  std::optional<Failure> failure;
};

/// The cluster of `context` (empty: the current one) in the kubeconfig that the places lead to. A
/// private key that others may read is refused with the command that mends it.
FoundCluster find_cluster(const KubeconfigPlaces& places, const std::string& context);

}  // namespace cli
