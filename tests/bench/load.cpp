// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/load.hpp"

namespace bench {
namespace {

/// One runtime for a class of machines, as a catalogue of models has several.
std::string runtime(const std::string& name, const std::string& machines) {
  return R"j({"runtime":")j" + name + R"j(","machines":{"classes":[")j" + machines +
         R"j("],"labels":{"rack":"north","link":"200g"}},"args":["--tensor-parallel-size","2",)j"
         R"j("--max-model-len","131072","--max-num-seqs","16","--kv-cache-dtype","fp8",)j"
         R"j("--gpu-memory-utilization","0.90","--enable-prefix-caching",)j"
         R"j("--served-model-name","$(model.name)"],"env":[{"name":"NCCL_SOCKET_IFNAME",)j"
         R"j("value":"enp1s0f0np0"},{"name":"HF_HUB_OFFLINE","value":"1"}]})j";
}

}  // namespace

std::string object_name(int number) {
  const auto digits = std::to_string(number);
  return "model-" + std::string(7 - digits.size(), '0') + digits;
}

std::string turn_mark(long turn) {
  return R"("family":"turn-)" + std::to_string(turn) + '"';
}

std::string object_text(int number, long turn, const std::string& version) {
  const auto name = object_name(number);
  std::string text = R"({"apiVersion":"orch/v1","kind":"Model","metadata":{"name":")" + name + '"';
  if (!version.empty()) text += R"j(,"resourceVersion":")j" + version + '"';
  text += R"j(,"labels":{"family":"qwen3-next-80b","team":"research","origin":"catalogue"},)j";
  text += R"j("annotations":{"note":"kept by hand, see the comparison of the last month"}},)j";
  text += R"j("spec":{)j" + turn_mark(turn) + R"j(,"source":{"repo":"org/)j" + name;
  text += R"j(-instruct-fp8","revision":"0123456789abcdef0123456789abcdef01234567"},)j";
  text += R"j("quantization":"fp8","format":"safetensors","minMemory":"96Gi",)j";
  text += R"j("diskBytes":"82Gi","fetch":{"command":["hf","download","$(model.source)"]},)j";
  text += R"j("needsKernels":["fp8"],"contextLength":131072,"parsers":{"tool":"hermes",)j";
  text += R"j("reasoning":"qwen3"},"runtimes":[)j" + runtime("vllm-cuda", "spark") + ',';
  text += runtime("sglang-cuda", "workstation") + ',' + runtime("mlx-lm", "studio") + "],";
  text += R"j("expected":{"decodeTokensPerSecond":42.5,"source":"the vendor's own page"}}})j";
  return text;
}

}  // namespace bench
