// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/secrets.hpp"

#include "agentd/process/record.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace agentd {
namespace {

constexpr std::size_t kSecretBytes = 64 * 1024;

base::Result<std::string> read_secret(const std::string& path) {
  if (auto fit = base::check_private(path); !fit) return std::move(fit).error();
  auto value = base::read_file(path, kSecretBytes);
  if (!value) return std::move(value).error();
  if (value->ends_with('\n')) value->pop_back();
  if (value->find('\0') != std::string::npos) {
    return base::invalid(base::quoted(path) + " holds a NUL, which no environment can carry");
  }
  return value;
}

}  // namespace

base::Result<std::vector<std::string>> read_secrets(const std::string& data_dir,
                                                    const Launch& launch) {
  std::vector<std::string> out;
  for (const auto& [variable, name] : launch.secrets) {
    if (!is_record_id(name)) {
      return base::invalid("secret " + base::quoted(name) + " for " + variable +
                           ": no name of a file in the secrets folder");
    }
    auto value = read_secret(data_dir + "/secrets/" + name);
    if (!value) {
      return std::move(value).error().within("read secret " + base::quoted(name) + " for " +
                                             variable);
    }
    out.push_back(variable + "=" + *value);
  }
  return out;
}

}  // namespace agentd
