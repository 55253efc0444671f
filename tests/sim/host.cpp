// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/host.hpp"

#include "base/text.hpp"

#include <algorithm>

#include <signal.h>

namespace sim {
namespace {

using agentd::Child;

std::string label(const agentd::Launch& launch, const std::string& key) {
  const auto found = launch.labels.find(key);
  return found == launch.labels.end() ? "" : found->second;
}

base::Error broken() {
  return base::unavailable("the simulated disk or kernel said no");
}

/// The tasks that a scripted harness was told to do: `--tasks a,b` or all that it was given.
std::vector<std::string> tasks_of(const agentd::Launch& launch) {
  const auto& c = launch.command;
  const auto all = base::split(c.size() > 1 ? c[1] : "", ',');
  const auto flag = std::find(c.begin(), c.end(), "--only");
  return flag == c.end() ? all : base::split(*(flag + 1), ',');
}

std::int64_t port_of(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  return base::to_integer(endpoint.substr(colon + 1, endpoint.find('/', colon) - colon - 1))
      .value_or(0);
}

}  // namespace

Host::Host(std::string name, Stage& stage, Faults& faults, base::Dice dice, Ghost& ghost)
    : name_(std::move(name)),
      stage_(stage),
      faults_(faults),
      dice_(dice),
      ghost_(ghost),
      boot_(name_ + "-boot-0") {}

Host::Fault Host::occasion() {
  kill_point();
  return strikes(storm_->port_fails, "a port call fails") ? Fault::fails : Fault::none;
}

void Host::kill_point() {
  if (strikes(storm_->agent_dies_in_call, "the agent dies in a call")) throw AgentKilled{};
}

Host::Fault Host::effect() {
  if (++steps_ == die_at_ && !die_after_) throw AgentKilled{};
  return occasion();
}

void Host::effect_done() {
  if (steps_ == die_at_ && die_after_) {
    die_at_ = 0;  // once
    throw AgentKilled{};
  }
  kill_point();
}

bool Host::strikes(std::int64_t one_in, const char* what) {
  return dice_.one_in(one_in) && faults_.take(name_ + ": " + what);
}

void Host::reboot() {
  processes_.clear();
  boot_ = name_ + "-boot-" + std::to_string(++boots_);
  for (auto& [id, r] : records_)
    r.shim_on_its_way = false;
  stage_.tell(name_ + " boots");
}

void Host::kill_some(const std::string& kind) {
  for (const auto& [pid, p] : processes_)
    if (label(p.launch, "kind") == kind) {
      stage_.tell(name_ + " loses " + p.id);
      return end(pid, 137);
    }
}

const Process* Host::on_port(std::int64_t port) const {
  for (const auto& [pid, p] : processes_)
    if (p.port == port && stage_.now() >= p.listens_at) return &p;
  return nullptr;
}

void Host::spawn(const std::string& id) {
  const auto found = records_.find(id);
  if (found == records_.end()) return;
  auto& r = found->second;
  if (!r.shim_on_its_way || r.state != ChildRecord::State::intended) return;
  r.shim_on_its_way = false;
  Process p;
  p.id = id;
  p.launch = r.launch;
  p.pid = ++next_pid_;
  p.port = base::to_integer(label(r.launch, "port")).value_or(0);
  const bool slow = strikes(storm_->starts_slowly, "a server starts slowly");
  p.listens_at = stage_.now() + base::Duration{200 + dice_.upto(slow ? 60'000 : 2'000)};
  p.healthy_at = p.listens_at + base::Duration{100 + dice_.upto(slow ? 90'000 : 4'000)};
  p.ignores_term = strikes(storm_->ignores_term, "a process ignores TERM");
  p.wrong_model = strikes(storm_->wrong_model, "a server serves another model");
  r.state = ChildRecord::State::running;
  r.pid = p.pid;
  r.boot = boot_;
  r.started = moment().wall;
  r.began = stage_.now();
  const auto kind = label(p.launch, "kind");
  for (const auto& [pid, other] : processes_) {
    if (kind == "server" && label(other.launch, "kind") == "server")
      ghost_.violations.push_back("S5 two model servers are alive on " + name_ + ": " + other.id +
                                  " and " + id);
    if (other.id == id) ghost_.violations.push_back("S6 two processes of " + id + " on " + name_);
    if (kind == "run" && label(other.launch, "kind") == "run" &&
        label(other.launch, "uid") == label(p.launch, "uid"))
      ghost_.violations.push_back("S6 two attempts of one run are alive on " + name_ + ": " +
                                  other.id + " and " + id);
  }
  if (kind == "run") check_launch(p);
  stage_.tell(name_ + " runs " + id + " as " + std::to_string(p.pid));
  const auto pid = p.pid;
  processes_.emplace(pid, std::move(p));
  if (kind == "run") stage_.in(base::Duration{500}, [this, pid] { work(pid); });
  if (on_change) on_change();
}

bool is_listing(const Process& p) {
  return label(p.launch, "index") == "tasks";
}

/// S14: what an attempt is told to do is exactly what is not scored, and never nothing.
void Host::check_launch(const Process& p) {
  if (is_listing(p)) return;
  const auto& folder = folders_[p.launch.workdir];
  std::set<std::string> scored;
  for (const auto& s : folder.samples)
    if (api::is_scored(s.outcome)) scored.insert(s.task);
  const auto all = base::split(p.launch.command.size() > 1 ? p.launch.command[1] : "", ',');
  std::vector<std::string> left;
  for (const auto& task : all)
    if (!scored.contains(task)) left.push_back(task);
  if (left.empty())
    ghost_.violations.push_back("S14 every task was scored and " + p.id + " was launched");
  const bool filtered = p.launch.command[0] == "filtered-harness" && !scored.empty();
  if (filtered && tasks_of(p.launch) != left)
    ghost_.violations.push_back("S14 " + p.id + " was told other tasks than those not scored");
  const auto file = p.launch.env.find("ORCH_TASKS_FILE");
  if (file == p.launch.env.end() || lists_[file->second] != left)
    ghost_.violations.push_back("S14 " + p.id + " was given a file of other tasks than are left");
}

/// The command of a bench that tells its tasks: once in a run's life, however often it fails.
void Host::print_tasks(const Process& p) {
  if (!folders_[p.launch.workdir].record.tasks.empty())
    ghost_.violations.push_back("S14 the tasks of " + p.launch.workdir + " were asked for again");
  lists_[p.launch.output] = base::split(p.launch.command[1], ',');
}

void Host::end(std::int64_t pid, int code) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  const auto id = found->second.id;
  processes_.erase(found);
  if (const auto r = records_.find(id); r != records_.end() && r->second.pid == pid) {
    r->second.state = ChildRecord::State::exited;
    r->second.exit_code = code;
  }
  if (on_change) on_change();
}

