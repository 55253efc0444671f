// SPDX-License-Identifier: Apache-2.0
#include "api/codec/yaml.hpp"
#include "base/text.hpp"
#include "controller/pki/authority.hpp"
#include "wire/tls.hpp"

namespace controller {
namespace {

using api::Json;

/// The only entry's inner value under `clusters` or `users`; null when there is none.
Json* entry(Json& config, std::string_view list, std::string_view inner) {
  Json* all = config.find(list);
  if (all == nullptr || !all->is_array() || all->items().size() != 1) return nullptr;
  return all->items().front().find(inner);
}

std::optional<Json> read_config(const std::string& text) {
  auto read = api::read_yaml(text);
  if (!read.errors.empty() || read.documents.size() != 1) return std::nullopt;
  return std::move(read.documents.front().value);
}

bool is_good(const std::string& certificate_data, base::Instant wall) {
  const auto pem = base::from_base64(certificate_data);
  if (!pem) return false;
  const auto facts = wire::read_certificate(*pem);
  return facts && facts->validity.to > wall + kRenewWithin;
}

/// The key belongs to the certificate, and a context says who is meant.
bool is_whole(const Json& config, const Json& user, const wire::KeyPair& ca) {
  const auto certificate = base::from_base64(user.text_at("client-certificate-data"));
  const auto key = base::from_base64(user.text_at("client-key-data"));
  return certificate && key && wire::Tls::client(ca.certificate, *certificate, *key) &&
         !config.text_at("current-context").empty();
}

}  // namespace

base::Result<std::string> make_kubeconfig(const wire::KeyPair& ca, const Person& person,
                                          base::Instant wall) {
  wire::Subject subject;
  subject.common_name = person.name;
  subject.organizations = {"orch:" + person.role};
  const auto pair = wire::make_certificate(ca, subject, {wall - kBackdated, wall + person.life});
  if (!pair) return pair.error();
  const auto context = person.name + "@" + person.cluster;
  const auto cluster = Json::object(
      {{"certificate-authority-data", base::to_base64(ca.certificate)}, {"server", person.url}});
  const auto user = Json::object({{"client-certificate-data", base::to_base64(pair->certificate)},
                                  {"client-key-data", base::to_base64(pair->key)}});
  const auto config = Json::object(
      {{"apiVersion", "v1"},
       {"kind", "Config"},
       {"clusters", Json::array({Json::object({{"name", person.cluster}, {"cluster", cluster}})})},
       {"users", Json::array({Json::object({{"name", person.name}, {"user", user}})})},
       {"contexts",
        Json::array({Json::object(
            {{"name", context},
             {"context", Json::object({{"cluster", person.cluster}, {"user", person.name}})}})})},
       {"current-context", context}});
  return api::write_yaml(config);
}

base::Result<std::string> redirected(const std::string& kubeconfig, const wire::KeyPair& ca,
                                     const std::string& url, base::Instant wall) {
  auto config = read_config(kubeconfig);
  if (!config) return base::not_found("it is no kubeconfig");
  Json* cluster = entry(*config, "clusters", "cluster");
  Json* user = entry(*config, "users", "user");
  if (cluster == nullptr || user == nullptr) return base::not_found("it is no kubeconfig of ours");
  if (cluster->text_at("certificate-authority-data") != base::to_base64(ca.certificate))
    return base::not_found("it is of another CA");
  if (!is_good(user->text_at("client-certificate-data"), wall))
    return base::not_found("its certificate ends soon");
  if (!is_whole(*config, *user, ca)) return base::not_found("it is cut short");
  cluster->set("server", url);
  return api::write_yaml(*config);
}

KubeconfigTarget target_of_kubeconfig(const std::string& kubeconfig) {
  auto config = read_config(kubeconfig);
  if (!config) return {};
  const Json* cluster = entry(*config, "clusters", "cluster");
  if (cluster == nullptr) return {};
  return {config->find("clusters")->items().front().text_at("name"), cluster->text_at("server")};
}

}  // namespace controller
