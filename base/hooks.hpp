// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

/// Where tests reach into the product, in a build with ORCH_TEST_HOOKS; in every other build each
/// of these is nothing. Only `orch-sim` turns on mutants and buggify, and only a test's environment
/// (ORCH_FAILPOINT) a failpoint. Names are constant texts, `room.what.where`; docs/failpoints.md
/// lists them.
///
///   ORCH_MUTANT("x")     is this hand-made bug on? It proves that a checker bites.
///   ORCH_BUGGIFY("x")    shall the legal but unlikely happen here, now? Of the sites a quarter is
///                        awake under a seed, and those fire one time in four.
///   ORCH_MARK("x")       this rare path was taken; the simulator's runs must take each of them.
///   ORCH_FAILPOINT("x")  the process may be killed, stopped or delayed here.
#ifdef ORCH_TEST_HOOKS
namespace base {

bool is_mutant(const char* name);
/// Turns one on for the life of the process; before anything runs. The name must outlive it.
void set_mutant(const char* name);

bool buggify(const char* site);
/// All draws follow from the seed; 0: no site fires. One thread only.
void set_buggify(std::uint64_t seed);

/// Always true. From any thread.
bool mark(const char* name);
/// What was marked since the process began, in order of names.
std::vector<std::string> marks();

/// From any thread.
void failpoint(const char* name);
/// `name[:hit=N]:action=kill|stop|exit|sleep=MS`, at the N-th time (1) that the name is passed;
/// sleep at every time from then on. Several are parted by commas. Says what is wrong with the
/// text, or nothing. Before any thread is begun.
std::string set_failpoints(const std::string& text);
/// The text as it was given, for a child that obeys it too.
const std::string& failpoints();

}  // namespace base
#define ORCH_MUTANT(name) base::is_mutant(name)
#define ORCH_BUGGIFY(site) base::buggify(site)
#define ORCH_MARK(name)                          \
  do {                                           \
    static const bool marked = base::mark(name); \
    static_cast<void>(marked);                   \
  } while (false)
#define ORCH_FAILPOINT(name) base::failpoint(name)
#define ORCH_FAILPOINTS() base::failpoints()
#else
#define ORCH_MUTANT(name) false
#define ORCH_BUGGIFY(site) false
#define ORCH_MARK(name) static_cast<void>(0)
#define ORCH_FAILPOINT(name) static_cast<void>(0)
#define ORCH_FAILPOINTS() std::string()
#endif
