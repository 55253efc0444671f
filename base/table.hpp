// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

/// What every `Table` is made of, whatever it holds: compiled once.
class NamedPages {
 public:
  using Value = std::shared_ptr<const void>;
  struct Place {
    std::size_t page = 0, entry = 0;
    bool operator==(const Place&) const = default;
  };

  const void* find(std::string_view name) const;
  void set(std::string_view name, Value value);
  void erase(std::string_view name);
  std::size_t size() const { return size_; }

  Place end() const { return {pages_.size(), 0}; }
  Place next(Place place) const;
  const std::string& name_at(Place place) const;
  const Value& value_at(Place place) const;

 private:
  using Page = std::vector<std::pair<std::string, Value>>;
  /// The page in which `name` is or belongs; the number of pages when it is before everything.
  std::size_t page_for(std::string_view name) const;

  /// The page, which nobody else can see change: a copy where another table has it, too.
  Page& own(std::size_t page);

  std::vector<std::shared_ptr<Page>> pages_;  // shared ones are never changed
  std::size_t size_ = 0;
};

/// Sorted by name, immutable values, cheap to copy: a copy shares all pages, and a change copies
/// one page. Iteration order is the order of names. What `find` and an iterator give lives as long
/// as any copy that still has it.
template <class T>
class Table {
 public:
  /// A name and its value, as a step through the table shows them.
  struct Entry {
    const std::string& first;
    const T* second;
  };

  /// The value, or null.
  const T* find(std::string_view name) const { return static_cast<const T*>(pages_.find(name)); }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  void set(std::string_view name, std::shared_ptr<const T> value) {
    pages_.set(name, std::move(value));
  }
  void set(std::string_view name, T value) {
    set(name, std::make_shared<const T>(std::move(value)));
  }
  void erase(std::string_view name) { pages_.erase(name); }
  std::size_t size() const { return pages_.size(); }
  bool empty() const { return size() == 0; }

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // it gives entries, not references to any
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = Entry;

    Iterator() = default;
    Iterator(const NamedPages* pages, NamedPages::Place place) : pages_(pages), place_(place) {}
    Entry operator*() const {
      return {pages_->name_at(place_), static_cast<const T*>(pages_->value_at(place_).get())};
    }
    /// The value, kept whatever becomes of the table.
    std::shared_ptr<const T> held() const {
      return std::static_pointer_cast<const T>(pages_->value_at(place_));
    }
    Iterator& operator++() {
      place_ = pages_->next(place_);
      return *this;
    }
    Iterator operator++(int) { return std::exchange(*this, {pages_, pages_->next(place_)}); }
    bool operator==(const Iterator& o) const { return place_ == o.place_; }

   private:
    const NamedPages* pages_ = nullptr;
    NamedPages::Place place_;
  };
  Iterator begin() const { return {&pages_, {}}; }
  Iterator end() const { return {&pages_, pages_.end()}; }

 private:
  NamedPages pages_;
};

}  // namespace base
