// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/await.hpp"
#include "cli/commands/commands.hpp"
#include "cli/manifest.hpp"
#include "cli/selection.hpp"

#include <algorithm>

namespace cli {
namespace {

using api::Json;

constexpr std::string_view kBackground = "Background";

/// The objects of manifests, last one first: what was built on top goes before its ground.
Selected select_from_files(Session& session, const Files& files) {
  const auto manifests = read_manifests(session, files, Held::identity);
  if (manifests.failure) return {{}, manifests.failure};
  if (!manifests.complaints.empty()) return {{}, refusal_of(manifests, "nothing was deleted")};
  Selected out;
  for (const auto& manifest : manifests.list)
    out.list.push_back({manifest.kind, manifest.name, {}});
  std::reverse(out.list.begin(), out.list.end());
  return out;
}

class Deleting {
 public:
  Deleting(Session& session, Remote& remote, const DeleteArguments& asked)
      : session_(session), remote_(remote), asked_(asked) {}

  base::Exit run(const std::vector<Awaited>& objects);

 private:
  /// Asks for the end of one object. False: stop here.
  bool ask(Awaited object);
  bool wait_for_all();
  void say(const Awaited& object, const std::string& what);
  base::Exit finish();

  Session& session_;
  Remote& remote_;
  const DeleteArguments& asked_;
  std::vector<Awaited> leaving_;  // asked to go, still there
  std::vector<Failure> absent_;
  Json said_ = Json::array();
  std::optional<Failure> failure_;
};

void Deleting::say(const Awaited& object, const std::string& what) {
  if (wants_value(session_)) {
    said_.push(Json::object({{"kind", object.kind->name}, {"name", object.name}, {"verb", what}}));
  } else if (session_.global.format == Format::name) {
    session_.console.out(full_name(*object.kind) + "/" + object.name + "\n");
  } else {
    session_.console.out(full_name(*object.kind) + " " + base::quoted(object.name) + " " + what +
                         "\n");
  }
}

bool Deleting::ask(Awaited object) {
  auto options = Json::object(
      {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", kBackground}});
  if (!object.uid.empty()) options.set("preconditions", Json::object({{"uid", object.uid}}));
  auto answer = remote_.send("DELETE", object_path(*object.kind, object.name), {}, options);
  if (!answer) {
    const bool absent = answer.failure->exit == base::Exit::no &&
                        answer.failure->status.text_at("reason") == "NotFound";
    if (!absent) {
      failure_ = std::move(answer.failure);
      return false;
    }
    if (asked_.ignore_not_found == Switch::off) absent_.push_back(*std::move(answer.failure));
    return true;
  }
  // An object comes back when somebody must agree before it is gone; a Status when it is gone.
  const Json* metadata = answer.value.find("metadata");
  if (answer.value.text_at("kind") == "Status" || metadata == nullptr) {
    say(object, "deleted");
    return true;
  }
  object.uid = metadata->text_at("uid");
  if (asked_.wait == Switch::off)
    say(object, "is asked to go");
  else
    leaving_.push_back(std::move(object));
  return true;
}

bool Deleting::wait_for_all() {
  Wish gone;
  gone.kind = Wish::Kind::gone;
  gone.text = "its end";
  std::optional<base::Instant> deadline;
  if (asked_.timeout && asked_.timeout->count() > 0)
    deadline = base::steady_now() + *asked_.timeout;
  for (const auto& object : leaving_) {
    failure_ = await(remote_, object, gone, deadline);
    if (failure_) return false;
    say(object, "deleted");
    session_.console.flush();
  }
  return true;
}

base::Exit Deleting::run(const std::vector<Awaited>& objects) {
  for (const auto& object : objects)
    if (!ask(object)) return fail(session_, *failure_);
  session_.console.flush();
  if (!wait_for_all()) return fail(session_, *failure_);
  return finish();
}

base::Exit Deleting::finish() {
  if (absent_.empty() && wants_value(session_))
    print_value(session_, Json::object({{"apiVersion", api::kApiVersion},
                                        {"kind", "DeleteResult"},
                                        {"items", std::move(said_)}}));
  if (absent_.empty()) return base::Exit::done;
  for (std::size_t i = 0; i + 1 < absent_.size() && session_.global.format != Format::json; ++i)
    session_.console.note("error: " + base::printable(absent_[i].message));
  return fail(session_, absent_.back());
}

}  // namespace

base::Exit run_delete(Session& session, const DeleteArguments& asked) {
  const bool from_files = !asked.files.paths.empty();
  if (from_files && !(asked.words.empty() && asked.selector.empty() && asked.all == Switch::off))
    return fail(session, wrong_usage("-f names the objects by itself: leave names, -l, --all out"));
  Remote remote(session);
  const auto chosen = from_files ? select_from_files(session, asked.files)
                                 : select_objects(remote, {asked.words, asked.selector, asked.all});
  if (chosen.failure) return fail(session, *chosen.failure);
  if (chosen.list.empty()) session.console.note("No resources found.");
  return Deleting(session, remote, asked).run(chosen.list);
}

}  // namespace cli
