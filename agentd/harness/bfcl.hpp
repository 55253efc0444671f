// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "agentd/core/ports.hpp"

#include <string>

/// The files of BFCL v4 below its project root (`<run dir>/out`):
/// result/<model>/**/BFCL_v4_<category> _result.json, score/ likewise, and errors/<category>.jsonl,
/// where the launcher moves the entries of calls that never reached the model before BFCL grades
/// what is left.
namespace agentd {

/// Every sample that the files prove. An answer counts once a score file speaks of exactly the
/// answers that the result file holds; an entry of a failed call is an error and never a pass.
base::Result<Parsed> parse_bfcl(const std::string& out);

/// Makes the files fit for the next attempt: BFCL takes an error entry for an answer, and stops at
/// a torn or blank line. Old scores go, because they know nothing of the new answers.
base::Status clean_bfcl(const std::string& out);

}  // namespace agentd
