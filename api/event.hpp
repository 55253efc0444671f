// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"

namespace api {

struct ObjectReference {
  std::string api_version, kind, name, uid;
  bool operator==(const ObjectReference&) const = default;

  static constexpr std::string_view kName = "ObjectReference";
  static constexpr std::string_view kDoc = "The object that an event is about.";
  static void describe(auto& d) {
    d.field(&ObjectReference::api_version, "apiVersion", "Its group and version.");
    d.field(&ObjectReference::kind, "kind", "Its kind.");
    d.field(&ObjectReference::name, "name", "Its name.");
    d.field(&ObjectReference::uid, "uid", "Its life.");
  }
};

/// What happened to an object, in the shape of core/v1; equal ones share one record and count.
struct Event {
  Meta metadata;
  ObjectReference about;
  std::string type, reason, message;
  std::int64_t count = 1;
  Time first, last;
  bool operator==(const Event&) const = default;

  static constexpr std::string_view kName = "Event";
  static constexpr std::string_view kDoc = "What happened to an object.";
  static void describe(auto& d) {
    d.field(&Event::metadata, "metadata", "As of every object; namespace default.");
    d.field(&Event::about, "involvedObject", "What it is about.");
    d.field(&Event::type, "type", "Normal or Warning.");
    d.field(&Event::reason, "reason", "One word for programs.");
    d.field(&Event::message, "message", "A sentence for people.");
    d.field(&Event::count, "count", "How often.");
    d.field(&Event::first, "firstTimestamp", "When first.");
    d.field(&Event::last, "lastTimestamp", "When last.");
  }
};

}  // namespace api
