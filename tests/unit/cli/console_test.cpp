// SPDX-License-Identifier: Apache-2.0
#include "cli/console.hpp"

#include "cli/log_text.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace cli {
namespace {

struct Screen {
  std::string out, err;
  Console::Setup setup(Terminal out_is, Terminal err_is, int width) {
    const auto into = [](std::string& text) {
      return [&text](std::string_view bytes) {
        text += bytes;
        return true;
      };
    };
    return {into(out), into(err), out_is, err_is, Color::no, width, -1};
  }
};

TEST(Console, AFullDeviceBreaksItForEver) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Console console({.out = sink_of(full), .err = sink_of(full)});
  console.out("text");
  EXPECT_FALSE(console.broken());
  EXPECT_FALSE(console.flush());
  EXPECT_TRUE(console.broken());
  EXPECT_FALSE(console.flush());
  ::close(full);
}

TEST(Console, AClosedDescriptorBreaksIt) {
  Console console({.out = sink_of(-1), .err = sink_of(-1)});
  console.note("nobody reads this");
  console.out("nor that");
  EXPECT_FALSE(console.flush());
}

TEST(Console, SeesThatTheReaderLeftWithoutWriting) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  Screen screen;
  auto setup = screen.setup(Terminal::no, Terminal::no, 80);
  setup.out_fd = ends[1];
  Console console(std::move(setup));
  console.look();
  EXPECT_FALSE(console.broken());
  ::close(ends[0]);
  console.look();
  EXPECT_TRUE(console.broken());
  EXPECT_FALSE(console.flush());
  ::close(ends[1]);
}

TEST(Console, WritesNothingBeforeTheFlush) {
  Screen screen;
  Console console(screen.setup(Terminal::no, Terminal::no, 80));
  console.out("a");
  console.out("b");
  EXPECT_EQ(screen.out, "");
  EXPECT_TRUE(console.flush());
  EXPECT_EQ(screen.out, "ab");
}

TEST(Console, TheMovingLineIsForTerminalsAlone) {
  Screen screen;
  {
    Console console(screen.setup(Terminal::yes, Terminal::no, 80));
    console.moving("3 of 4");
  }
  EXPECT_EQ(screen.err, "");
}

TEST(Console, TheMovingLineFitsTheTerminalAndGoesAway) {
  struct Case {
    int width;
    std::string shown;
  };
  const Case cases[] = {{80, "h\xC3\xA4lf\x1b[31m way"}, {4, "h\xC3\xA4l"}, {1, ""}, {0, ""}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.width);
    Screen screen;
    {
      Console console(screen.setup(Terminal::no, Terminal::yes, c.width));
      console.moving("h\xC3\xA4lf\x1b[31m way");
      console.note("a line");
    }
    auto shown = c.shown;
    if (const auto escape = shown.find("\x1b[31m"); escape != std::string::npos)
      shown.erase(escape, 5);
    EXPECT_EQ(screen.err, "\r\x1b[K" + shown + "\r\x1b[Ka line\n");
  }
}

TEST(Console, ForeignTextKeepsItsEscapesInAFile) {
  Screen screen;
  Console file(screen.setup(Terminal::no, Terminal::no, 80));
  Console terminal(screen.setup(Terminal::yes, Terminal::no, 80));
  EXPECT_EQ(file.foreign("\x1b]0;title\x07red"), "\x1b]0;title\x07red");
  EXPECT_EQ(terminal.foreign("\x1b]0;title\x07red"), "red");
}

TEST(LogText, AFileGetsEveryByte) {
  LogText text(Terminal::no);
  EXPECT_EQ(text.take("\x1b[3"), "\x1b[3");
  EXPECT_EQ(text.take("1mred\xFF\n"), "1mred\xFF\n");
  EXPECT_EQ(text.take_rest(), "");
}

TEST(LogText, ATerminalNeverSeesAnEscapeThatCameInPieces) {
  LogText text(Terminal::yes);
  EXPECT_EQ(text.take("one\ntwo \x1b[3"), "one\n");
  EXPECT_EQ(text.take("1mred"), "");
  EXPECT_EQ(text.take("\nthree"), "two red\n");
  EXPECT_EQ(text.take_rest(), "three");
}

TEST(LogText, ALineWithoutAnEndIsShownAllTheSame) {
  LogText text(Terminal::yes);
  std::string shown;
  for (int i = 0; i < 100; ++i)
    shown += text.take(std::string(1000, 'x'));
  EXPECT_GT(shown.size(), 80'000U);
  shown += text.take_rest();
  EXPECT_EQ(shown, std::string(100'000, 'x'));
}

}  // namespace
}  // namespace cli
