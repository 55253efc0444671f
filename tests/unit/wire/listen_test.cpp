// SPDX-License-Identifier: Apache-2.0
#include "base/file.hpp"
#include "tests/unit/wire/lab.hpp"
#include "wire/port_holder.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <cstdlib>

namespace wire {
namespace {

using namespace test;  // NOLINT: the lab is made for this file

struct Listen : ::testing::Test {
  Listen() {
    std::string name = ::testing::TempDir() + "wireXXXXXX";
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no folder";
    folder = name;
  }
  ~Listen() override {
    ::unlink((folder + "/s").c_str());
    ::rmdir(folder.c_str());
  }

  std::string folder;
  Loop loop;
  Asked service;
  Server server{loop, service};
};

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

TEST_F(Listen, AnAddressInUseNamesItselfAndWhoHoldsIt) {
  const auto address = *server.listen_plain("127.0.0.1:0");
  const auto again = server.listen_plain(address);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::unavailable);
  const auto& text = again.error().message;
  EXPECT_NE(text.find(address), std::string::npos) << text;
  EXPECT_NE(text.find("process " + std::to_string(::getpid())), std::string::npos) << text;
}

TEST_F(Listen, TheHolderOfAPortIsFoundAndAFreePortHasNone) {
  const auto port = port_of(*server.listen_plain("127.0.0.1:0"));
  const auto holder = port_holder(port);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, ::getpid());
  EXPECT_EQ(holder->command, "wire_tests");
  server.stop_accepting();
  EXPECT_FALSE(port_holder(port));
}

TEST_F(Listen, AddressesThatAreNoneAreRefused) {
  for (const char* address : {"", "7443", "localhost", ":7443", "localhost:x", "localhost:65536",
                              "::1:7443", "[::1:7443", "localhost:"}) {
    SCOPED_TRACE(address);
    const auto result = server.listen_plain(address);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Code::invalid) << result.error().message;
  }
}

TEST_F(Listen, AUnixSocketIsPrivateAndTellsTheUser) {
  const auto path = folder + "/s";
  service.answer = say_path;
  ASSERT_TRUE(server.listen_unix(path));
  struct stat facts {};
  ASSERT_EQ(::stat(path.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  Client client(loop, *Endpoint::parse("unix:" + path), std::nullopt);
  Request request;
  request.target = "/token";
  const auto response = client.call(request, {});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "/token");
  EXPECT_EQ(service.requests.front().peer.uid, ::getuid());
  EXPECT_EQ(service.requests.front().peer.address, "unix");
  EXPECT_FALSE(service.requests.front().peer.certified);
}

TEST_F(Listen, ASocketFileThatNobodyListensOnIsReplacedAndOneInUseIsNot) {
  const auto path = folder + "/s";
  ASSERT_TRUE(server.listen_unix(path));
  Server second(loop, service);
  const auto taken = second.listen_unix(path);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, base::Code::unavailable);

  // What a killed process leaves behind: the file without the listener.
  const auto stale = folder + "/stale";
  ASSERT_EQ(::link(path.c_str(), stale.c_str()), 0);
  server.stop_accepting();
  EXPECT_TRUE(second.listen_unix(stale)) << "a stale socket stands in the way";
  second.stop_accepting();
  EXPECT_NE(::access(stale.c_str(), F_OK), 0);
}

TEST_F(Listen, AFileThatIsNoSocketIsLeftAlone) {
  const auto path = folder + "/s";
  ASSERT_TRUE(base::write_file(path, "precious"));
  const auto result = server.listen_unix(path);
  ASSERT_FALSE(result);
  EXPECT_EQ(*base::read_file(path), "precious");
}

TEST_F(Listen, AUnixPathLongerThanTheSystemAllowsWorksAllTheSame) {
  const auto deep = folder + "/" + std::string(120, 'd');
  ASSERT_TRUE(base::make_folder(deep));
  service.answer = say_path;
  const auto listening = server.listen_unix(deep + "/s");
  ASSERT_TRUE(listening) << listening.error().message;
  Client client(loop, *Endpoint::parse("unix:" + deep + "/s"), std::nullopt);
  const auto response = client.call({}, {});
  EXPECT_TRUE(response) << response.error().message;
  server.stop_accepting();
  ::rmdir(deep.c_str());
}

TEST_F(Listen, AUnixSocketThatIsNotThereIsUnavailable) {
  Client client(loop, *Endpoint::parse("unix:" + folder + "/none"), std::nullopt);
  const auto response = client.call({}, {});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::unavailable);
}

}  // namespace
}  // namespace wire
