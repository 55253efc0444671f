// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

/// Sorted by name, immutable values, cheap to copy: a copy shares all pages, and a change copies
/// one page. Iteration order is the order of names.
template <class T>
class Table {
 public:
  using Value = std::shared_ptr<const T>;
  using Entry = std::pair<std::string, Value>;

  /// The value, or null.
  const T* find(std::string_view name) const {
    const auto p = page_for(name);
    if (p == pages_.end()) return nullptr;
    const auto e = place_in(**p, name);
    return e != (*p)->end() && e->first == name ? e->second.get() : nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  void set(const std::string& name, Value value) {
    if (pages_.empty()) {
      pages_.push_back(std::make_shared<Page>(Page{{name, std::move(value)}}));
      size_ = 1;
      return;
    }
    auto p = page_for(name);
    if (p == pages_.end()) p = pages_.begin();
    auto page = std::make_shared<Page>(**p);
    const auto e = std::lower_bound(page->begin(), page->end(), name, before);
    if (e != page->end() && e->first == name) {
      e->second = std::move(value);
    } else {
      page->insert(e, {name, std::move(value)});
      ++size_;
    }
    const auto at = p - pages_.begin();
    if (page->size() > kPage) {
      const auto half = page->begin() + static_cast<std::ptrdiff_t>(page->size() / 2);
      pages_.insert(pages_.begin() + at + 1, std::make_shared<Page>(half, page->end()));
      page->erase(half, page->end());
    }
    pages_[static_cast<std::size_t>(at)] = std::move(page);
  }
  void set(const std::string& name, T value) {
    set(name, std::make_shared<const T>(std::move(value)));
  }

  void erase(std::string_view name) {
    const auto p = page_for(name);
    if (p == pages_.end()) return;
    const auto e = place_in(**p, name);
    if (e == (*p)->end() || e->first != name) return;
    --size_;
    if ((*p)->size() == 1) {
      pages_.erase(p);
      return;
    }
    auto page = std::make_shared<Page>(**p);
    page->erase(page->begin() + (e - (*p)->begin()));
    pages_[static_cast<std::size_t>(p - pages_.begin())] = std::move(page);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = const Entry*;
    using reference = const Entry&;

    Iterator() = default;
    Iterator(const Table* table, std::size_t page) : table_(table), page_(page) {}
    const Entry& operator*() const { return (*table_->pages_[page_])[entry_]; }
    const Entry* operator->() const { return &**this; }
    Iterator& operator++() {
      if (++entry_ == table_->pages_[page_]->size()) {
        ++page_;
        entry_ = 0;
      }
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& o) const { return page_ == o.page_ && entry_ == o.entry_; }

   private:
    const Table* table_ = nullptr;
    std::size_t page_ = 0, entry_ = 0;
  };
  Iterator begin() const { return Iterator(this, 0); }
  Iterator end() const { return Iterator(this, pages_.size()); }

 private:
  using Page = std::vector<Entry>;
  using Pages = std::vector<std::shared_ptr<const Page>>;
  static constexpr std::size_t kPage = 128;

  static bool before(const Entry& e, std::string_view name) { return e.first < name; }
  static typename Page::const_iterator place_in(const Page& page, std::string_view name) {
    return std::lower_bound(page.begin(), page.end(), name, before);
  }
  /// The page in which `name` is or belongs; the end when it is before everything.
  typename Pages::const_iterator page_for(std::string_view name) const {
    auto after = std::upper_bound(pages_.begin(), pages_.end(), name,
                                  [](std::string_view n, const std::shared_ptr<const Page>& p) {
                                    return n < p->front().first;
                                  });
    return after == pages_.begin() ? pages_.end() : after - 1;
  }

  Pages pages_;
  std::size_t size_ = 0;
};

}  // namespace base
