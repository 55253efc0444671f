// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "cli/run.hpp"
#include "wire/loop.hpp"
#include "wire/server.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cli {

/// A folder that is gone at the end of the test.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file and gives its path.
  std::string write(const std::string& name, const std::string& bytes, unsigned mode = 0600) const;

 private:
  std::string path_;
};

/// An API server of the test's own words: answers by method and path, in the order in which they
/// were given (the last one stays), and keeps every request.
class FakeApi : public wire::Service {
 public:
  using Answer = std::function<void(const wire::Request&, std::shared_ptr<wire::Exchange>)>;

  explicit FakeApi(wire::Loop& loop);
  std::size_t body_max(const wire::Request& head) override;
  void on_request(wire::Request request, std::shared_ptr<wire::Exchange> exchange) override;

  /// `on("GET /version", 200, "{}")`; a path with `?watch` is that of a watch.
  void on(const std::string& what, int status, std::string body, wire::Headers headers = {});
  void on(const std::string& what, Answer answer);
  /// A streamed answer: these pieces, and then the end, nothing more, or a cut.
  enum class Then { finish, hang, cut };
  void stream(const std::string& what, std::vector<std::string> pieces, Then then);
  void stream_with_head(const std::string& what, wire::Headers headers,
                        std::vector<std::string> pieces, Then then);

  /// Listens with TLS too; gives `host:port`.
  std::string listen(const wire::Tls& tls);

  /// Goes away, as a controller that is stopped.
  void leave();

  std::vector<wire::Request> requests;
  std::string address;  // host:port, plain

 private:
  std::map<std::string, std::deque<Answer>> answers_;
  wire::Loop& loop_;
  std::vector<std::shared_ptr<wire::Exchange>> hanging_;
  std::vector<wire::Loop::Timer> cuts_;
  wire::Server server_;
};

/// How a call of the program ended and what it said.
struct Ran {
  int exit = 0;
  std::string out, err;
};

/// The program with a fake API behind its kubeconfig.
struct Rig {
  Rig();
  Ran orch(const std::vector<std::string>& words);
  /// The requests as `GET /path?query`, in order.
  std::vector<std::string> asked() const;

  Folder folder;
  wire::Loop loop;
  FakeApi api;
  std::string input;
  Terminal out_is = Terminal::no, err_is = Terminal::no;
  std::size_t out_bytes = SIZE_MAX;  // standard output breaks after so many
  KubeconfigPlaces places;
};

/// A Status as the API sends it.
std::string status_body(int code, const std::string& reason, const std::string& message);

}  // namespace cli
