// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "agentd/facts/facts.hpp"
#include "agentd/facts/run_briefly.hpp"
#include "tests/unit/agentd/folder.hpp"

namespace agentd {
namespace {

using tests::Folder;

TEST(Facts, ThisMachineTellsOfItself) {
  const api::Facts facts = read_facts();
  utsname kernel{};
  ASSERT_EQ(::uname(&kernel), 0);
  EXPECT_EQ(facts.arch, kernel.machine);
  EXPECT_EQ(facts.kernel, kernel.release);
  EXPECT_GT(facts.cores, 0);
  EXPECT_GT(facts.memory_bytes, 0);
  EXPECT_EQ(boot_id().size(), 36U);
  EXPECT_EQ(boot_id(), boot_id());
}

TEST(Facts, TheSystemsTextsAreRead) {
  EXPECT_EQ(os_name("NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"),
            "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(os_name("PRETTY_NAME=Plain\n"), "Plain");
  EXPECT_EQ(os_name("PRETTY_NAME=\"\n"), "\"");
  EXPECT_EQ(os_name(""), "");
  EXPECT_EQ(cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nmodel name\t: Other\n"),
            "Some CPU @ 2.00GHz");
  EXPECT_EQ(cpu_model("processor : 0\n"), "");
  EXPECT_EQ(memory_total("MemTotal:       16384 kB\nMemFree: 1 kB\n"), 16384 * 1024);
  EXPECT_EQ(memory_total("MemTotal: lots\n"), 0);
  EXPECT_EQ(memory_total(""), 0);
}

TEST(Facts, WhatNvidiaSmiDoesNotTellStaysEmpty) {
  const auto two = parse_gpus(
      "NVIDIA RTX PRO 6000, GPU-1, 97887, 590.48.01\nNVIDIA GB10, GPU-2, [N/A], 590.48.01\n");
  ASSERT_EQ(two.gpus.size(), 2U);
  EXPECT_EQ(two.gpus[0], (api::Gpu{"NVIDIA RTX PRO 6000", "GPU-1", 97'887LL << 20}));
  EXPECT_EQ(two.gpus[1], (api::Gpu{"NVIDIA GB10", "GPU-2", 0}));
  EXPECT_EQ(two.driver, "590.48.01");
  const auto unknown = parse_gpus("N/A, [Unknown Error], [Not Supported], [N/A]\n\nNo devices\n");
  EXPECT_TRUE(unknown.gpus.empty());
  EXPECT_EQ(unknown.driver, "");
  EXPECT_EQ(cuda_version("NVIDIA-SMI version  : 590.48.01\nCUDA Version        : 13.1\n"), "13.1");
  EXPECT_EQ(cuda_version("CUDA Version : [N/A]\n"), "");
}

TEST(Facts, OnlyExecutableEnginesInThePathCount) {
  Folder folder;
  folder.put("a/vllm", "");
  folder.put("b/vllm", "");
  folder.put("b/llama-server", "");
  folder.put("b/sglang/x", "");
  ASSERT_EQ(::chmod(folder.at("b/vllm").c_str(), 0755), 0);
  ASSERT_EQ(::chmod(folder.at("a/vllm").c_str(), 0644), 0);
  EXPECT_EQ(engines_in(folder.at("a") + "::" + folder.at("b") + ":/nowhere"),
            std::vector<std::string>{"vllm"});
}

TEST(RunBriefly, AToolThatHangsOrFailsIsAnError) {
  const auto printed = run_briefly({"/bin/echo", "a b"}, base::seconds(20));
  ASSERT_TRUE(printed);
  EXPECT_EQ(*printed, "a b\n");
  EXPECT_FALSE(run_briefly({"/bin/false"}, base::seconds(20)));
  EXPECT_FALSE(run_briefly({"/no/such/tool"}, base::seconds(20)));
  EXPECT_FALSE(run_briefly({"/bin/sleep", "1000"}, base::Duration{20}));
}

}  // namespace
}  // namespace agentd
