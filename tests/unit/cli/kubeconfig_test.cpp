// SPDX-License-Identifier: Apache-2.0
#include "cli/kubeconfig.hpp"

#include "base/text.hpp"
#include "tests/unit/cli/fake_api.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace cli {
namespace {

std::string kubeconfig(const std::string& server, const std::string& user = "{}",
                       const std::string& cluster = "") {
  return "current-context: a\n"
         "contexts:\n"
         "- {name: a, context: {cluster: c, user: u}}\n"
         "- {name: b, context: {cluster: other, user: u}}\n"
         "clusters:\n"
         "- {name: c, cluster: {server: \"" +
         server + "\"" + cluster +
         "}}\n"
         "- {name: other, cluster: {server: \"http://other:1\"}}\n"
         "users: [{name: u, user: " +
         user + "}]\n";
}

TEST(Kubeconfig, ThePlacesAreAskedInTheirOrder) {
  const Folder folder;
  const auto one = folder.write("one", kubeconfig("http://one:1"));
  const auto two = folder.write("two", kubeconfig("http://two:1"));
  const auto three = folder.write("three", kubeconfig("http://three:1"));
  folder.write("home/.config/orch/kubeconfig", kubeconfig("http://home:1"));
  const auto home = folder.path("home");
  struct Case {
    KubeconfigPlaces places;
    std::string server;
  };
  const Case cases[] = {
      {{one, two, three, home}, "http://one:1"},
      {{"", two, three, home}, "http://two:1"},
      {{"", "", three, home}, "http://three:1"},
      {{"", "", folder.path("absent") + ":" + three, home}, "http://three:1"},
      {{"", "", "", home}, "http://home:1"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.server);
    const auto found = find_cluster(c.places, "");
    EXPECT_FALSE(found.failure);
    EXPECT_EQ(found.cluster.server, c.server);
  }
}

TEST(Kubeconfig, WhereThereIsNoneTheWayOutIsNamed) {
  const Folder folder;
  const KubeconfigPlaces cases[] = {
      {"", "", "", folder.path("")},
      {folder.path("absent"), "", "", ""},
      {"", folder.path("absent"), "", ""},
      {"", "", folder.path("absent"), ""},
      {"", "", "", ""},
  };
  for (const auto& places : cases) {
    const auto found = find_cluster(places, "");
    ASSERT_TRUE(found.failure);
    EXPECT_EQ(found.failure->exit, base::Exit::usage);
    EXPECT_NE(found.failure->message.find("--kubeconfig FILE or ORCH_KUBECONFIG=FILE"),
              std::string::npos)
        << found.failure->message;
  }
}

TEST(Kubeconfig, AKeyThatOthersMayReadIsRefusedWithTheCommandThatMendsIt) {
  const Folder folder;
  const auto data = base::to_base64("key");
  const auto inside =
      folder.write("inside", kubeconfig("http://a:1", "{client-key-data: " + data + "}"), 0644);
  folder.write("key.pem", "key", 0640);
  const auto beside =
      folder.write("beside", kubeconfig("http://a:1", "{client-key: key.pem}"), 0644);
  for (const auto& path : {inside, beside}) {
    SCOPED_TRACE(path);
    const auto found = find_cluster({path, "", "", ""}, "");
    ASSERT_TRUE(found.failure);
    EXPECT_EQ(found.failure->exit, base::Exit::not_allowed);
    EXPECT_NE(found.failure->message.find("chmod"), std::string::npos) << found.failure->message;
  }
}

TEST(Kubeconfig, AFileWithoutAKeyMayBeOpenToAll) {
  const Folder folder;
  const auto path = folder.write("open", kubeconfig("http://a:1"), 0644);
  EXPECT_FALSE(find_cluster({path, "", "", ""}, "").failure);
}

TEST(Kubeconfig, ALinkIsFollowedAndTheFileBehindItCounts) {
  const Folder folder;
  folder.write("ca.pem", "CA");
  const auto file = folder.write(
      "real/config", kubeconfig("https://a:1", "{}", ", certificate-authority: ../ca.pem"));
  const auto link = folder.path("link");
  ASSERT_EQ(::symlink(file.c_str(), link.c_str()), 0);
  const auto found = find_cluster({link, "", "", ""}, "");
  EXPECT_FALSE(found.failure);
  EXPECT_EQ(found.cluster.ca, "CA");
}

TEST(Kubeconfig, DataAndFilesGiveTheSame) {
  const Folder folder;
  folder.write("ca.pem", "CA");
  folder.write("cert.pem", "CERT");
  folder.write("key.pem", "KEY");
  const auto files = folder.write(
      "files", kubeconfig("https://a:1", "{client-certificate: cert.pem, client-key: key.pem}",
                          ", certificate-authority: ca.pem"));
  const auto data =
      folder.write("data", kubeconfig("https://a:1",
                                      "{client-certificate-data: " + base::to_base64("CERT") +
                                          ", client-key-data: " + base::to_base64("KEY") + "}",
                                      ", certificate-authority-data: " + base::to_base64("CA")));
  for (const auto& path : {files, data}) {
    SCOPED_TRACE(path);
    const auto found = find_cluster({path, "", "", ""}, "");
    ASSERT_FALSE(found.failure) << found.failure->message;
    EXPECT_EQ(found.cluster.ca, "CA");
    EXPECT_EQ(found.cluster.certificate, "CERT");
    EXPECT_EQ(found.cluster.key, "KEY");
  }
}

TEST(Kubeconfig, AnotherContextLeadsToAnotherCluster) {
  const Folder folder;
  const auto path = folder.write("config", kubeconfig("http://a:1"));
  EXPECT_EQ(find_cluster({path, "", "", ""}, "b").cluster.server, "http://other:1");
}

TEST(Kubeconfig, WhatIsWrongInAFileIsNamed) {
  struct Case {
    std::string text, context, says;
  };
  const auto fine = kubeconfig("http://a:1");
  const Case cases[] = {
      {"", "", "no kubeconfig: it holds no fields"},
      {"a: b: c\n", "", ":1:"},
      {"[]", "", "no kubeconfig: it holds no fields"},
      {"kind: Config", "", "no current-context; choose one with --context NAME"},
      {fine, "z", "no context \"z\" under \"contexts\""},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: x, user: u}}]", "",
       "no cluster \"x\" under \"clusters\""},
      {kubeconfig(""), "", "cluster \"c\" has no server"},
      {kubeconfig("https://a:1"), "", "cluster \"c\" has no certificate-authority"},
      {kubeconfig("https://a:1", "{}", ", certificate-authority-data: '%%'"), "",
       "certificate-authority-data is no base64 text"},
      {kubeconfig("https://a:1", "{}", ", certificate-authority: absent.pem"), "", "absent.pem"},
      {kubeconfig("https://a:1", "{}", ", insecure-skip-tls-verify: true"), "",
       "insecure-skip-tls-verify is not supported"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.says);
    const Folder folder;
    const auto found = find_cluster({folder.write("config", c.text), "", "", ""}, c.context);
    ASSERT_TRUE(found.failure);
    EXPECT_EQ(found.failure->exit, base::Exit::bad_input);
    EXPECT_NE(found.failure->message.find(c.says), std::string::npos) << found.failure->message;
  }
}

}  // namespace
}  // namespace cli
