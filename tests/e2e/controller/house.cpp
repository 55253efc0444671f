// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/controller/house.hpp"

#include "api/codec/yaml.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace e2e {
namespace {

struct Child {
  int pid = -1, out = -1, err = -1;
};

Child spawn(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{ORCH_CONTROLLER};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& w : words)
    argv.push_back(w.data());
  argv.push_back(nullptr);
  int out[2], err[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  ::posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  Child child{-1, out[0], err[0]};
  EXPECT_EQ(::posix_spawn(&child.pid, ORCH_CONTROLLER, &actions, nullptr, argv.data(), environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  ::close(err[1]);
  return child;
}

/// Reads what is there; false at the end.
bool read_some(int fd, std::string& into) {
  char block[4096];
  const auto n = ::read(fd, block, sizeof block);
  if (n <= 0) return false;
  into.append(block, static_cast<std::size_t>(n));
  return true;
}

/// Reads both to their ends, so that neither blocks the child.
void drain(int out, int err, Ended& ended) {
  pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    ::poll(fds, 2, -1);
    if (fds[0].revents != 0 && !read_some(out, ended.out)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !read_some(err, ended.err)) fds[1].fd = -1;
  }
  ::close(out);
  ::close(err);
}

int wait_for(int pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string decoded(const api::Json* holder, const char* field) {
  return holder != nullptr ? base::from_base64(holder->text_at(field)).value_or("") : "";
}

const api::Json* inner(const api::Json& config, const char* list, const char* member) {
  const auto* all = config.find(list);
  return all != nullptr && all->is_array() ? all->items().at(0).find(member) : nullptr;
}

}  // namespace

Ended call(const std::vector<std::string>& arguments) {
  const auto child = spawn(arguments);
  Ended ended;
  drain(child.out, child.err, ended);
  ended.code = wait_for(child.pid);
  return ended;
}

Running::Running(const std::vector<std::string>& arguments) {
  const auto child = spawn(arguments);
  pid_ = child.pid;
  out_ = child.out;
  err_ = child.err;
  while (early_.find('\n') == std::string::npos && read_some(out_, early_)) {
  }
  const auto begin = early_.find("https://");
  if (early_.starts_with("ready ") && begin != std::string::npos)
    url_ = early_.substr(begin, early_.find('\n') - begin);
}

Running::~Running() {
  if (pid_ > 0) (void)end(SIGKILL);
}

Ended Running::end(int signal) {
  Ended ended;
  ended.out = early_;
  ::kill(pid_, signal);
  drain(out_, err_, ended);
  ended.code = wait_for(std::exchange(pid_, -1));
  return ended;
}

Identity identity_of(const std::string& kubeconfig_file) {
  const auto text = base::read_file(kubeconfig_file);
  EXPECT_TRUE(text);
  if (!text) return {};
  const auto read = api::read_yaml(*text);
  EXPECT_TRUE(read.errors.empty());
  if (read.documents.size() != 1) return {};
  const auto& config = read.documents.front().value;
  const auto* cluster = inner(config, "clusters", "cluster");
  const auto* user = inner(config, "users", "user");
  return {decoded(cluster, "certificate-authority-data"), decoded(user, "client-certificate-data"),
          decoded(user, "client-key-data")};
}

House::House() {
  std::string name = ::testing::TempDir() + "orch-door-XXXXXX";
  folder = ::mkdtemp(name.data());
  dir = folder + "/d";
}

House::~House() {
  controller.reset();
  std::filesystem::remove_all(folder);
}

std::vector<std::string> House::with_dir(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"--data-dir", dir});
  return arguments;
}

void House::init() {
  const auto made = call(with_dir({"init"}));
  ASSERT_EQ(made.code, 0) << made.err;
  admin = identity_of(dir + "/admin.kubeconfig");
  nobody.ca = admin.ca;
}

void House::start() {
  controller = std::make_unique<Running>(with_dir({"run", "--listen", "127.0.0.1:0"}));
  ASSERT_FALSE(controller->url().empty()) << controller->end(SIGTERM).err;
}

