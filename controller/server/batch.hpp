// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "controller/server/call.hpp"
#include "controller/server/rounds.hpp"

#include <vector>

namespace controller {

/// The items of a List, each a wish to apply, and what is wrong with them before anybody is asked.
struct Batch {
  std::vector<WriteOp> ops;
  std::vector<std::size_t> index;                        // of each op among the items
  std::vector<std::pair<std::size_t, Rejection>> wrong;  // by index
  std::size_t size = 0;
};
std::variant<Batch, Rejection> read_batch(const api::Json& list);

/// One Status for everything that is wrong with a batch: the code of the worst, and causes whose
/// fields begin with `items[i].`.
Rejection one_refusal(const std::vector<std::pair<std::size_t, Rejection>>& wrong,
                      std::size_t size);

/// The answer to a batch that went through; warnings of references that the batch itself fulfils
/// are left out.
api::Json batch_result(const Batch& batch, const WriteOutcome& outcome);

/// `POST /apis/orch/v1/batch`: all items in one round, or none.
void apply_batch(const CallPtr& call, Rounds& rounds);

}  // namespace controller
