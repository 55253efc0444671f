// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/time.hpp"
#include "cli/session.hpp"
#include "wire/client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

using Query = std::vector<std::pair<std::string, std::string>>;

/// Asks for a table made by the server, and takes plain objects from one that has none.
inline constexpr std::string_view kTableType =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
inline constexpr std::string_view kJsonType = "application/json";

/// The controller. Looks its kubeconfig up and connects at the first request; whatever stands in
/// the way is the failure of that request. Warnings of the server go to stderr.
class Remote {
 public:
  explicit Remote(Session& session) : session_(session) {}

  Answer get(const std::string& path, const Query& query = {}, std::string_view accept = kJsonType);
  /// The body as it is, e.g. JSON lines; as a JSON string.
  Answer get_text(const std::string& path, const Query& query = {});
  Answer send(const std::string& method, const std::string& path, const Query& query,
              const api::Json& body);

  /// Whether a reader wants more, or has what it came for.
  enum class More { yes, no };
  using OnData = std::function<More(std::string_view)>;
  struct StreamEnd {
    enum class How { finished, stopped, ran_out, failed };
    How how = How::finished;
    enum class Began { no, yes } began = Began::no;  // a good head came
    std::optional<Failure> failure;
  };
  struct Stream {
    std::string path;
    Query query;
    std::string_view accept = kJsonType;
    base::Duration silence{0};              // ends a stream that is quiet for so long; 0: never
    std::optional<base::Instant> deadline;  // on the steady clock
    std::function<void(const wire::Headers&)> on_head = {};  // of a good answer; may be empty
  };
  /// Reads a streamed answer to its end, or until the reader has enough or the time is over.
  StreamEnd stream(const Stream& asked, const OnData& on_data);

  /// Lets the time pass.
  void pause(base::Duration wait);
  Session& session() { return session_; }
  /// `https://host:port`, for messages; empty before the first request.
  const std::string& server() const { return cluster_.server; }

 private:
  std::optional<Failure> connect();
  wire::Request request(const std::string& method, const std::string& path, const Query& query,
                        std::string_view accept) const;
  base::Result<wire::Response> exchange(wire::Request request);
  Answer failed(base::Error error) const;
  void show_warnings(const wire::Response& response);

  Session& session_;
  Cluster cluster_;
  std::unique_ptr<wire::Client> client_;
};

}  // namespace cli
