// SPDX-License-Identifier: Apache-2.0
#include "controller/server/health.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace controller {

std::string health_text(const std::vector<HealthCheck>& checks, std::string_view path) {
  std::string out;
  bool fine = true;
  for (const auto& check : checks) {
    const bool ok = check.problem.empty();
    fine = fine && ok;
    out +=
        ok ? "[+]" + check.name + " ok\n" : "[-]" + check.name + " failed: " + check.problem + "\n";
  }
  if (path.starts_with('/')) path.remove_prefix(1);
  return out + std::string(path) + (fine ? " check passed\n" : " check failed\n");
}

void answer_health(const CallPtr& call, const std::vector<HealthCheck>& checks) {
  const bool fine = std::all_of(checks.begin(), checks.end(),
                                [](const HealthCheck& c) { return c.problem.empty(); });
  if (fine && !call->request.flag("verbose")) return call->answer_text(200, "ok");
  call->answer_text(fine ? 200 : 503, health_text(checks, call->found.route->pattern));
}

std::string metrics_text(base::Metrics& metrics, const Core& core, const std::string& version) {
  const auto& c = core.counters();
  const auto total = [&](const char* name, std::int64_t value) {
    metrics.add(name, {}, value - metrics.counter(name));
  };
  total("orch_controller_rounds_total", c.rounds);
  total("orch_controller_rounds_failed_total", c.rounds_failed);
  total("orch_controller_reports_total", c.reports);
  total("orch_controller_reports_refused_total", c.reports_refused);
  total("orch_controller_reports_stale_total", c.reports_stale);
  total("orch_controller_samples_total", c.samples);
  total("orch_controller_samples_refused_total", c.samples_refused);
  total("orch_controller_writes_total", c.writes);
  total("orch_controller_writes_refused_total", c.writes_refused);
  total("orch_controller_decisions_total", c.decisions);
  const auto& picture = core.durable();
  metrics.set("orch_controller_revision", {}, static_cast<double>(picture.revision));
  for (const auto& [kind, table] : picture.records)
    metrics.set("orch_controller_objects", "kind=\"" + kind + "\"",
                static_cast<double>(table.size()));
  metrics.set("orch_controller_build_info", "version=\"" + version + "\"", 1);
  return metrics.text();
}

}  // namespace controller
