// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/meta/type.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace api {

struct OwnerReference {
  std::string api_version, kind, name, uid;
  bool operator==(const OwnerReference&) const = default;

  static constexpr std::string_view kName = "OwnerReference";
  static constexpr std::string_view kDoc = "The object that this one belongs to.";
  static void describe(auto& d) {
    d.field(&OwnerReference::api_version, "apiVersion", "Group and version of the owner.");
    d.field(&OwnerReference::kind, "kind", "Kind of the owner.");
    d.field(&OwnerReference::name, "name", "Name of the owner.");
    d.field(&OwnerReference::uid, "uid", "Life of the owner.");
  }
};

/// What every object has. `uid` names a life, `generation` a spec, `resource_version` a revision of
/// the store.
struct Meta {
  std::string name, uid, resource_version;
  std::int64_t generation = 0;
  Time created, deleted;
  std::map<std::string, std::string> labels, annotations;
  std::vector<std::string> finalizers;
  std::vector<OwnerReference> owners;
  bool operator==(const Meta&) const = default;

  static constexpr std::string_view kName = "ObjectMeta";
  static constexpr std::string_view kDoc = "What every object has, as in Kubernetes.";
  static void describe(auto& d) {
    d.field(&Meta::name, "name", "Unique among the objects of the kind; a DNS label.");
    d.field(&Meta::uid, "uid", "Names one life of the object.");
    d.field(&Meta::resource_version, "resourceVersion", "The store's revision of the last change.");
    d.field(&Meta::generation, "generation", "Rises when the spec changes.");
    d.field(&Meta::created, "creationTimestamp", "When it was made.");
    d.field(&Meta::deleted, "deletionTimestamp", "When its end was asked for.");
    d.field(&Meta::labels, "labels",
            "For selectors; labels that begin with orch. are the system's.");
    d.field(&Meta::annotations, "annotations", "For tools.");
    d.field(&Meta::finalizers, "finalizers", "Who must agree before a deleted object is gone.");
    d.field(&Meta::owners, "ownerReferences", "The objects that this one belongs to.");
  }
};

/// One fact about an object, in Kubernetes' form; `status` is True, False or Unknown.
struct Condition {
  std::string type, status, reason, message;
  Time since;
  std::int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;

  static constexpr std::string_view kName = "Condition";
  static constexpr std::string_view kDoc = "One fact about the object, with its reason.";
  static void describe(auto& d) {
    d.field(&Condition::type, "type", "What the fact is about.");
    d.field(&Condition::status, "status", "True, False or Unknown.");
    d.field(&Condition::reason, "reason", "One word for programs.");
    d.field(&Condition::message, "message", "A sentence for people.");
    d.field(&Condition::since, "lastTransitionTime", "When the status last changed.");
    d.field(&Condition::observed_generation, "observedGeneration", "The spec it speaks of.");
  }
};
using Conditions = std::vector<Condition>;

const Condition* find_condition(const Conditions& conditions, std::string_view type);
/// Sets the condition of `wanted.type`; `since` moves to `now` only when the status changes.
void set_condition(Conditions& conditions, Condition wanted, base::Instant now);

/// Why something does not happen on one machine.
struct Reason {
  std::string machine, why;
  bool operator==(const Reason&) const = default;

  static constexpr std::string_view kName = "Reason";
  static constexpr std::string_view kDoc = "Why not on this machine.";
  static void describe(auto& d) {
    d.field(&Reason::machine, "machine", "The machine, or empty for all of them.");
    d.field(&Reason::why, "why", "What stands against it, and what would help.");
  }
};

/// A start of a controller on one life of the store: lower terms are refused by agents.
struct Term {
  std::int64_t incarnation = 0;  // rises when the store is restored from a copy
  std::int64_t start = 0;        // rises at every start of a controller
  auto operator<=>(const Term&) const = default;

  static constexpr std::string_view kName = "Term";
  static constexpr std::string_view kDoc = "Which controller speaks.";
  static void describe(auto& d) {
    d.field(&Term::incarnation, "incarnation", "Rises when the store is restored from a copy.");
    d.field(&Term::start, "start", "Rises at every start of a controller.");
  }
};

/// The fence of a claim: the term in which it was taken and the store's revision of the taking.
struct Epoch {
  Term term;
  std::int64_t revision = 0;
  auto operator<=>(const Epoch&) const = default;

  static constexpr std::string_view kName = "Epoch";
  static constexpr std::string_view kDoc = "The fence of a claim.";
  static void describe(auto& d) {
    d.field(&Epoch::term, "term", "The term in which the claim was taken.");
    d.field(&Epoch::revision, "revision", "The store's revision of the taking.");
  }
};

/// An object of one kind, decoded.
template <class S, class T>
struct Object {
  using Spec = S;
  using Status = T;
  Meta metadata;
  S spec;
  T status;
  std::int64_t revision = 0;
  const std::string& name() const { return metadata.name; }
  bool deleting() const { return metadata.deleted.set(); }
  bool operator==(const Object&) const = default;
};

/// Holds a deployment or machine until its processes are proved gone (scheduling.md "Claims").
inline constexpr std::string_view kClaimFinalizer = "orch/claim";
/// Who made an object that no person wrote.
inline constexpr std::string_view kOriginLabel = "orch.origin";

/// The status of a kind that only keeps what people wrote.
struct PlainStatus {
  std::int64_t observed_generation = 0;
  Conditions conditions;
  bool operator==(const PlainStatus&) const = default;

  static constexpr std::string_view kName = "PlainStatus";
  static constexpr std::string_view kDoc = "Conditions of a catalogue entry.";
  static void describe(auto& d) {
    d.field(&PlainStatus::observed_generation, "observedGeneration", "The spec it speaks of.");
    d.field(&PlainStatus::conditions, "conditions", "Facts about the entry.");
  }
};

}  // namespace api
