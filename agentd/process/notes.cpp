// SPDX-License-Identifier: Apache-2.0
#include "agentd/process/notes.hpp"

#include "api/codec/json.hpp"
#include "base/file.hpp"
#include "base/hooks.hpp"
#include "base/text.hpp"

namespace agentd {

base::Result<std::string> FileNotes::load() {
  auto text = base::read_file(path_);
  if (!text && text.error().code == base::Code::not_found) return std::string();
  if (!text) return std::move(text).error().within("load the agent's state");
  // Begun afresh, it would obey orders of the past, and the controller would not believe it.
  if (const auto value = api::parse_json(*text); !value || !value->is_object())
    return base::invalid("load the agent's state " + base::quoted(path_) +
                         ": it is damaged; put a good copy back, or remove it and " +
                         base::quoted(path_.substr(0, path_.rfind('/') + 1) + "membership.json") +
                         " and join again (--controller, --name, --join), children stay");
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