/// A harness does one task, then the next: it skips what its files hold, writes an error entry
/// where the server does not answer, and ends with 0 whatever happened.
void Host::work(std::int64_t pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  const auto& p = found->second;
  if (is_listing(p)) {
    print_tasks(p);
    if (p.launch.command[0] == "endless-lister") return;
    return end(pid, strikes(storm_->port_fails, "a lister ends with 1") ? 1 : 0);
  }
  auto& folder = folders_[p.launch.workdir];
  const auto uid = label(p.launch, "uid");
  for (const auto& task : tasks_of(p.launch)) {
    if (task.empty()) continue;
    const bool there = std::any_of(folder.out.begin(), folder.out.end(),
                                   [&](const Entry& e) { return e.task == task; });
    if (there) continue;
    const auto port = port_of(p.launch.env.at("ENDPOINT"));
    const auto* server = on_port(port);
    const bool answered = server != nullptr && stage_.now() >= server->healthy_at;
    Entry entry{task, api::Outcome::error};
    if (answered) {
      entry.outcome = base::hash64(task) % 3 == 0 ? api::Outcome::fail : api::Outcome::pass;
      const auto attempt = base::to_integer(label(p.launch, "attempt")).value_or(0);
      ghost_.executions.push_back({uid, task, attempt, ghost_.acked[uid].contains(task)});
    }
    folder.out.push_back(entry);
    const auto slow = strikes(storm_->starts_slowly, "a task takes long") ? 90'000 : 4'000;
    stage_.in(base::Duration{800 + dice_.upto(slow)}, [this, pid] { work(pid); });
    return;
  }
  end(pid, 0);
}

// ---- the ports
// ------------------------------------------------------------------------------------

class HostProcesses : public agentd::Processes {
 public:
  explicit HostProcesses(Host& h) : h_(h) {}

