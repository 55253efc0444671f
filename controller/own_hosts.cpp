// SPDX-License-Identifier: Apache-2.0
#include "controller/own_hosts.hpp"

#include "base/text.hpp"

#include <unistd.h>
#include <array>

namespace controller {

std::vector<std::string> own_hosts() {
  std::vector<std::string> hosts{"localhost", "127.0.0.1", "::1"};
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return hosts;
  std::string own(name.data());
  for (char& c : own)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (base::is_dns_subdomain(own) && own != "localhost") hosts.push_back(own);
  return hosts;
}

}  // namespace controller
