// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace cli {

/// Takes all bytes, or says no when the other end is gone or full.
using Sink = std::function<bool(std::string_view)>;
/// Writes to a descriptor (not owned), again after interruptions and short writes.
Sink sink_of(int fd);

enum class Terminal { no, yes };
enum class Color { no, yes };

/// Where a command speaks: results to `out`, everything else to `err`. What has been written stays
/// in memory until `flush`, so that a table is one write.
class Console {
 public:
  struct Setup {
    Sink out, err;
    Terminal out_is = Terminal::no, err_is = Terminal::no;
    Color color = Color::no;
    int width = 80;   // of the terminal behind `err`, in columns
    int out_fd = -1;  // what `out` writes to, to see that its reader left; -1: nobody can tell
  };
  explicit Console(Setup setup) : setup_(std::move(setup)) {}
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  void out(std::string_view text);
  /// A whole line to `err`; takes the moving line away first.
  void note(std::string_view line);
  /// One line that replaces itself, on a terminal only; empty takes it away.
  void moving(std::string_view line);
  /// Gives everything to the other end. False from the first failure on, for ever.
  bool flush();
  /// The other end of `out` is gone or full: a command that goes on and on must stop.
  bool broken() const { return broken_; }
  /// Looks whether the reader left, for a command that has nothing to write at the moment.
  void look();

  Terminal out_is() const { return setup_.out_is; }
  /// Text that a model or a harness wrote: without terminal escapes where a terminal would act on
  /// them.
  std::string foreign(std::string_view text) const;
  /// Marks a heading where colour is wanted.
  std::string bold(std::string_view text) const;
  void no_color() { setup_.color = Color::no; }

 private:
  Setup setup_;
  std::string waiting_;
  bool broken_ = false;
  bool line_shown_ = false;
};

}  // namespace cli
