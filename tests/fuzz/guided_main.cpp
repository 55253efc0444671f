// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/target.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// The same targets under clang's libFuzzer: `orch-fuzz --target=yaml CORPUS`. It passes over what
/// begins with two dashes.
namespace {

const fuzz::Target* g_target = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kFlag = "--target=";
  for (int i = 1; i < *argc; ++i) {
    const std::string_view word = (*argv)[i];
    if (word.starts_with(kFlag)) g_target = fuzz::find_target(word.substr(kFlag.size()));
  }
  if (g_target == nullptr) {
    std::fputs("usage: orch-fuzz --target=TARGET [FLAGS OF LIBFUZZER] [CORPUS...]\n", stderr);
    std::exit(64);
  }
  (void)fuzz::scratch();  // made before, so that it outlives what removes it
  std::atexit(fuzz::drop_scratch);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    g_target->run({reinterpret_cast<const char*>(bytes), size});
  } catch (const fuzz::Broken& broken) {
    std::fprintf(stderr, "broken promise: %s\n", broken.promise.c_str());
    std::abort();
  }
  return 0;
}
