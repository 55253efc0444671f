// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cli/arguments.hpp"
#include "cli/print.hpp"

#include <map>
#include <optional>
#include <string>

namespace cli {

struct TableLook {
  Switch wide = Switch::off, labels = Switch::off;
  std::string prefix;  // before each name, e.g. "benchrun.orch/"
};

/// Prints the tables that a server makes: its columns, its cells.
class ServerTable {
 public:
  explicit ServerTable(TableLook look) : look_(std::move(look)) {}

  /// Adds the rows of a Table; the first one names the columns. An answer that is no Table (a
  /// server without them) gives names alone.
  void add(const api::Json& answer);
  /// As `add`, but a row that would look as it looked last time, ages aside, is left out.
  void add_changed(const api::Json& answer);
  std::size_t rows() const { return grid_ ? grid_->rows() : 0; }
  bool empty() const { return rows() == 0; }
  /// The rows since the last call, the head before the very first.
  std::string take_text(Switch headers);

 private:
  void take_columns(const api::Json& table);
  void add_row(const api::Json& cells, const api::Json* metadata);
  bool is_new(const std::vector<std::string>& row);

  enum class Rows { all, changed } wanted_ = Rows::all;
  TableLook look_;
  std::optional<Grid> grid_;
  std::vector<std::size_t> shown_;  // which cells of a row
  std::vector<bool> ages_;          // which of the columns shown move by themselves
  std::map<std::string, std::vector<std::string>> last_;  // by name, ages left out
  bool head_done_ = false;
};

}  // namespace cli
