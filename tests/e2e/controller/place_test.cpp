// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/controller/house.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>

namespace e2e {
namespace {

namespace fs = std::filesystem;

struct Place : House {
  unsigned mode(const std::string& path) const {
    struct stat s {};
    EXPECT_EQ(::stat(path.c_str(), &s), 0) << path;
    return s.st_mode & 0777U;
  }
  /// Every file, by a hash of what is in it.
  std::map<std::string, std::uint64_t> contents() const {
    std::map<std::string, std::uint64_t> out;
    for (const auto& entry : fs::recursive_directory_iterator(dir))
      if (entry.is_regular_file()) out[entry.path()] = base::hash64(*base::read_file(entry.path()));
    return out;
  }
};

bool says(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

TEST_F(Place, InitMakesEverythingPrivateAndWillNotDoItTwice) {
  const auto made = call(with_dir({"init", "--cluster", "lab", "--san", "rig.example"}));
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(says(made.out, "cluster lab-"));
  EXPECT_TRUE(says(made.out, "ca-fingerprint "));
  EXPECT_EQ(mode(dir), 0700U);
  for (const auto& entry : fs::recursive_directory_iterator(dir))
    EXPECT_EQ(mode(entry.path()) & 077U, 0U) << entry.path();
  const auto before = contents();
  const auto again = call(with_dir({"init"}));
  EXPECT_EQ(again.code, 78);
  EXPECT_TRUE(says(again.err, "holds a cluster already")) << again.err;
  EXPECT_EQ(contents(), before);
}

TEST_F(Place, AWrongPlaceIsRefusedWithTheWayOut) {
  EXPECT_EQ(call(with_dir({"run"})).code, 78);
  ASSERT_EQ(call(with_dir({"init"})).code, 0);
  const auto linked = folder + "/link";
  fs::create_symlink(dir, linked);
  const struct {
    const char* what;
    std::vector<std::string> arguments;
    int code;
    const char* says;
  } cases[] = {
      {"a symbolic link", {"--data-dir", linked, "run"}, 78, "symbolic link"},
      {"a symbolic link with a slash", {"--data-dir", linked + "/", "run"}, 78, "symbolic link"},
      {"no data directory", {"run"}, 64, "--data-dir"},
      {"an unknown call", with_dir({"dance"}), 64, "dance"},
      {"an unknown flag", with_dir({"run", "--fast"}), 64, "--fast"},
      {"a bad duration", with_dir({"run", "--beat", "soon"}), 64, "--beat"},
      {"a beat that is too long", with_dir({"run", "--beat", "80s"}), 64, "--stale-after"},
      {"an address that is none", with_dir({"run", "--listen", "nowhere"}), 64, "nowhere"},
      {"a token for no name", with_dir({"token", "--machine", "Box 1"}), 64, "--machine"},
      {"an endless token", with_dir({"token", "--machine", "a", "--ttl", "90d"}), 64, "--ttl"},
      {"an unknown role", with_dir({"kubeconfig", "--user", "x", "--role", "kings", folder + "/k"}),
       64, "kings"},
      {"a kubeconfig over a file",
       with_dir({"kubeconfig", "--user", "x", "--role", "viewers", dir + "/admin.kubeconfig"}), 73,
       "there already"},
      {"a restore of nothing", with_dir({"restore", folder + "/none"}), 78, "none"},
  };
  const auto before = contents();
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto ended = call(c.arguments);
    EXPECT_EQ(ended.code, c.code) << ended.err;
    EXPECT_TRUE(says(ended.out + ended.err, c.says)) << ended.err;
  }
  auto after = contents();
  after[dir + "/lock"] = before.at(dir + "/lock");  // names its last holder
  EXPECT_EQ(after, before);
}

TEST_F(Place, FilesThatOthersCanReadAreRefused) {
  ASSERT_EQ(call(with_dir({"init"})).code, 0);
  for (const auto& path : {dir, dir + "/pki", dir + "/pki/ca.pem", dir + "/admin.kubeconfig",
                           dir + "/state.db", dir + "/pki/server.pem"}) {
    SCOPED_TRACE(path);
    const auto was = mode(path);
    ASSERT_EQ(::chmod(path.c_str(), was | 040U), 0);
    const auto ended = call(with_dir({"run", "--listen", "127.0.0.1:0"}));
    EXPECT_EQ(ended.code, 77) << ended.err;
    EXPECT_TRUE(says(ended.err, "chmod ")) << ended.err;
    ASSERT_EQ(::chmod(path.c_str(), was), 0);
  }
}

TEST_F(Place, ASecondControllerIsToldWhoIsThere) {
  init();
  start();
  const auto second = call(with_dir({"run", "--listen", "127.0.0.1:0"}));
  EXPECT_EQ(second.code, 75);
  EXPECT_TRUE(says(second.err, "process " + std::to_string(controller->pid()))) << second.err;
  auto other = folder + "/other";
  ASSERT_EQ(call({"--data-dir", other, "init"}).code, 0);
  const auto address = controller->url().substr(std::string("https://").size());
  dir.swap(other);
  const auto before = contents();
  const auto clash = call(with_dir({"run", "--listen", "127.0.0.1:0", "--listen", address}));
  EXPECT_EQ(clash.code, 75);
  auto after = contents();
  after[dir + "/lock"] = before.at(dir + "/lock");  // names its last holder
  EXPECT_EQ(after, before) << "a start that can't serve changes nothing";
  dir.swap(other);
  EXPECT_TRUE(says(clash.err, address)) << clash.err;
  EXPECT_TRUE(says(clash.err, std::to_string(controller->pid()))) << clash.err;
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(Place, WhereItServesIsWrittenDown) {
  init();
  start();
  EXPECT_EQ(*base::read_file(dir + "/run/listen"), controller->url() + "\n");
  EXPECT_TRUE(says(*base::read_file(dir + "/admin.kubeconfig"), controller->url()));
  EXPECT_EQ(mode(dir + "/run/admin.sock"), 0600U);
  stop();
  EXPECT_FALSE(fs::exists(dir + "/run/listen"));
}

TEST_F(Place, StreamsThatAreOpenDoNotHoldUpItsEnd) {
  init();
  start();
  const auto text = stream(
      admin, "/apis/orch/v1/models?watch=1", [](const std::string&) { return true; },
      [&] { stop(); });
  EXPECT_EQ(text, "");
}

TEST_F(Place, SnapshotsAreCheckedAndRestored) {
  init();
  start();
  ASSERT_EQ(post("/apis/orch/v1/models", model("kept")).status, 201);
  EXPECT_EQ(call(with_dir({"check"})).code, 0);
  const auto copy = folder + "/copy.db";
  const auto taken = call(with_dir({"snapshot", copy}));
  ASSERT_EQ(taken.code, 0) << taken.err;
  EXPECT_NE(call(with_dir({"snapshot", copy})).code, 0) << "a taken name is refused";
  ASSERT_EQ(ask(admin, "DELETE", "/apis/orch/v1/models/kept").status, 200);
  EXPECT_EQ(call(with_dir({"restore", copy})).code, 75) << "not while it runs";
  stop();
  EXPECT_EQ(call(with_dir({"check"})).code, 0);
  const auto restored = call(with_dir({"restore", copy}));
  ASSERT_EQ(restored.code, 0) << restored.err;
  start();
  EXPECT_EQ(get("/apis/orch/v1/models/kept").status, 200);
}

TEST_F(Place, ItSaysItsVersionAndItsCalls) {
  const auto version = call({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(says(version.out, "orch-controller 0."));
  const auto help = call({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* word : {"init", "run", "token", "kubeconfig", "snapshot", "check", "restore"})
    EXPECT_TRUE(says(help.out, word)) << word;
}

}  // namespace
}  // namespace e2e
