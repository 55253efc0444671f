// SPDX-License-Identifier: Apache-2.0
#include "cli/input.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>

namespace cli {

base::Result<std::string> read_all(int fd, std::size_t bytes_max) {
  std::string out;
  std::array<char, 65536> block{};
  for (;;) {
    const auto n = ::read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::invalid("it cannot be read");
    if (n == 0) return out;
    out.append(block.data(), static_cast<std::size_t>(n));
    if (out.size() > bytes_max)
      return base::invalid("more than " + std::to_string(bytes_max) + " bytes");
  }
}

base::Result<std::string> read_source(const std::string& path, std::size_t bytes_max) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISFIFO(facts.st_mode))
    return base::read_file(path, bytes_max);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::invalid("read " + base::quoted(path) + ": it cannot be opened");
  auto out = read_all(fd, bytes_max);
  ::close(fd);
  if (!out) return std::move(out).error().within("read " + base::quoted(path));
  return out;
}

std::string place_text(const std::string& path, api::Place place) {
  return path + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": ";
}

}  // namespace cli
