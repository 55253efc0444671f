// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/etcd_client.hpp"

#include "tests/bench/side.hpp"

#include <etcd.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <algorithm>

namespace bench {
namespace {

namespace rpc = etcdserverpb;

/// Writers share this many connections; gRPC would carry all of them on one, we have one each.
constexpr std::size_t kConnections = 16;

grpc::ChannelArguments arguments_of(int connection) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // Channels with the same arguments would share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt("orch.bench.connection", connection);
  // A server that starts is asked again at once, or its start would be measured in whole seconds.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 5);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5);
  return arguments;
}

void check(const grpc::Status& status, const std::string& what) {
  if (!status.ok()) give_up("etcd: " + what + ": " + status.error_message());
}

/// The key behind all keys that begin with `prefix`, which is how etcd names such a range.
std::string end_of(std::string prefix) {
  ++prefix.back();
  return prefix;
}

/// One write on its way.
struct Put {
  int client = 0;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<rpc::PutResponse>> reader;
  rpc::PutResponse response;
  grpc::Status status;

  void start(rpc::KV::Stub& stub, const KeyValue& entry, grpc::CompletionQueue& queue) {
    rpc::PutRequest request;
    request.set_key(entry.key);
    request.set_value(entry.value);
    context = std::make_unique<grpc::ClientContext>();
    reader = stub.AsyncPut(context.get(), request, &queue);
    reader->Finish(&response, &status, this);
  }
};

}  // namespace

struct EtcdClient::State {
  std::vector<std::unique_ptr<rpc::KV::Stub>> stubs;
  std::unique_ptr<rpc::Watch::Stub> watches;
  grpc::CompletionQueue queue;

  void* next_event() {
    void* tag = nullptr;
    bool good = false;
    if (!queue.Next(&tag, &good) || !good) give_up("etcd: a call was cut");
    return tag;
  }
};

EtcdClient::EtcdClient(const std::string& address, Credentials credentials)
    : state_(std::make_unique<State>()) {
  const auto secure = grpc::SslCredentials(
      {std::move(credentials.ca), std::move(credentials.key), std::move(credentials.certificate)});
  for (std::size_t i = 0; i < kConnections; ++i) {
    const auto channel =
        grpc::CreateCustomChannel(address, secure, arguments_of(static_cast<int>(i)));
    state_->stubs.push_back(rpc::KV::NewStub(channel));
    if (i == 0) state_->watches = rpc::Watch::NewStub(channel);
  }
}

EtcdClient::~EtcdClient() {
  state_->queue.Shutdown();
  void* tag = nullptr;
  bool good = false;
  while (state_->queue.Next(&tag, &good)) {
  }
}

std::string EtcdClient::get(const std::string& key) {
  rpc::RangeRequest request;
  request.set_key(key);
  rpc::RangeResponse response;
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(60, GPR_TIMESPAN)));
  check(state_->stubs.front()->Range(&context, request, &response), "get " + key);
  return response.kvs_size() == 1 ? response.kvs(0).value() : "";
}

int EtcdClient::list(const std::string& prefix) {
  rpc::RangeRequest request;
  request.set_key(prefix);
  request.set_range_end(end_of(prefix));
  rpc::RangeResponse response;
  grpc::ClientContext context;
  check(state_->stubs.front()->Range(&context, request, &response), "list " + prefix);
  return response.kvs_size();
}

long EtcdClient::put(int clients, const Next& next) {
  std::vector<Put> puts(static_cast<std::size_t>(clients));
  long done = 0;
  int busy = 0;
  const auto go = [&](Put& put) {
    const auto entry = next(put.client);
    if (!entry) return;
    ++busy;
    put.start(*state_->stubs[static_cast<std::size_t>(put.client) % kConnections], *entry,
              state_->queue);
  };
  for (int client = 0; client < clients; ++client) {
    puts[static_cast<std::size_t>(client)].client = client;
    go(puts[static_cast<std::size_t>(client)]);
  }
  for (; busy > 0; --busy) {
    auto& put = *static_cast<Put*>(state_->next_event());
    check(put.status, "put");
    ++done;
    go(put);
  }
  return done;
}

std::vector<Micros> EtcdClient::put_to_watch(const std::string& prefix, int puts,
                                             const Next& next) {
  grpc::ClientContext context;
  rpc::WatchResponse told;
  rpc::WatchRequest wish;
  wish.mutable_create_request()->set_key(prefix);
  wish.mutable_create_request()->set_range_end(end_of(prefix));
  auto& queue = state_->queue;
  const auto stream = state_->watches->AsyncWatch(&context, &queue, &context);
  (void)state_->next_event();
  stream->Write(wish, &wish);
  (void)state_->next_event();
  stream->Read(&told, &told);
  (void)state_->next_event();
  if (!told.created()) give_up("etcd: no watch");
  stream->Read(&told, &told);
  std::vector<Micros> spans;
  for (int i = 0; i < puts; ++i) {
    const auto entry = next(0);
    Put put;
    bool answered = false;
    std::optional<Micros> seen;
    const auto began = micros_now();
    put.start(*state_->stubs.back(), *entry, queue);
    while (!answered || !seen) {
      if (state_->next_event() == &put) {
        check(put.status, "put");
        answered = true;
        continue;
      }
      for (const auto& event : told.events())
        if (event.kv().key() == entry->key && event.kv().value() == entry->value)
          seen = micros_now();
      stream->Read(&told, &told);
    }
    spans.push_back(*seen - began);
  }
  context.TryCancel();
  void* tag = nullptr;
  bool good = false;
  queue.Next(&tag, &good);  // the read that was on its way
  grpc::Status end;
  stream->Finish(&end, &end);
  queue.Next(&tag, &good);
  return spans;
}

}  // namespace bench
