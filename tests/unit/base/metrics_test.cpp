// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace base {
namespace {

TEST(Metrics, AreWrittenSortedUnderTheirType) {
  Metrics metrics;
  metrics.add("orch_wire_requests_total", "code=\"500\"");
  metrics.add("orch_wire_requests_total", "code=\"200\"", 3);
  metrics.add("orch_wire_requests_total", "code=\"200\"", 4);
  metrics.set("orch_core_queue_keys", {}, 2.5);
  metrics.set("orch_core_queue_keys", {}, 7);
  metrics.add("orch_wire_bytes_total");
  EXPECT_EQ(metrics.text(),
            "# TYPE orch_core_queue_keys gauge\n"
            "orch_core_queue_keys 7\n"
            "# TYPE orch_wire_bytes_total counter\n"
            "orch_wire_bytes_total 1\n"
            "# TYPE orch_wire_requests_total counter\n"
            "orch_wire_requests_total{code=\"200\"} 7\n"
            "orch_wire_requests_total{code=\"500\"} 1\n");
}

TEST(Metrics, ACounterThatNobodyTouchedIsZero) {
  Metrics metrics;
  EXPECT_EQ(metrics.counter("orch_x_total"), 0);
  metrics.add("orch_x_total", "a=\"b\"", 2);
  EXPECT_EQ(metrics.counter("orch_x_total", "a=\"b\""), 2);
  EXPECT_EQ(metrics.counter("orch_x_total"), 0);
  EXPECT_EQ(Metrics().text(), "");
}

TEST(Metrics, AGaugeMayBeNoNumber) {
  Metrics metrics;
  metrics.set("a", {}, std::numeric_limits<double>::quiet_NaN());
  metrics.set("b", {}, std::numeric_limits<double>::infinity());
  metrics.set("c", {}, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(metrics.text(),
            "# TYPE a gauge\na NaN\n# TYPE b gauge\nb +Inf\n# TYPE c gauge\nc -Inf\n");
}

}  // namespace
}  // namespace base