  base::Result<std::vector<Child>> list() override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    if (h_.hidden_looks_ > 0) return --h_.hidden_looks_, broken();
    std::vector<Child> children;
    for (const auto& [id, r] : h_.records_) {
      Child c;
      c.id = id;
      c.labels = r.launch.labels;
      c.notes = r.notes;
      c.started = r.started;
      c.age = r.pid == 0 ? base::Duration{0} : h_.stage_.now() - r.began;
      c.pid = r.pid;
      c.start_ticks = r.pid * 10;
      c.exit_code = r.exit_code;
      switch (r.state) {
        case ChildRecord::State::intended: c.state = Child::State::intended; break;
        case ChildRecord::State::exited: c.state = Child::State::exited; break;
        case ChildRecord::State::running:
          c.state = r.boot == h_.boot_ && h_.processes_.contains(r.pid) ? Child::State::running
                                                                        : Child::State::exited;
          break;
      }
      children.push_back(std::move(c));
    }
    return children;
  }

  base::Status start(const agentd::Launch& launch) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    auto& r = h_.records_[launch.id];
    if (r.state == ChildRecord::State::exited) return base::conflict("it has ended before");
    if (r.state == ChildRecord::State::running || r.shim_on_its_way) return base::ok();
    r.launch = launch;  // the intent is durable
    h_.effect_done();
    r.shim_on_its_way = true;
    h_.stage_.in(base::Duration{3}, [this, id = launch.id] { h_.spawn(id); });
    h_.effect_done();
    return base::ok();
  }

  base::Status signal(const std::string& id, int number) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    const auto r = h_.records_.find(id);
    if (r == h_.records_.end()) return base::ok();
    const auto p = h_.processes_.find(r->second.pid);
    if (p == h_.processes_.end() || p->second.id != id) return base::ok();
    if (number != SIGKILL && p->second.ignores_term) return base::ok();
    h_.stage_.in(base::Duration{20}, [this, pid = p->first, number] { h_.end(pid, 128 + number); });
    h_.effect_done();
    return base::ok();
  }

  base::Result<bool> sweep(const std::string&) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    return true;
  }

  base::Status note(const std::string& id, const std::string& key,
                    const std::string& value) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    h_.records_[id].notes[key] = value;
    h_.effect_done();
    return base::ok();
  }

  base::Status forget(const std::string& id) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    const auto r = h_.records_.find(id);
    if (r == h_.records_.end()) return base::ok();
    const bool alive = h_.processes_.contains(r->second.pid) && r->second.boot == h_.boot_;
    if (alive || r->second.shim_on_its_way) return base::conflict("it is not over");
    h_.records_.erase(r);
    h_.effect_done();
    return base::ok();
  }

 private:
  Host& h_;
};

class HostNotes : public agentd::Notes {
 public:
  explicit HostNotes(Host& h) : h_(h) {}
  base::Result<std::string> load() override { return h_.notes_; }
  base::Status save(const std::string& text) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    h_.notes_ = text;
    h_.effect_done();
    return base::ok();
  }

 private:
  Host& h_;
};

class HostProber : public agentd::Prober {
 public:
  explicit HostProber(Host& h) : h_(h) {}
  void ask(const std::string& ticket, const agentd::ProbeRequest& request) override {
    h_.kill_point();
    h_.asked_.insert(ticket);
    h_.stage_.in(base::Duration{5 + h_.dice_.upto(200)}, [this, ticket, request] {
      if (h_.asked_.erase(ticket) == 0) return;
      const auto* p = h_.on_port(request.port);
      agentd::ProbeAnswer answer;
      answer.good = p != nullptr && h_.stage_.now() >= p->healthy_at;
      if (!answer.good) answer.why = "no answer";
      if (answer.good && request.what == agentd::ProbeRequest::What::identity && p->wrong_model) {
        answer.good = false;
        answer.why = "it serves another model";
      }
      if (h_.on_probe) h_.on_probe(ticket, answer);
    });
  }
  void drop(const std::string& ticket) override { h_.asked_.erase(ticket); }
  base::Result<agentd::PortState> port_state(std::int64_t port) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    if (h_.held_ports_.contains(port))
      return agentd::PortState{true, "somebody hidden", agentd::PortState::kForeign};
    const auto* p = h_.on_port(port);
    if (p == nullptr) return agentd::PortState{};
    return agentd::PortState{true, "pid " + std::to_string(p->pid), p->pid};
  }
  base::Result<std::int64_t> free_port(const std::vector<std::int64_t>&) override {
    return 20'000 + (h_.next_port_++ % 20'000);
  }

 private:
  Host& h_;
};

