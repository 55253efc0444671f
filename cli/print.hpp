// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/codec/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

enum class Align : std::uint8_t { left, right };

/// Columns of text, as wide as their widest cell.
class Grid {
 public:
  struct Column {
    std::string head;
    Align align = Align::left;
  };
  /// `between`: blanks between two columns; three as kubectl has it.
  explicit Grid(std::vector<Column> columns, std::size_t between = 3);

  /// Missing cells are empty, and cells beyond the columns are dropped.
  void add(std::vector<std::string> cells);
  std::size_t rows() const { return rows_.size(); }
  /// The head (unless every head is empty) and the rows, no blanks at line ends, each line after
  /// `indent`.
  enum class Heads { shown, hidden };
  std::string text(Heads heads, std::string_view indent = {}) const;
  /// Rows that came later than the head, in the widths that the columns have by now.
  std::string take_rows(Heads heads);

 private:
  std::string line(const std::vector<std::string>& cells) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> widths_;
  std::size_t between_;
};

/// One line of what a cell may hold: no line ends, no terminal escapes.
std::string cell_text(const api::Json& value);
/// How many columns a terminal needs for a text (one a character).
std::size_t columns_of(std::string_view text);

/// `5m` since `time` (RFC 3339); empty where it is absent or no time.
std::string age_since(const api::Json* time, base::Instant now);
/// `a=b,c=d`, or `<none>`.
std::string labels_text(const api::Json* labels);
/// Every line after `indent`.
std::string indented(std::string_view text, std::string_view indent);

}  // namespace cli
