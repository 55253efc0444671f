// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/session.hpp"

/// One function a command. Each speaks through the session and says how the program ends.
namespace cli {

base::Exit run_apply(Session& session, const ApplyArguments& asked);
base::Exit run_get(Session& session, const GetArguments& asked);
base::Exit run_describe(Session& session, const DescribeArguments& asked);
base::Exit run_delete(Session& session, const DeleteArguments& asked);
base::Exit run_logs(Session& session, const LogsArguments& asked);
base::Exit run_wait(Session& session, const WaitArguments& asked);
base::Exit run_results(Session& session, const ResultsArguments& asked);
base::Exit run_version(Session& session, const VersionArguments& asked);
base::Exit run_api_resources(Session& session);
base::Exit run_explain(Session& session, const ExplainArguments& asked);

}  // namespace cli
