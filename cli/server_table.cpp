// SPDX-License-Identifier: Apache-2.0
#include "cli/server_table.hpp"

namespace cli {
namespace {

using api::Json;

std::string upper(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

const Json* list_at(const Json& holder, std::string_view key) {
  const Json* list = holder.find(key);
  return list != nullptr && list->is_array() ? list : nullptr;
}

}  // namespace

void ServerTable::take_columns(const Json& table) {
  std::vector<Grid::Column> columns;
  if (const Json* definitions = list_at(table, "columnDefinitions")) {
    for (std::size_t i = 0; i < definitions->items().size(); ++i) {
      const auto& definition = definitions->items()[i];
      if (definition.integer_at("priority") > 0 && look_.wide == Switch::off) continue;
      shown_.push_back(i);
      ages_.push_back(definition.text_at("type") == "date");
      columns.push_back({upper(cell_text(definition.text_at("name"))), Align::left});
    }
  } else {
    shown_ = {0};
    columns.push_back({"NAME", Align::left});
  }
  if (look_.labels == Switch::on) columns.push_back({"LABELS", Align::left});
  grid_.emplace(std::move(columns));
}

void ServerTable::add_row(const Json& cells, const Json* metadata) {
  std::vector<std::string> row;
  for (const auto i : shown_) {
    const bool there = cells.is_array() && i < cells.items().size();
    row.push_back(there ? cell_text(cells.items()[i]) : "");
    if (row.size() == 1) row.front().insert(0, look_.prefix);
  }
  if (look_.labels == Switch::on)
    row.push_back(labels_text(metadata == nullptr ? nullptr : metadata->find("labels")));
  if (is_new(row) || wanted_ == Rows::all) grid_->add(std::move(row));
}

bool ServerTable::is_new(const std::vector<std::string>& row) {
  auto lasting = row;
  for (std::size_t i = 0; i < ages_.size(); ++i)
    if (ages_[i]) lasting[i].clear();
  auto& last = last_[row.front()];
  if (last == lasting) return false;
  last = std::move(lasting);
  return true;
}

void ServerTable::add_changed(const Json& answer) {
  wanted_ = Rows::changed;
  add(answer);
  wanted_ = Rows::all;
}

void ServerTable::add(const Json& answer) {
  if (!grid_) take_columns(answer);
  if (const Json* rows = list_at(answer, "rows")) {
    for (const auto& row : rows->items())
      if (const Json* cells = list_at(row, "cells"))
        add_row(*cells, row.at({"object", "metadata"}));
    return;
  }
  if (answer.text_at("kind") == "Table") return;
  const Json* items = list_at(answer, "items");
  for (const auto& object : items != nullptr ? items->items() : Json::Array{answer}) {
    const Json* metadata = object.find("metadata");
    if (metadata != nullptr) add_row(Json::array({metadata->text_at("name")}), metadata);
  }
}

std::string ServerTable::take_text(Switch headers) {
  if (!grid_) return {};
  const bool head = headers == Switch::on && !head_done_;
  head_done_ = true;
  return grid_->take_rows(head ? Grid::Heads::shown : Grid::Heads::hidden);
}

}  // namespace cli
