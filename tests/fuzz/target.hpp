// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// Readers of bytes that others wrote, each with the promises that must hold whatever the bytes
/// are.
namespace fuzz {

/// A promise that was not kept for the input at hand.
struct Broken {
  std::string promise;
};
inline void promise(bool kept, std::string_view what) {
  if (!kept) throw Broken{std::string(what)};
}

struct Target {
  std::string_view name;  // also of its folder in the corpus
  void (*run)(std::string_view input);
  std::size_t bytes_max = 4096;  // of an input that a mutator makes
  int cost = 1;                  // how many inputs of a cheap one take as long
};
/// All but `faulty`, which is there to prove that a runner notices.
std::span<const Target> targets();
const Target* find_target(std::string_view name);

void run_yaml(std::string_view input);
void run_manifest(std::string_view input);
void run_json(std::string_view input);
void run_patch(std::string_view input);
void run_write(std::string_view input);
void run_http_request(std::string_view input);
void run_http_response(std::string_view input);
void run_agent_report(std::string_view input);
void run_journal(std::string_view input);
void run_samples_jsonl(std::string_view input);
void run_proc_stat(std::string_view input);
void run_text(std::string_view input);
void run_faulty(std::string_view input);

/// An empty folder of this process alone, on a disk that forgets where there is one.
const std::string& scratch();
/// Removes it; for the end of a program.
void drop_scratch();
/// Puts a file with these bytes there, without a word to the disk.
std::string put_file(const std::string& name, std::string_view bytes);

/// Is the place, from 1, within the text or right behind one of its lines?
bool is_inside(std::string_view text, int line, int column);

}  // namespace fuzz
