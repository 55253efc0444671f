// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "cli/help.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>

namespace cli {
namespace {

constexpr const char* kCommon = "Common";

struct FormatName {
  std::string_view name;
  Format format;
};
constexpr FormatName kFormats[] = {{"table", Format::table},
                                   {"wide", Format::wide},
                                   {"json", Format::json},
                                   {"yaml", Format::yaml},
                                   {"name", Format::name}};

/// What each command can print; the first is what it prints unasked.
struct FormatsOf {
  std::string_view command, formats;
};
constexpr FormatsOf kFormatsOf[] = {
    {"apply", "table|json|yaml|name"},
    {"get", "table|wide|json|yaml|name"},
    {"describe", "table|json|yaml"},
    {"delete", "table|json|yaml|name"},
    {"logs", "table|json"},
    {"wait", "table|json|yaml|name"},
    {"results", "table|json|yaml"},
    {"explain", "table|json|yaml"},
    {"version", "table|json|yaml"},
    {"api-resources", "table|json|yaml|name"},
};

std::string_view formats_of(std::string_view command) {
  for (const auto& row : kFormatsOf)
    if (row.command == command) return row.formats;
  return "table|json";
}

/// Everything that CLI11 fills, in one place that outlives the parsing.
struct Parsed {
  Global global;
  std::string format, dry_run = "none";
  ApplyArguments apply;
  GetArguments get;
  DescribeArguments describe;
  DeleteArguments del;
  LogsArguments logs;
  WaitArguments wait;
  ResultsArguments results;
  VersionArguments version;
  ExplainArguments explain;
};

void add_switch(CLI::App& app, const std::string& names, Switch& into, const std::string& text) {
  app.add_flag_function(
      names, [&into](std::int64_t count) { into = count > 0 ? Switch::on : Switch::off; }, text);
}

/// A duration; a minus sign in front is kept.
base::Duration duration_of(const std::string& text) {
  const bool below = text.starts_with('-');
  const auto span = base::parse_duration(below ? text.substr(1) : text);
  if (!span) throw CLI::ValidationError(base::quoted(text) + " is no duration such as 30s or 5m");
  return below ? -*span : *span;
}

std::int64_t count_of(const std::string& text) {
  const auto count = base::to_integer(text);
  if (!count || *count < 0) throw CLI::ValidationError(base::quoted(text) + " is no count");
  return *count;
}

template <class T>
void add_duration(CLI::App& app, const std::string& names, T& into, const std::string& text) {
  app.add_option_function<std::string>(
         names, [&into](const std::string& value) { into = duration_of(value); }, text)
      ->type_name("TIME");
}

void add_words(CLI::App& app, std::vector<std::string>& into) {
  app.add_option("words", into)->type_name("");
}

void add_text(CLI::App& app, const std::string& names, std::string& into, const std::string& type,
              const std::string& text) {
  app.add_option(names, into, text)->type_name(type);
}

void add_files(CLI::App& app, Files& into) {
  app.add_option("-f,--filename", into.paths, "a manifest, a folder of them, or - (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  add_switch(app, "-R,--recursive", into.recursive, "folders with all that is below them");
}

void add_selector(CLI::App& app, std::string& into) {
  add_text(app, "-l,--selector", into, "LABELS", "only objects with these labels, e.g. a=b,c!=d");
}

void add_common(CLI::App& app, Parsed& into, const std::string& formats) {
  app.set_help_flag("-h,--help", "what this does, with examples");
  const auto from = app.get_options().size();
  add_text(app, "-o,--output", into.format, formats, "form of the output, also of errors");
  add_text(app, "--kubeconfig", into.global.kubeconfig, "FILE", "where the cluster is described");
  add_text(app, "--context", into.global.context, "NAME", "another context of the kubeconfig");
  add_duration(app, "--request-timeout", into.global.request_timeout, "longest wait for an answer");
  app.add_flag_function(
      "--no-color", [&into](std::int64_t) { into.global.color = Switch::off; },
      "plain text (also with NO_COLOR in the environment)");
  const auto options = app.get_options();
  for (auto i = from; i < options.size(); ++i)
    options[i]->group(kCommon);
  app.get_help_ptr()->group(kCommon);
}

void add_flags_of(std::string_view name, CLI::App& app, Parsed& into) {
  if (name == "apply") {
    add_files(app, into.apply.files);
    add_text(app, "--dry-run", into.dry_run, "none|client|server",
             "client: only check here; server: try it and store nothing");
    add_text(app, "--field-manager", into.apply.field_manager, "NAME", "in whose name");
  } else if (name == "get") {
    add_words(app, into.get.words);
    add_switch(app, "-w,--watch", into.get.watch, "go on with every change");
    add_selector(app, into.get.selector);
    add_text(app, "--field-selector", into.get.field_selector, "FIELDS", "e.g. metadata.name=a");
    add_switch(app, "--show-labels", into.get.show_labels, "one more column");
    app.add_flag_function(
        "--no-headers", [&into](std::int64_t) { into.get.headers = Switch::off; }, "rows alone");
  } else if (name == "describe") {
    add_words(app, into.describe.words);
    add_selector(app, into.describe.selector);
  } else if (name == "delete") {
    add_words(app, into.del.words);
    add_files(app, into.del.files);
    add_selector(app, into.del.selector);
    add_switch(app, "--all", into.del.all, "all objects of the kind");
    add_switch(app, "--wait", into.del.wait, "until they are gone; --wait=false: do not wait");
    add_switch(app, "--ignore-not-found", into.del.ignore_not_found, "what is gone is fine");
    add_duration(app, "--timeout", into.del.timeout, "longest wait; 0: no end");
  } else if (name == "logs") {
    add_words(app, into.logs.words);
    add_switch(app, "-f,--follow", into.logs.follow, "go on with what is written");
    add_switch(app, "-p,--previous", into.logs.previous,
               "what was written before, on another machine or in an earlier life");
    app.add_option_function<std::string>(
           "--tail", [&into](const std::string& text) { into.logs.tail = count_of(text); },
           "only the last lines")
        ->type_name("LINES");
  } else if (name == "wait") {
    add_words(app, into.wait.words);
    add_text(app, "--for", into.wait.what, "WISH",
             "condition=NAME[=STATUS], delete, create, jsonpath={.a.b}=VALUE");
    add_selector(app, into.wait.selector);
    add_switch(app, "--all", into.wait.all, "all objects of the kind");
    add_duration(app, "--timeout", into.wait.timeout, "longest wait (30s); 0: look once");
  } else if (name == "results") {
    app.add_option("runs", into.results.runs)->type_name("");
  } else if (name == "explain") {
    app.add_option("path", into.explain.path)->type_name("");
  } else if (name == "version") {
    app.add_flag_function(
        "--client", [&into](std::int64_t) { into.version.server = Switch::off; },
        "only this program; asks nobody");
  }
}

std::string names_of(const CLI::Option& option) {
  std::string out;
  for (const auto& name : option.get_snames())
    out += (out.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames())
    out += (out.empty() ? "    --" : ", --") + name;
  const auto type = option.get_type_name();
  return option.get_expected_max() == 0 || type.empty() ? out : out + " " + type;
}

std::vector<FlagHelp> flags_of(const CLI::App& app, bool common) {
  std::vector<FlagHelp> out;
  for (const auto* option : app.get_options())
    if (!option->get_positional() && (option->get_group() == kCommon) == common)
      out.push_back({names_of(*option), option->get_description()});
  return out;
}

/// The words that nobody expected: a command, a flag or an argument that does not exist.
Failure unexpected(const CLI::App& app, const CLI::App* sub) {
  const auto& from = sub == nullptr ? app : *sub;
  const auto extras = from.remaining(true);
  const auto word = extras.empty() ? std::string() : extras.front();
  std::vector<std::string> known;
  if (word.starts_with('-')) {
    for (const auto* option : from.get_options())
      for (const auto& name : option->get_lnames())
        known.push_back("--" + name);
  } else if (sub == nullptr) {
    for (const auto& command : command_helps())
      known.emplace_back(command.name);
  }
  const auto flag = word.substr(0, word.find('='));
  const auto near = base::nearest(flag, {known.begin(), known.end()});
  const std::string what = word.starts_with('-') ? "flag "
                           : sub == nullptr      ? "command "
                                                 : "argument ";
  return wrong_usage("unknown " + what + base::quoted(flag) +
                     (near ? "; did you mean " + base::quoted(*near) + "?" : "") + " (see orch " +
                     (sub == nullptr ? "" : sub->get_name() + " ") + "--help)");
}

/// `-o` as it was asked for, also where the rest of the line is wrong: errors follow it.
Format wanted_format(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool apart = (words[i] == "-o" || words[i] == "--output") && i + 1 < words.size();
    if (words[i] == "-ojson" || words[i] == "-o=json" || words[i] == "--output=json" ||
        (apart && words[i + 1] == "json"))
      return Format::json;
  }
  return Format::table;
}

/// The one command that was called, or what is wrong with its values.
void choose(const CLI::App& sub, Parsed& parsed, Arguments& out) {
  const auto name = sub.get_name();
  const auto formats = formats_of(name);
  if (!parsed.format.empty()) {
    const auto asked = parsed.format.substr(parsed.format.starts_with('=') ? 1 : 0);
    const auto known = std::find_if(std::begin(kFormats), std::end(kFormats),
                                    [&](const FormatName& f) { return f.name == asked; });
    const auto all = base::split(formats, '|');
    if (known == std::end(kFormats) || std::find(all.begin(), all.end(), asked) == all.end()) {
      out.failure = wrong_usage("-o " + asked + ": " + name + " prints " + std::string(formats));
      return;
    }
    out.global.format = known->format;
  }
  if (name == "apply") {
    if (parsed.apply.files.paths.empty())
      out.failure = wrong_usage("apply what? -f FILE, -f FOLDER or -f - (see orch apply --help)");
    if (parsed.dry_run != "none" && parsed.dry_run != "client" && parsed.dry_run != "server")
      out.failure = wrong_usage("--dry-run=" + parsed.dry_run + ": one of none, client, server");
    parsed.apply.dry_run = parsed.dry_run == "client"   ? DryRun::client
                           : parsed.dry_run == "server" ? DryRun::server
                                                        : DryRun::none;
    out.command = parsed.apply;
  } else if (name == "get") {
    out.command = parsed.get;
  } else if (name == "describe") {
    out.command = parsed.describe;
  } else if (name == "delete") {
    out.command = parsed.del;
  } else if (name == "logs") {
    out.command = parsed.logs;
  } else if (name == "wait") {
    if (parsed.wait.what.empty())
      out.failure = wrong_usage("wait for what? e.g. --for=condition=Ready (see orch wait --help)");
    out.command = parsed.wait;
  } else if (name == "results") {
    out.command = parsed.results;
  } else if (name == "version") {
    out.command = parsed.version;
  } else if (name == "explain") {
    if (parsed.explain.path.empty())
      out.failure = wrong_usage("explain what? e.g. run or bench.spec.resume");
    out.command = parsed.explain;
  } else {
    out.command = ApiResourcesArguments{};
  }
}

/// `orch help get` is what people try first.
std::vector<std::string> normal(std::vector<std::string> words) {
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

}  // namespace

Arguments parse_arguments(const std::vector<std::string>& words) {
  Parsed parsed;
  CLI::App app;
  add_common(app, parsed, "FORMAT");
  app.require_subcommand(0, 1);
  for (const auto& command : command_helps()) {
    auto* sub = app.add_subcommand(std::string(command.name));
    add_flags_of(command.name, *sub, parsed);
    add_common(*sub, parsed, std::string(formats_of(command.name)));
  }
  Arguments out;
  auto left = normal(words);
  std::reverse(left.begin(), left.end());  // CLI11 takes them from the back
  const auto sub_of = [&app]() -> const CLI::App* {
    const auto subs = app.get_subcommands();
    return subs.empty() ? nullptr : subs.front();
  };
  const auto help = [&] {
    const auto* sub = sub_of();
    const auto* command = sub == nullptr ? nullptr : find_command_help(sub->get_name());
    out.help = command == nullptr
                   ? help_of_program(flags_of(app, true))
                   : help_of_command(*command, flags_of(*sub, false), flags_of(*sub, true));
  };
  try {
    app.parse(left);
    out.global = parsed.global;
    if (sub_of() == nullptr)
      help();
    else
      choose(*sub_of(), parsed, out);
  } catch (const CLI::CallForHelp&) {
    help();
  } catch (const CLI::ExtrasError&) {
    out.failure = unexpected(app, sub_of());
  } catch (const CLI::ParseError& error) {
    const auto* sub = sub_of();
    out.failure = wrong_usage(std::string(error.what()) + " (see orch " +
                              (sub == nullptr ? "" : sub->get_name() + " ") + "--help)");
  }
  if (out.failure) out.global.format = wanted_format(words);
  return out;
}

}  // namespace cli
