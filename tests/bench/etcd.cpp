// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/file.hpp"
#include "tests/bench/etcd_client.hpp"
#include "tests/bench/load.hpp"
#include "tests/bench/process.hpp"
#include "tests/bench/side.hpp"
#include "wire/pki.hpp"

#include <csignal>

namespace bench {
namespace {

const std::string kPrefix = "/registry/models/";

template <class T>
T certain(base::Result<T> result) {
  if (!result) give_up("etcd's certificates: " + result.error().message);
  return *std::move(result);
}

/// The same algorithms as ours: ECDSA P-256, one CA, certificates for server and client.
struct Certificates {
  wire::KeyPair ca, server, client;

  static Certificates make() {
    const auto now = base::wall_now();
    const wire::Validity day{now - base::hours(1), now + base::hours(24)};
    Certificates all;
    all.ca = certain(wire::make_ca("bench", day));
    all.server =
        certain(wire::make_certificate(all.ca, {"etcd", {}, {}, {"127.0.0.1", "localhost"}}, day));
    all.client = certain(wire::make_certificate(all.ca, {"bench", {}, {}, {}}, day));
    return all;
  }
};

class Etcd : public Side {
 public:
  Etcd(std::string program, std::string folder)
      : program_(std::move(program)), folder_(std::move(folder)), pki_(Certificates::make()) {
    save("ca.pem", pki_.ca.certificate);
    save("server.pem", pki_.server.certificate);
    save("server-key.pem", pki_.server.key);
    start();
  }

  void fill(int count) override {
    count_ = count;
    int begun = 0;
    client_->put(kFillers, [&](int) -> std::optional<KeyValue> {
      if (begun == count) return std::nullopt;
      return entry(begun++);
    });
  }

  double updates(int clients, Micros span) override {
    std::vector<int> at(static_cast<std::size_t>(clients));
    for (int client = 0; client < clients; ++client)
      at[static_cast<std::size_t>(client)] = client;
    const auto began = micros_now();
    const auto done = client_->put(clients, [&](int client) -> std::optional<KeyValue> {
      if (micros_now() - began > span) return std::nullopt;
      auto& number = at[static_cast<std::size_t>(client)];
      const auto now = number;
      number = number + clients < count_ ? number + clients : client;
      return entry(now);
    });
    return static_cast<double>(done) * 1e6 / static_cast<double>((micros_now() - began).count());
  }

  std::vector<Micros> put_to_watch(int puts) override {
    int begun = 0;
    return client_->put_to_watch(kPrefix, puts, [&](int) { return entry(begun++ % count_); });
  }

  Micros list() override {
    const auto began = micros_now();
    const int items = client_->list(kPrefix);
    const auto span = micros_now() - began;
    if (items != count_) give_up("etcd: a list of " + std::to_string(items));
    return span;
  }

  Micros restart() override {
    client_.reset();
    (void)process_->end(SIGTERM);
    const auto began = micros_now();
    start();
    return micros_now() - began;
  }

  Usage usage() override { return process_->usage(); }

 private:
  void save(const std::string& name, const std::string& text) {
    const auto written = base::write_file(folder_ + '/' + name, text, 0600);
    if (!written) give_up("etcd's certificates: " + written.error().message);
  }

  std::vector<std::string> arguments(const std::string& client_url,
                                     const std::string& peer_url) const {
    return {program_,
            "--name=bench",
            "--data-dir=" + folder_ + "/data",
            "--listen-client-urls=" + client_url,
            "--advertise-client-urls=" + client_url,
            "--client-cert-auth",
            "--trusted-ca-file=" + folder_ + "/ca.pem",
            "--cert-file=" + folder_ + "/server.pem",
            "--key-file=" + folder_ + "/server-key.pem",
            "--listen-peer-urls=" + peer_url,
            "--initial-advertise-peer-urls=" + peer_url,
            "--initial-cluster=bench=" + peer_url,
            "--enable-grpc-gateway=false",       // would want the server's certificate for a client
            "--quota-backend-bytes=8589934592",  // history of a long run must not stop it
            "--logger=zap",
            "--log-level=warn"};
  }

  /// Starts it and waits for its first answer to a get.
  void start() {
    const auto address = "127.0.0.1:" + std::to_string(free_port());
    const auto peer = "http://127.0.0.1:" + std::to_string(free_port());
    // Debian's build for these machines wants to be told that they are meant.
    process_ = std::make_unique<Process>(arguments("https://" + address, peer), folder_ + "/log",
                                         std::vector<std::string>{"ETCD_UNSUPPORTED_ARCH=arm64"});
    client_ = std::make_unique<EtcdClient>(
        address, Credentials{pki_.ca.certificate, pki_.client.certificate, pki_.client.key});
    if (client_->get(kPrefix + object_name(0)).empty() && count_ > 0)
      give_up("etcd: an object is gone after a restart");
  }

  /// The next text of an object: what ours gets, of the same length.
  KeyValue entry(int number) {
    return {kPrefix + object_name(number), object_text(number, ++turn_, "123456")};
  }

  std::string program_, folder_;
  Certificates pki_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<EtcdClient> client_;
  int count_ = 0;
  long turn_ = 0;
};

}  // namespace

std::unique_ptr<Side> make_etcd(const std::string& program, const std::string& folder) {
  return std::make_unique<Etcd>(program, folder);
}

}  // namespace bench