void House::stop() {
  const auto ended = controller->end(SIGTERM);
  EXPECT_EQ(ended.code, 0) << ended.err;
  controller.reset();
}

void House::kill() {
  (void)controller->end(SIGKILL);
  controller.reset();
}

api::Json House::Answer::json() const {
  auto parsed = api::parse_json(base::trimmed(body));
  return parsed ? *parsed : api::Json();
}

House::Answer House::ask(const Identity& who, const std::string& method, const std::string& target,
                         const std::string& body, wire::Headers headers) {
  auto tls = wire::Tls::client(who.ca, who.certificate, who.key);
  EXPECT_TRUE(tls);
  wire::Client client(loop, *wire::Endpoint::parse(controller->url()), std::move(*tls));
  wire::Request request;
  request.method = method;
  request.target = target;
  request.body = body;
  request.headers = std::move(headers);
  if (!body.empty() && !request.header("Content-Type"))
    request.headers.push_back({"Content-Type", "application/json"});
  const auto answer = client.call(std::move(request), {});
  EXPECT_TRUE(answer) << answer.error().message;
  if (!answer) return {};
  return {answer->status, answer->body, std::string(answer->header("Content-Type").value_or("")),
          answer->headers};
}

std::string House::stream(const Identity& who, const std::string& target,
                          const std::function<bool(const std::string&)>& enough,
                          const std::function<void()>& once_open) {
  auto tls = wire::Tls::client(who.ca, who.certificate, who.key);
  EXPECT_TRUE(tls);
  wire::Client client(loop, *wire::Endpoint::parse(controller->url()), std::move(*tls));
  wire::Request request;
  request.target = target;
  std::string came;
  enum class Stage { opening, open, over } stage = Stage::opening;
  const auto call = client.stream(std::move(request), {}, base::Duration{0},
                                  {[&](const wire::Response& head) {
                                     EXPECT_EQ(head.status, 200);
                                     stage = Stage::open;
                                   },
                                   [&](std::string_view bytes) { came += bytes; },
                                   [&](const base::Status&) { stage = Stage::over; }});
  const auto end = base::steady_now() + base::seconds(20);
  bool told = once_open == nullptr;
  while (base::steady_now() < end && stage != Stage::over) {
    if (stage == Stage::open && !told) {
      told = true;
      once_open();
    }
    if (told && enough(came)) break;
    loop.run_once(base::Duration{50});
  }
  EXPECT_TRUE(enough(came)) << came;
  return came;
}

std::int64_t House::revision() {
  const auto list = get("/apis/orch/v1/models").json();
  return *base::to_integer(list.at({"metadata", "resourceVersion"})->string());
}

std::string House::token_for(const std::string& machine) {
  const auto made = call(with_dir({"token", "--machine", machine}));
  EXPECT_EQ(made.code, 0) << made.err;
  return std::string(base::trimmed(made.out));
}

House::Answer House::enroll(const std::string& token, const std::string& request) {
  return ask(nobody, "POST", "/agent/v1/enroll",
             api::write_json(api::Json::object({{"token", token}, {"request", request}})));
}

Identity House::join(const std::string& machine) {
  const auto key = wire::make_key();
  const auto request = wire::make_request(*key, "whatever");
  const auto answer = enroll(token_for(machine), *request);
  EXPECT_EQ(answer.status, 200) << answer.body;
  return {answer.json().text_at("ca"), answer.json().text_at("certificate"), *key};
}

std::string model(const std::string& name, const std::string& labels) {
  return R"({"apiVersion":"orch/v1","kind":"Model","metadata":{"name":")" + name +
         R"(","labels":)" + labels +
         R"(},"spec":{"source":{"file":"/models/x.gguf"},"minMemory":"1Gi",)"
         R"("runtimes":[{"runtime":"llama"}]}})";
}

std::string list_of(const std::vector<std::string>& items) {
  return R"({"kind":"List","apiVersion":"v1","items":[)" + base::join(items, ",") + "]}";
}

}  // namespace e2e