class HostFolders : public agentd::RunFolders {
 public:
  explicit HostFolders(Host& h) : h_(h) {}
  base::Result<agentd::RunRecord> open(const std::string& folder) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    return h_.folders_[folder].record;
  }
  base::Status save(const std::string& folder, const agentd::RunRecord& record) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    h_.folders_[folder].record = record;
    h_.effect_done();
    return base::ok();
  }
  base::Result<std::vector<api::Sample>> samples(const std::string& folder,
                                                 const agentd::RunRecord&) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    return h_.folders_[folder].samples;
  }
  base::Status append(const std::string& folder, const std::vector<api::Sample>& fresh,
                      agentd::RunRecord& record) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    auto& all = h_.folders_[folder].samples;
    all.insert(all.end(), fresh.begin(), fresh.end());
    h_.effect_done();
    record.samples_bytes = static_cast<std::int64_t>(all.size());
    return base::ok();
  }
  base::Status prepare(const std::string& folder, const api::RunWanted& wanted,
                       const std::vector<std::string>&) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    auto& f = h_.folders_[folder];
    f.archived = wanted.attempt - 1;
    h_.effect_done();
    std::erase_if(f.out, [](const Entry& e) { return e.outcome == api::Outcome::error; });
    return base::ok();
  }
  base::Result<std::string> stamp(const std::string& folder) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    return std::to_string(h_.folders_[folder].out.size());
  }

 private:
  Host& h_;
};

class HostParsers : public agentd::Parsers {
 public:
  explicit HostParsers(Host& h) : h_(h) {}
  base::Result<agentd::Parsed> parse(const std::string& folder, const api::RunWanted&,
                                     Pass) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    agentd::Parsed parsed;
    parsed.done = true;
    for (const auto& entry : h_.folders_[folder].out) {
      api::Sample s;
      s.task = entry.task;
      s.outcome = entry.outcome;
      s.score = entry.outcome == api::Outcome::pass ? 1 : 0;
      parsed.samples.push_back(std::move(s));
    }
    parsed.answered = static_cast<std::int64_t>(parsed.samples.size());
    return parsed;
  }

 private:
  Host& h_;
};

class HostTaskFiles : public agentd::TaskFiles {
 public:
  explicit HostTaskFiles(Host& h) : h_(h) {}
  base::Result<std::vector<std::string>> read(const std::string& path, Look look) override {
    if (h_.occasion() == Host::Fault::fails) return broken();
    const auto found = h_.lists_.find(path);
    if (found != h_.lists_.end() && found->second.front().empty())
      return base::invalid("line 1 is empty");
    if (found != h_.lists_.end()) return found->second;
    if (look == Look::so_far) return std::vector<std::string>{};
    return base::invalid("it printed no task");
  }
  base::Status write(const std::string& path, const std::vector<std::string>& ids) override {
    if (h_.effect() == Host::Fault::fails) return broken();
    h_.lists_[path] = ids;
    h_.effect_done();
    return base::ok();
  }

 private:
  Host& h_;
};

namespace {

template <class P, class Port>
Port& make(std::vector<std::shared_ptr<void>>& keep, Host& host) {
  auto port = std::make_shared<P>(host);
  keep.push_back(port);
  return *port;
}

}  // namespace

agentd::Processes& Host::processes_port() {
  return make<HostProcesses, agentd::Processes>(ports_, *this);
}
agentd::Notes& Host::notes_port() {
  return make<HostNotes, agentd::Notes>(ports_, *this);
}
agentd::Prober& Host::prober_port() {
  return make<HostProber, agentd::Prober>(ports_, *this);
}
agentd::RunFolders& Host::folders_port() {
  return make<HostFolders, agentd::RunFolders>(ports_, *this);
}
agentd::Parsers& Host::parsers_port() {
  return make<HostParsers, agentd::Parsers>(ports_, *this);
}
agentd::TaskFiles& Host::tasks_port() {
  return make<HostTaskFiles, agentd::TaskFiles>(ports_, *this);
}

}  // namespace sim
