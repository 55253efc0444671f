// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

/// What both sides are loaded with.
namespace bench {

/// Names sort as their numbers do and are DNS labels: "model-0000042".
std::string object_name(int number);

/// A Model of about 2 KiB with realistic fields. `turn` makes each text of an object another one,
/// so that no update is an empty one; `version` is left out when it is empty.
std::string object_text(int number, long turn, const std::string& version);

/// The piece of an object's text that tells its turn.
std::string turn_mark(long turn);

}  // namespace bench
