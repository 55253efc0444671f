// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/notes.hpp"

#include "base/file.hpp"
#include "base/hooks.hpp"

namespace agentd {

base::Result<std::string> FileNotes::load() {
  auto text = base::read_file(path_);
  if (!text && text.error().code == base::Code::not_found) return std::string();
  if (!text) return std::move(text).error().within("load the agent's state");
  return text;
}

base::Status FileNotes::save(const std::string& text) {
  ORCH_FAILPOINT("agent.state.before");
  auto written = base::write_file(path_, text, 0600);
  ORCH_FAILPOINT("agent.state.after");
  if (!written) return std::move(written).error().within("save the agent's state");
  return written;
}

}  // namespace agentd
