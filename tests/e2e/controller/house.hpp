// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "wire/client.hpp"
#include "wire/pki.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What the tests of the real program share: a data directory, processes, clients.
namespace e2e {

/// How a call of the program ended.
struct Ended {
  int code = -1;
  std::string out, err;
};
/// Runs the program to its end.
Ended call(const std::vector<std::string>& arguments);

/// A controller that serves; killed at the end of the test.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// `https://HOST:PORT` of its `ready` line; empty when it ended before.
  const std::string& url() const { return url_; }
  int pid() const { return pid_; }
  /// Sends a signal and waits for the end.
  Ended end(int signal);

 private:
  int pid_ = -1, out_ = -1, err_ = -1;
  std::string url_, early_;
};

/// Who asks: certificate and key in PEM; empty for nobody.
struct Identity {
  std::string ca, certificate, key;
};
Identity identity_of(const std::string& kubeconfig_file);

/// A data directory with a cluster, and whoever asks it.
struct House : ::testing::Test {
  House();
  ~House() override;

  void init();
  void start();
  void stop();
  void kill();
  std::vector<std::string> with_dir(std::vector<std::string> arguments) const;

  struct Answer {
    int status = 0;
    std::string body, type;
    wire::Headers headers;
    api::Json json() const;
    std::string reason() const { return json().text_at("reason"); }
    std::string message() const { return json().text_at("message"); }
  };
  Answer ask(const Identity& who, const std::string& method, const std::string& target,
             const std::string& body = "", wire::Headers headers = {});
  Answer get(const std::string& target) { return ask(admin, "GET", target); }
  Answer post(const std::string& target, const std::string& body) {
    return ask(admin, "POST", target, body);
  }

  /// Reads a stream until `enough` or ten seconds; gives what came.
  std::string stream(const Identity& who, const std::string& target,
                     const std::function<bool(const std::string&)>& enough,
                     const std::function<void()>& once_open = nullptr);
  std::int64_t revision();

  /// A machine that has joined.
  Identity join(const std::string& machine);
  Answer enroll(const std::string& token, const std::string& request);
  std::string token_for(const std::string& machine);

  std::string folder, dir;
  Identity admin, nobody;
  std::unique_ptr<Running> controller;
  wire::Loop loop;
};

/// A Model that is accepted.
std::string model(const std::string& name, const std::string& labels = "{}");
std::string list_of(const std::vector<std::string>& items);

}  // namespace e2e
