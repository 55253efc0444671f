// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "api/object.hpp"
#include "api/report.hpp"

#include <optional>

namespace api {

enum class Role : std::uint8_t { model_server, bench_host };
inline constexpr std::array<std::string_view, 2> kRoles{"model-server", "bench-host"};
constexpr const auto& labels_of(Role) {
  return kRoles;
}

struct Drivers {
  std::string nvidia, cuda;
  std::vector<std::string> avoid;
  bool operator==(const Drivers&) const = default;

  static constexpr std::string_view kName = "Drivers";
  static constexpr std::string_view kDoc = "Pins of the accelerator's driver.";
  static void describe(auto& d) {
    d.field(&Drivers::nvidia, "nvidia", "The wanted driver.");
    d.field(&Drivers::cuda, "cuda", "The wanted CUDA version.");
    d.field(&Drivers::avoid, "avoid", "Versions that are refused; a star ends a prefix (590.*).");
  }
};

struct GpuClocks {
  std::string lock;
  bool operator==(const GpuClocks&) const = default;

  static constexpr std::string_view kName = "GpuClocks";
  static constexpr std::string_view kDoc = "Clock limits of the accelerator.";
  static void describe(auto& d) {
    d.field(&GpuClocks::lock, "lock", "Lowest and highest MHz, as for nvidia-smi -lgc.");
  }
};

struct Hold {
  Time until;
  std::string reason;
  bool operator==(const Hold&) const = default;

  static constexpr std::string_view kName = "Hold";
  static constexpr std::string_view kDoc = "A person needs the box for a while.";
  static void describe(auto& d) {
    d.field(&Hold::until, "until", "When the hold ends by itself.").required();
    d.field(&Hold::reason, "reason", "Shown to whoever waits.");
  }
};

struct Cost {
  double per_hour = 0;
  std::string currency;
  double watts = 0;
  bool operator==(const Cost&) const = default;

  static constexpr std::string_view kName = "Cost";
  static constexpr std::string_view kDoc = "What an hour of the machine costs.";
  static void describe(auto& d) {
    d.field(&Cost::per_hour, "perHour", "Money for an hour.").range(0, 1'000'000);
    d.field(&Cost::currency, "currency", "Which money.");
    d.field(&Cost::watts, "watts", "Power under load.").range(0, 1'000'000);
  }
};

/// What a machine can run and what people allow on it.
struct MachineSpec {
  std::string machine_class;
  std::vector<std::string> kernels;
  Quantity memory;
  std::vector<Role> roles{Role::model_server};
  std::int64_t sandboxes = 0;
  std::int64_t bench_slots = 1;
  std::string address;
  bool unschedulable = false;
  std::optional<Drivers> drivers;
  std::optional<GpuClocks> gpu_clocks;
  bool drain = false;
  std::optional<Hold> hold;
  std::optional<Cost> cost;
  bool operator==(const MachineSpec&) const = default;

  static constexpr std::string_view kName = "MachineSpec";
  static constexpr std::string_view kDoc = "One box: what it can run, its limits, its cost.";
  static void describe(auto& d) {
    d.field(&MachineSpec::machine_class, "class",
            "Kind of hardware: pro6000, dgx-spark, mac-mlx, bench-host or any other name.");
    d.field(&MachineSpec::kernels, "kernels", "Numeric formats it runs; unset: all.");
    d.field(&MachineSpec::memory, "memory", "What models may fill: VRAM, or unified memory.");
    d.field(&MachineSpec::roles, "roles", "What it is used for.").defaulted();
    d.field(&MachineSpec::sandboxes, "sandboxes", "Sandboxes it holds at once.")
        .range(0, 10'000)
        .defaulted();
    d.field(&MachineSpec::bench_slots, "benchSlots", "Bench runs at once.")
        .range(0, 1000)
        .defaulted();
    d.field(&MachineSpec::address, "address", "What peers dial; the agent itself only dials out.");
    d.field(&MachineSpec::unschedulable, "unschedulable", "Start nothing new here (cordon).");
    d.field(&MachineSpec::drivers, "drivers", "Pins of the accelerator's driver.");
    d.field(&MachineSpec::gpu_clocks, "gpuClocks", "Clock limits of the accelerator.");
    d.field(&MachineSpec::drain, "drain", "Finish the run, start none, then stop the servers.");
    d.field(&MachineSpec::hold, "hold", "A person needs the box; as drain, and ends by itself.");
    d.field(&MachineSpec::cost, "cost", "What an hour costs.");
  }
};

struct ClaimSeen {
  std::string kind, name, uid;
  Epoch epoch;
  Time since;
  bool operator==(const ClaimSeen&) const = default;

  static constexpr std::string_view kName = "MachineClaim";
  static constexpr std::string_view kDoc = "Who holds the machine.";
  static void describe(auto& d) {
    d.field(&ClaimSeen::kind, "kind", "Kind of the holder.");
    d.field(&ClaimSeen::name, "name", "Name of the holder.");
    d.field(&ClaimSeen::uid, "uid", "Life of the holder.");
    d.field(&ClaimSeen::epoch, "epoch", "The claim's fence.");
    d.field(&ClaimSeen::since, "since", "When it was taken.");
  }
};

/// What the agent last reported, and what follows from its silence.
struct MachineStatus {
  std::int64_t observed_generation = 0;
  Conditions conditions;
  std::string agent_version, boot_id;
  Facts facts;
  std::vector<ClaimSeen> claims;
  std::vector<ProcessSeen> processes;
  std::vector<RunSeen> runs;
  bool operator==(const MachineStatus&) const = default;

  static constexpr std::string_view kName = "MachineStatus";
  static constexpr std::string_view kDoc = "What the machine's agent sees.";
  static void describe(auto& d) {
    d.field(&MachineStatus::observed_generation, "observedGeneration", "The spec it speaks of.");
    d.field(&MachineStatus::conditions, "conditions", "Ready, DriverSupported, Draining.");
    d.field(&MachineStatus::agent_version, "agentVersion", "Version of the agent.");
    d.field(&MachineStatus::boot_id, "bootId", "Changes at every boot of the machine.");
    d.field(&MachineStatus::facts, "facts", "What the agent found out about the box.");
    d.field(&MachineStatus::claims, "claims", "Who holds the machine.");
    d.field(&MachineStatus::processes, "processes", "Model servers that the agent sees.");
    d.field(&MachineStatus::runs, "runs", "Bench runs that the agent sees.");
  }
};

using Machine = Object<MachineSpec, MachineStatus>;

}  // namespace api
