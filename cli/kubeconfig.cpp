// SPDX-License-Identifier: Apache-2.0
#include "cli/kubeconfig.hpp"

#include "api/codec/yaml.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/input.hpp"

#include <cstdlib>
#include <vector>

namespace cli {
namespace {

using api::Json;

constexpr std::size_t kKubeconfigBytes = 1 << 20;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A path, and who named it.
struct Named {
  std::string path, by;
};

std::optional<Failure> none_found(const std::string& looked) {
  return wrong_usage("no cluster is configured: " + looked +
                     "; name a kubeconfig by --kubeconfig FILE or ORCH_KUBECONFIG=FILE (the "
                     "controller writes DATA-DIR/admin.kubeconfig)");
}

/// The file to read, or why there is none. A place that somebody named must lead to a file.
std::optional<Failure> choose(const KubeconfigPlaces& places, Named& chosen) {
  if (!places.flag.empty()) {
    chosen = {places.flag, "--kubeconfig"};
  } else if (!places.orch_variable.empty()) {
    chosen = {places.orch_variable, "$ORCH_KUBECONFIG"};
  } else if (!places.variable.empty()) {
    for (const auto& path : base::split(places.variable, ':')) {
      if (path.empty()) continue;
      chosen = {path, "$KUBECONFIG"};
      if (base::facts_of(path)) return std::nullopt;
    }
    if (chosen.path.empty()) return none_found("$KUBECONFIG names no file");
  } else {
    chosen = {places.home + "/.config/orch/kubeconfig", ""};
    if (places.home.empty() || !base::facts_of(chosen.path))
      return none_found("there is no ~/.config/orch/kubeconfig and no variable names one");
  }
  if (base::facts_of(chosen.path)) return std::nullopt;
  return none_found(chosen.by + " names " + base::quoted(chosen.path) + ", which does not exist");
}

/// One kubeconfig while it is read; the first thing that is wrong is kept.
class Reading {
 public:
  Reading(std::string path, const Json& document) : path_(std::move(path)), document_(document) {}

  Cluster cluster(const std::string& context);
  std::optional<Failure> failure;

 private:
  void refuse(const std::string& what) {
    if (!failure) failure = wrong_input(path_ + ": " + what);
  }
  const Json& named(std::string_view list, std::string_view inner, const std::string& name);
  std::string pem(const Json& holder, const std::string& field);
  void check_key(const Json& user);
  std::string resolved(const std::string& file) const;

  std::string path_;
  const Json& document_;
};

/// The value of an entry of `clusters`, `users` or `contexts`, by its name.
const Json& Reading::named(std::string_view list, std::string_view inner, const std::string& name) {
  static const Json nothing = Json::object();
  const Json* entries = document_.find(list);
  if (entries != nullptr && entries->is_array())
    for (const auto& entry : entries->items())
      if (entry.text_at("name") == name)
        if (const Json* value = entry.find(inner); value != nullptr) return *value;
  refuse("no " + std::string(inner) + " " + base::quoted(name) + " under " +
         base::quoted(std::string(list)));
  return nothing;
}

/// Files in a kubeconfig are relative to it.
std::string Reading::resolved(const std::string& file) const {
  const auto slash = path_.rfind('/');
  if (file.starts_with('/') || slash == std::string::npos) return file;
  return path_.substr(0, slash + 1) + file;
}

/// `<field>-data` in base64, or the file that `<field>` names; empty where there is neither.
std::string Reading::pem(const Json& holder, const std::string& field) {
  std::string data;
  for (const char c : holder.text_at(field + "-data"))
    if (c != '\n' && c != '\r' && c != ' ') data += c;
  if (!data.empty()) {
    if (auto bytes = base::from_base64(data)) return *bytes;
    refuse(field + "-data is no base64 text");
    return {};
  }
  const auto file = holder.text_at(field);
  if (file.empty()) return {};
  auto bytes = base::read_file(resolved(file), kKubeconfigBytes);
  if (bytes) return *std::move(bytes);
  if (!failure) failure = failure_of(std::move(bytes).error().within("read the " + field));
  if (failure->exit == base::Exit::no) failure->exit = base::Exit::bad_input;
  return {};
}

/// Who can read the key is the person.
void Reading::check_key(const Json& user) {
  const bool inside = !user.text_at("client-key-data").empty();
  const auto file = user.text_at("client-key");
  if (!inside && file.empty()) return;
  const auto status = base::check_private(inside ? path_ : resolved(file));
  if (status || failure) return;
  failure = failure_of(status.error());
  if (failure->exit == base::Exit::no) failure->exit = base::Exit::bad_input;
}

Cluster Reading::cluster(const std::string& context) {
  Cluster out{
      .server = {}, .ca = {}, .certificate = {}, .key = {}, .path = path_, .context = context};
  if (context.empty()) out.context = document_.text_at("current-context");
  if (out.context.empty()) {
    refuse("no current-context; choose one with --context NAME");
    return out;
  }
  const Json& chosen = named("contexts", "context", out.context);
  if (failure) return out;
  const Json& cluster = named("clusters", "cluster", chosen.text_at("cluster"));
  const Json& user = named("users", "user", chosen.text_at("user"));
  if (failure) return out;
  check_key(user);
  out.server = cluster.text_at("server");
  if (out.server.empty())
    refuse("cluster " + base::quoted(chosen.text_at("cluster")) + " has no server");
  if (cluster.find("insecure-skip-tls-verify") != nullptr)
    refuse("insecure-skip-tls-verify is not supported: a certificate is always checked");
  out.ca = pem(cluster, "certificate-authority");
  out.certificate = pem(user, "client-certificate");
  out.key = pem(user, "client-key");
  if (out.server.starts_with("https:") && out.ca.empty())
    refuse("cluster " + base::quoted(chosen.text_at("cluster")) + " has no certificate-authority");
  return out;
}

/// A person may keep a link where the kubeconfig is looked for; what counts is the file behind it.
std::string behind_links(const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  std::string out = real == nullptr ? path : real;
  std::free(real);
  return out;
}

}  // namespace

KubeconfigPlaces places_of_environment() {
  return {{}, variable("ORCH_KUBECONFIG"), variable("KUBECONFIG"), variable("HOME")};
}

FoundCluster find_cluster(const KubeconfigPlaces& places, const std::string& context) {
  Named chosen;
  if (auto failure = choose(places, chosen)) return {{}, std::move(failure)};
  chosen.path = behind_links(chosen.path);
  const auto text = base::read_file(chosen.path, kKubeconfigBytes);
  if (!text) {
    auto failure = failure_of(base::Error(text.error()).within("read the kubeconfig"));
    if (failure.exit == base::Exit::no) failure.exit = base::Exit::usage;
    return {{}, std::move(failure)};
  }
  const auto read = api::read_yaml(*text);
  if (!read.errors.empty())
    return {{},
            wrong_input(place_text(chosen.path, read.errors.front().place) +
                        read.errors.front().message)};
  if (read.documents.empty() || !read.documents.front().value.is_object())
    return {{}, wrong_input(chosen.path + ": no kubeconfig: it holds no fields")};
  Reading reading(chosen.path, read.documents.front().value);
  auto cluster = reading.cluster(context);
  return {std::move(cluster), std::move(reading.failure)};
}

}  // namespace cli
