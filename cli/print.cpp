// SPDX-License-Identifier: Apache-2.0
#include "cli/print.hpp"

#include "base/text.hpp"
#include "base/units.hpp"

#include <algorithm>

namespace cli {
namespace {

std::string padded(const std::string& text, std::size_t width, Align align) {
  const auto used = columns_of(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return align == Align::left ? text + blanks : blanks + text;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Grid::Grid(std::vector<Column> columns, std::size_t between)
    : columns_(std::move(columns)), between_(between) {
  for (const auto& column : columns_)
    widths_.push_back(columns_of(column.head));
}

void Grid::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    widths_[i] = std::max(widths_[i], columns_of(cells[i]));
  rows_.push_back(std::move(cells));
}

std::string Grid::line(const std::vector<std::string>& cells) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out.append(between_, ' ');
    out += padded(cells[i], widths_[i], columns_[i].align);
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string Grid::text(Heads heads, std::string_view indent) const {
  std::string out;
  std::vector<std::string> names;
  for (const auto& column : columns_)
    names.push_back(column.head);
  const bool named =
      std::any_of(names.begin(), names.end(), [](const auto& n) { return !n.empty(); });
  if (heads == Heads::shown && named) out += std::string(indent) + line(names);
  for (const auto& row : rows_)
    out += std::string(indent) + line(row);
  return out;
}

std::string Grid::take_rows(Heads heads) {
  auto out = text(heads);
  rows_.clear();
  return out;
}

std::string cell_text(const api::Json& value) {
  if (value.is_null()) return {};
  auto text = base::printable(value.is_string() ? value.string() : api::write_json(value));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return text;
}

std::string age_since(const api::Json* time, base::Instant now) {
  if (time == nullptr || !time->is_string()) return {};
  const auto at = base::parse_rfc3339(time->string());
  return at ? base::age_text(std::max(base::Duration{0}, now - *at)) : "";
}

std::string labels_text(const api::Json* labels) {
  std::string out;
  if (labels != nullptr && labels->is_object())
    for (const auto& [key, value] : labels->members())
      out += (out.empty() ? "" : ",") + cell_text(key) + "=" + cell_text(value);
  return out.empty() ? "<none>" : out;
}

std::string indented(std::string_view text, std::string_view indent) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1);
    out += indent;
    out += text.substr(0, end + 1);
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace cli
