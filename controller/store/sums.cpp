// SPDX-License-Identifier: Apache-2.0
#include "controller/store/sums.hpp"

#include <cstring>

namespace controller {
namespace {

/// Eight bytes at a time: a start reads every object, and this must not be what it waits for.
class Sum {
 public:
  Sum& add(std::uint64_t word) {
    // Both steps can be undone, so two texts that differ in one word never meet again.
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15ULL;
    state_ ^= state_ >> 32;
    return *this;
  }
  Sum& add(std::int64_t number) { return add(static_cast<std::uint64_t>(number)); }
  Sum& add(std::string_view text) {
    add(std::uint64_t{text.size()});
    while (text.size() >= 8) {
      add(word_of(text.substr(0, 8)));
      text.remove_prefix(8);
    }
    return text.empty() ? *this : add(word_of(text));
  }
  std::int64_t get() const { return static_cast<std::int64_t>(state_); }

 private:
  /// The bytes of a word in the order of a little-endian machine, on every machine.
  static std::uint64_t word_of(std::string_view bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
  }

  std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

}  // namespace

std::int64_t sum_of(const Head& head) {
  return Sum()
      .add(std::string_view(head.cluster))
      .add(std::string_view(head.life))
      .add(head.term.incarnation)
      .add(head.term.start)
      .add(head.revision)
      .add(head.rounds)
      .get();
}

std::int64_t sum_of(const Row& row) {
  return Sum()
      .add(std::string_view(row.kind))
      .add(std::string_view(row.name))
      .add(std::string_view(row.uid))
      .add(row.revision)
      .add(std::string_view(row.bytes))
      .get();
}

std::int64_t sum_of(const ChangeRow& row) {
  return Sum()
      .add(row.revision)
      .add(row.at.ms)
      .add(std::string_view(row.who))
      .add(std::string_view(row.verb))
      .add(std::string_view(row.kind))
      .add(std::string_view(row.name))
      .add(std::string_view(row.because))
      .get();
}

std::int64_t sum_of(const SampleRow& row) {
  return Sum()
      .add(std::string_view(row.run))
      .add(std::string_view(row.task))
      .add(row.attempt)
      .add(std::int64_t{row.scored ? 1 : 0})
      .add(std::string_view(row.bytes))
      .get();
}

std::int64_t sum_of_floor(std::int64_t revision) {
  return Sum().add(std::string_view("floor")).add(revision).get();
}

}  // namespace controller
