// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/agentd/folder.hpp"

#include <ftw.h>
#include <poll.h>
#include <cstdio>
#include <cstdlib>

#include "base/check.hpp"
#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/log.hpp"

namespace agentd::tests {
namespace {

constexpr base::Duration kDeadline{20'000};  // far above what a loaded machine needs

int remove_one(const char* path, const struct stat*, int, struct FTW*) {
  return ::remove(path);
}

}  // namespace

Folder::Folder(const std::string& where) {
  base::log::to_stderr(base::log::Level::quiet);  // what is healed on purpose is no news
  std::string pattern = where + "/orch-test-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

Folder::~Folder() {
  ::nftw(path_.c_str(), remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void Folder::put(const std::string& name, const std::string& text) const {
  const std::string path = at(name);
  CHECK(base::make_folder(path.substr(0, path.rfind('/')), 0700));
  std::FILE* file = std::fopen(path.c_str(), "wb");
  CHECK(file != nullptr);
  CHECK(std::fwrite(text.data(), 1, text.size(), file) == text.size());
  CHECK(std::fclose(file) == 0);
}

std::string Folder::get(const std::string& name) const {
  const auto text = base::read_file(at(name));
  return text ? *text : "";
}

bool Folder::has(const std::string& name) const {
  return static_cast<bool>(base::facts_of(at(name)));
}

bool eventually(const std::function<bool()>& holds) {
  const auto until = base::steady_now() + kDeadline;
  while (!holds()) {
    if (base::steady_now() > until) return false;
    ::poll(nullptr, 0, 5);
  }
  return true;
}

}  // namespace agentd::tests
