// SPDX-License-Identifier: Apache-2.0
#include "base/table.hpp"

#include <algorithm>
#include <atomic>

namespace base {
namespace {

constexpr std::size_t kPage = 128;

constexpr auto kBefore = [](const auto& entry, std::string_view name) {
  return entry.first < name;
};

}  // namespace

std::size_t NamedPages::page_for(std::string_view name) const {
  const auto after = std::upper_bound(
      pages_.begin(), pages_.end(), name,
      [](std::string_view n, const auto& page) { return n < page->front().first; });
  return after == pages_.begin() ? pages_.size()
                                 : static_cast<std::size_t>(after - pages_.begin()) - 1;
}

NamedPages::Page& NamedPages::own(std::size_t page) {
  auto& mine = pages_[page];
  if (mine.use_count() > 1) mine = std::make_shared<Page>(*mine);
  // Whoever had it until now has read it before he let it go.
  std::atomic_thread_fence(std::memory_order_acquire);
  return *mine;
}

const void* NamedPages::find(std::string_view name) const {
  const auto p = page_for(name);
  if (p == pages_.size()) return nullptr;
  const auto& page = *pages_[p];
  const auto e = std::lower_bound(page.begin(), page.end(), name, kBefore);
  return e != page.end() && e->first == name ? e->second.get() : nullptr;
}

void NamedPages::set(std::string_view name, Value value) {
  if (pages_.empty()) {
    pages_.push_back(std::make_shared<Page>(Page{{std::string(name), std::move(value)}}));
    size_ = 1;
    return;
  }
  auto p = page_for(name);
  if (p == pages_.size()) p = 0;
  auto& page = own(p);
  const auto e = std::lower_bound(page.begin(), page.end(), name, kBefore);
  if (e != page.end() && e->first == name) {
    e->second = std::move(value);
    return;
  }
  page.insert(e, {std::string(name), std::move(value)});
  ++size_;
  if (page.size() <= kPage) return;
  const auto half = page.begin() + static_cast<std::ptrdiff_t>(page.size() / 2);
  auto upper = std::make_shared<Page>(half, page.end());
  page.erase(half, page.end());
  pages_.insert(pages_.begin() + static_cast<std::ptrdiff_t>(p) + 1, std::move(upper));
}

void NamedPages::erase(std::string_view name) {
  const auto p = page_for(name);
  if (p == pages_.size()) return;
  const auto& old = *pages_[p];
  const auto e = std::lower_bound(old.begin(), old.end(), name, kBefore);
  if (e == old.end() || e->first != name) return;
  --size_;
  if (old.size() == 1) {
    pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(p));
    return;
  }
  const auto at = e - old.begin();
  auto& page = own(p);
  page.erase(page.begin() + at);
}

NamedPages::Place NamedPages::next(Place place) const {
  if (++place.entry == pages_[place.page]->size()) return {place.page + 1, 0};
  return place;
}

const std::string& NamedPages::name_at(Place place) const {
  return (*pages_[place.page])[place.entry].first;
}

const NamedPages::Value& NamedPages::value_at(Place place) const {
  return (*pages_[place.page])[place.entry].second;
}

}  // namespace base
