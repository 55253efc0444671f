// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/process/fd.hpp"
#include "agentd/process/record.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace agentd {

/// All that a child needs, opened and looked up before it is forked, so that what can fail has
/// failed with a sentence by then.
struct ChildImage {
  std::string program;
  std::vector<std::string> command, env;
  Fd input, output, errors, workdir;
};

/// `secrets`: `NAME=value` entries. The error's text is for people: `"llama-server": not found in
/// PATH`.
base::Result<ChildImage> make_child_image(const Intent& intent,
                                          const std::vector<std::string>& secrets);

/// Becomes the image, in the process that called it; the errno when that fails.
int become(const ChildImage& image, int report_fd);

}  // namespace agentd
