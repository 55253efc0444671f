// SPDX-License-Identifier: Apache-2.0
#include "controller/server/objects.hpp"

#include "base/text.hpp"
#include "controller/server/list_options.hpp"
#include "controller/server/write_options.hpp"

namespace controller {

std::variant<Selector, Rejection> selector_of(const Call& call, const api::Kind& kind) {
  auto labels = parse_labels(call.parameter("labelSelector"));
  if (!labels) return bad_request(std::move(labels).error().message);
  const bool core = kind.spec == nullptr;
  auto fields =
      parse_fields(call.parameter("fieldSelector"), core ? event_fields() : object_fields());
  if (!fields) return bad_request(std::move(fields).error().message);
  Selector out{std::move(*labels), std::move(*fields)};
  using Op = Requirement::Op;
  if (const auto space = call.word("namespace"); !space.empty())
    out.fields.push_back({"metadata.namespace", Op::equals, {space}});
  if (const auto name = call.word("name"); !name.empty())
    out.fields.push_back({"metadata.name", Op::equals, {name}});
  return out;
}

std::variant<View, Rejection> view_of(const Call& call, const api::Kind& kind) {
  const auto form = negotiate(call.request.header("Accept").value_or(""));
  if (!form) return not_acceptable();
  const auto include = include_of(call.parameter("includeObject"));
  if (!include)
    return bad_option("TableOptions", "includeObject",
                      "Unsupported value: " + base::quoted(call.parameter("includeObject")) +
                          ": supported values: \"Metadata\", \"Object\", \"None\"",
                      api::Finding::Reason::not_supported);
  return View{&kind, *form, *include};
}

void Objects::list(const CallPtr& call, const api::Kind& kind) {
  auto view = view_of(*call, kind);
  if (const auto* wrong = std::get_if<Rejection>(&view)) return call->refuse(*wrong);
  auto selector = selector_of(*call, kind);
  if (const auto* wrong = std::get_if<Rejection>(&selector)) return call->refuse(*wrong);
  if (call->request.flag("watch"))
    return watch(call, std::get<View>(view), std::move(std::get<Selector>(selector)));
  const auto& picture = rounds_.durable();
  if (const auto wrong = check_list_options(call->request, picture.revision))
    return call->refuse(*wrong);
  call->answer_bytes(list_text(std::get<View>(view),
                               select(picture, kind, std::get<Selector>(selector)),
                               picture.revision, moment().wall));
}

void Objects::watch(const CallPtr& call, const View& view, Selector selector) {
  auto wish = watch_wish_of(call->request);
  if (const auto* wrong = std::get_if<Rejection>(&wish)) return call->refuse(*wrong);
  auto& asked = std::get<WatchWish>(wish);
  asked.view = view;
  asked.selector = std::move(selector);
  watches_.start(call, std::move(asked));
}

void Objects::get(const CallPtr& call, const api::Kind& kind) {
  if (call->request.flag("watch")) return list(call, kind);
  const auto view = view_of(*call, kind);
  if (const auto* wrong = std::get_if<Rejection>(&view)) return call->refuse(*wrong);
  const auto* record = rounds_.durable().find(kind.name, call->word("name"));
  if (record == nullptr) return call->refuse(not_found(kind, call->word("name")));
  call->answer_bytes(object_text(std::get<View>(view), *record->bytes, moment().wall));
}

void Objects::write(const CallPtr& call, WriteOp op) {
  const auto run = dry_run_of(call->request);
  if (run.rejection) return call->refuse(*run.rejection);
  auto validation = validation_of(call->request);
  if (const auto* wrong = std::get_if<Rejection>(&validation)) return call->refuse(*wrong);
  op.validation = std::get<FieldValidation>(validation);
  op.kind = call->found.kind->name;
  if (call->found.route->part == "status") op.part = WriteOp::Part::status;
  WriteRequest request;
  request.asker = call->asker();
  if (run.run == DryRun::Run::dry) request.run = WriteRequest::Run::dry;
  const auto verb = op.verb;
  request.ops.push_back(std::move(op));
  rounds_.write(std::move(request), [call, verb](WriteAnswer answer) {
    if (const auto* lost = std::get_if<Rejection>(&answer)) return call->refuse(*lost);
    auto& admission = std::get<WriteOutcome>(answer).admissions.front();
    if (const auto* refused = std::get_if<Rejection>(&admission))
      return call->refuse(as_told(*refused, verb, *call->found.kind, call->word("name")));
    const auto& done = std::get<Admitted>(admission);
    const bool created = done.what == Admitted::What::created;
    if (verb == WriteOp::Verb::remove && done.what == Admitted::What::removed)
      return call->answer(200, removed_status(*call->found.kind, done.object));
    if (done.bytes != nullptr)
      return call->answer_bytes(created ? 201 : 200, *done.bytes + "\n", done.warnings);
    call->answer(created ? 201 : 200, done.object, done.warnings);
  });
}

void Objects::create(const CallPtr& call) {
  auto body = read_body(*call, "object");
  if (const auto* wrong = std::get_if<Rejection>(&body)) return call->refuse(*wrong);
  WriteOp op;
  op.verb = WriteOp::Verb::create;
  op.body = std::move(std::get<api::Json>(body));
  write(call, std::move(op));
}

void Objects::replace(const CallPtr& call) {
  auto body = read_body(*call, "object");
  if (const auto* wrong = std::get_if<Rejection>(&body)) return call->refuse(*wrong);
  WriteOp op;
  op.verb = WriteOp::Verb::replace;
  op.name = call->word("name");
  op.body = std::move(std::get<api::Json>(body));
  write(call, std::move(op));
}

void Objects::patch(const CallPtr& call) {
  const auto verb = patch_verb(call->request.header("Content-Type").value_or(""));
  if (!verb) return call->refuse(unknown_patch());
  auto body = read_patch(*call);
  if (const auto* wrong = std::get_if<Rejection>(&body)) return call->refuse(*wrong);
  WriteOp op;
  op.verb = *verb;
  op.name = call->word("name");
  op.body = std::move(std::get<api::Json>(body));
  write(call, std::move(op));
}

void Objects::remove(const CallPtr& call) {
  const auto options = delete_options_of(*call);
  if (options.rejection) return call->refuse(*options.rejection);
  WriteOp op;
  op.verb = WriteOp::Verb::remove;
  op.name = call->word("name");
  op.uid = options.uid;
  op.resource_version = options.resource_version;
  if (options.run == DryRun::Run::dry) call->request.query.emplace_back("dryRun", "All");
  write(call, std::move(op));
}

void Objects::remove_many(const CallPtr& call) {
  const auto& kind = *call->found.kind;
  const auto options = delete_options_of(*call);
  if (options.rejection) return call->refuse(*options.rejection);
  const auto run = dry_run_of(call->request);
  if (run.rejection) return call->refuse(*run.rejection);
  const auto selector = selector_of(*call, kind);
  if (const auto* wrong = std::get_if<Rejection>(&selector)) return call->refuse(*wrong);
  const auto chosen = select(rounds_.durable(), kind, std::get<Selector>(selector));
  WriteRequest request;
  request.asker = call->asker();
  if (run.run == DryRun::Run::dry || options.run == DryRun::Run::dry)
    request.run = WriteRequest::Run::dry;
  for (const auto& record : chosen) {
    WriteOp op;
    op.verb = WriteOp::Verb::remove;
    op.kind = kind.name;
    op.name = record->name;
    op.uid = record->uid;
    request.ops.push_back(std::move(op));
  }
  const View view{&kind, Form::object, api::Include::metadata};
  rounds_.write(std::move(request), [this, call, view, chosen](WriteAnswer answer) {
    if (const auto* lost = std::get_if<Rejection>(&answer)) return call->refuse(*lost);
    for (const auto& admission : std::get<WriteOutcome>(answer).admissions)
      if (const auto* refused = std::get_if<Rejection>(&admission)) return call->refuse(*refused);
    call->answer_bytes(list_text(view, chosen, rounds_.durable().revision, moment().wall));
  });
}

}  // namespace controller
