// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace agentd {

/// The user whose listener a server on 127.0.0.1:`port` would meet, by a table as /proc/net/tcp.
std::optional<std::int64_t> find_listener(std::string_view table, std::int64_t port);

/// Looks only: binding for a try could take the port from the server that is about to have it.
base::Result<PortState> see_port(std::int64_t port);

base::Result<std::int64_t> find_free_port(const std::vector<std::int64_t>& avoid);

}  // namespace agentd
