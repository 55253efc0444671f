// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/controller/house.hpp"

namespace e2e {
namespace {

struct Roles : House {
  Roles() {
    init();
    start();
  }
  Identity person(const std::string& name, const std::string& role) {
    const auto file = folder + "/" + name;
    const auto made = call(with_dir({"kubeconfig", "--user", name, "--role", role, file}));
    EXPECT_EQ(made.code, 0) << made.err;
    return identity_of(file);
  }
};

TEST_F(Roles, EverybodyMayDoWhatHisCertificateSays) {
  const auto viewer = person("vic", "viewers");
  const auto writer = person("olga", "operators");
  const auto box = join("box1");
  const struct {
    const char *method, *target;
    std::string body;
    int nobody, viewer, writer, admin, machine;
  } rows[] = {
      {"GET", "/livez", "", 200, 200, 200, 200, 200},
      {"GET", "/readyz?verbose", "", 200, 200, 200, 200, 200},
      {"GET", "/healthz", "", 401, 200, 200, 200, 403},
      {"GET", "/version", "", 401, 200, 200, 200, 403},
      {"GET", "/metrics", "", 401, 200, 200, 200, 403},
      {"GET", "/apis/orch/v1/models", "", 401, 200, 200, 200, 403},
      {"GET", "/nowhere", "", 401, 404, 404, 404, 404},
      {"POST", "/apis/orch/v1/batch", "{}", 401, 403, 400, 400, 403},
      {"POST", "/apis/orch/v1/models", "{}", 401, 403, 422, 422, 403},
      {"DELETE", "/apis/orch/v1/models/none", "", 401, 403, 404, 404, 403},
      {"POST", "/apis/orch/v1/machines/box2/token", "", 401, 403, 403, 201, 403},
      {"GET", "/agent/v1/machines/box1/assignment", "", 401, 403, 403, 200, 200},
      {"GET", "/agent/v1/machines/box2/assignment", "", 401, 403, 403, 200, 403},
      {"POST", "/agent/v1/machines/box1/report", "{}", 401, 403, 403, 422, 422},
      {"POST", "/admin/v1/check", "", 401, 403, 403, 403, 403},
      {"POST", "/agent/v1/enroll", "{}", 400, 400, 400, 400, 400},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.method) + " " + row.target);
    EXPECT_EQ(ask(nobody, row.method, row.target, row.body).status, row.nobody);
    EXPECT_EQ(ask(viewer, row.method, row.target, row.body).status, row.viewer);
    EXPECT_EQ(ask(writer, row.method, row.target, row.body).status, row.writer);
    EXPECT_EQ(ask(admin, row.method, row.target, row.body).status, row.admin);
    EXPECT_EQ(ask(box, row.method, row.target, row.body).status, row.machine);
  }
}

TEST_F(Roles, ACertificateOfAnotherClusterOpensNothing) {
  const auto other = folder + "/other";
  ASSERT_EQ(call({"--data-dir", other, "init"}).code, 0);
  auto stranger = identity_of(other + "/admin.kubeconfig");
  stranger.ca = admin.ca;
  auto tls = wire::Tls::client(stranger.ca, stranger.certificate, stranger.key);
  ASSERT_TRUE(tls);
  wire::Client client(loop, *wire::Endpoint::parse(controller->url()), std::move(*tls));
  wire::Request request;
  request.target = "/apis/orch/v1/models";
  const auto answer = client.call(std::move(request), {});
  EXPECT_TRUE(!answer || answer->status == 401);
}

}  // namespace
}  // namespace e2e
