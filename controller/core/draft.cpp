// SPDX-License-Identifier: Apache-2.0
#include "controller/core/draft.hpp"

#include "base/check.hpp"

namespace controller {

void Draft::log(const std::string& who, const std::string& verb, const std::string& kind,
                const std::string& name, const std::string& because, base::Instant wall) {
  changes_.push_back({picture_.revision, wall, who, verb, kind, name, because});
  touched_.emplace_back(kind, name);
}

api::Json Draft::put(const std::string& who, const std::string& verb, api::Json object,
                     const std::string& because, base::Instant wall) {
  const auto kind = object.text_at("kind");
  auto& metadata = object["metadata"];
  const auto name = metadata.text_at("name");
  CHECK(!kind.empty() && !name.empty());
  const auto revision = picture_.revision + 1;
  metadata.set("resourceVersion", std::to_string(revision));
  Row row{kind, name, metadata.text_at("uid"), revision, api::write_json(object)};
  const auto* old = picture_.find(kind, name);
  WatchEvent event{revision,
                   old == nullptr ? WatchEvent::Type::added : WatchEvent::Type::modified,
                   kind,
                   name,
                   old == nullptr ? nullptr : old->bytes,
                   nullptr};
  picture_.put(row, object);
  event.after = picture_.find(kind, name)->bytes;
  events_.push_back(std::move(event));
  removals_.erase({kind, name});
  puts_[{kind, name}] = std::move(row);
  log(who, verb, kind, name, because, wall);
  return object;
}

void Draft::remove(const std::string& who, const std::string& kind, const std::string& name,
                   const std::string& because, base::Instant wall) {
  const auto* old = picture_.find(kind, name);
  CHECK(old != nullptr);
  auto last = picture_.object(kind, name);
  picture_.move_to(picture_.revision + 1);
  last["metadata"].set("resourceVersion", std::to_string(picture_.revision));
  events_.push_back({picture_.revision, WatchEvent::Type::deleted, kind, name, old->bytes,
                     std::make_shared<const std::string>(api::write_json(last))});
  picture_.remove(kind, name);
  puts_.erase({kind, name});
  removals_[{kind, name}] = true;
  log(who, "delete", kind, name, because, wall);
}

void Draft::add_sample(SampleRow row) {
  if (sample_keys_.insert({row.run, row.task, row.attempt, row.scored}).second)
    samples_.push_back(std::move(row));
}

Round Draft::round() const {
  Round round;
  for (const auto& [key, row] : puts_)
    round.puts.push_back(row);
  for (const auto& [key, gone] : removals_)
    round.removals.push_back(key);
  round.changes = changes_;
  round.samples = samples_;
  round.revision = picture_.revision;
  return round;
}

std::vector<std::pair<std::string, std::string>> Draft::take_touched() {
  return std::exchange(touched_, {});
}

}  // namespace controller
