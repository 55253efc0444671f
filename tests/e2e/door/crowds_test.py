#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Crowds at the door of a real controller: handshakes, heads and bodies that do not go on, readers
that do not read. Meanwhile every beat of an agent is answered and every write is stored; who was too
slow is cut off and goes on from where he was. With --measure the slowest beat must take less than
200 ms, which asks for a machine with nothing else to do."""

import argparse
import contextlib
import http.client
import json
import multiprocessing
import pathlib
import re
import socket
import sys
import time

import rig as house
from played_agent import REPORT, Lab

BEAT = 0.05  # seconds between two reports: 300 times as often as an agent
MODELS = "/apis/orch/v1/models"
GET = "GET {} HTTP/1.1\r\nHost: h\r\n\r\n"
LINE = "x" * 99 + "\n"


def beat(lab, told):
    """Reports on a kept connection, each told with what came of it; a process of its own, so that
    nothing but the controller can keep it waiting."""
    host, port = lab.host.split(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=house.NEVER,
                                             context=lab.box.context())
    while True:
        began, trouble = time.monotonic(), ""
        try:
            connection.request("POST", REPORT, lab.report(), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                trouble = f"{answer.status} {text}"
        except (OSError, http.client.HTTPException) as error:
            trouble = repr(error)
            connection.close()
        took = time.monotonic() - began
        told.send((took, trouble))
        time.sleep(max(0.0, BEAT - took))


class Agent:
    """What is known of an agent that beats until its process is ended."""

    def __init__(self, lab):
        self.told, tells = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.get_context("fork").Process(
            target=beat, args=(lab, tells), daemon=True)
        self.took, self.trouble = [], []

    def look(self):
        while self.told.poll():
            took, trouble = self.told.recv()
            self.took.append(took)
            if trouble:
                self.trouble.append(trouble)
        return len(self.took)

    def figures(self):
        """How often it beat, and how long the slowest took, in ms."""
        self.look()
        took, self.took = self.took, []
        return len(took), max(took, default=0) * 1000


class Test:
    def __init__(self, lab, measure):
        self.lab, self.measure, self.trouble = lab, measure, []
        self.agent = Agent(lab)

    def expect(self, condition, what):
        if not condition:
            self.trouble.append(what)

    def under(self, what, attack):
        """One attack, while the agent beats."""
        self.agent.figures()
        began = time.monotonic()
        with contextlib.ExitStack() as crowd:
            attack(crowd)
            answered = self.agent.look()
            house.until("ten more beats", lambda: self.agent.look() >= answered + 10
                        or self.agent.trouble)
        beats, slowest = self.agent.figures()
        print(f"{what}: {time.monotonic() - began:.1f} s, {beats} beats, slowest {slowest:.0f} ms, "
              f"{self.lab.memory() >> 20} MB resident", flush=True)
        self.expect(not self.measure or slowest < 200, f"{what}: a beat took {slowest:.0f} ms")

    # ---- attacks

    def crowd_of(self, crowd, count, words, who=None, tls=True):
        for _ in range(count):
            if tls:
                one = crowd.enter_context(self.lab.socket(who))
            else:
                host, port = self.lab.host.split(":")
                one = crowd.enter_context(socket.create_connection((host, int(port))))
            one.sendall(words)
        self.expect(self.lab.ask("GET", MODELS).code == 200, "a good request beside a crowd")

    def handshakes(self, crowd):
        self.crowd_of(crowd, 1200, b"\x16\x03\x01", tls=False)
        self.expect(self.lab.ask("GET", "/livez", who=self.lab.nobody).code == 200,
                    "a stranger's good request beside 1200 handshakes")

    def heads(self, crowd):
        self.crowd_of(crowd, 100, b"POST /agent/v1/enroll HTTP/1.1\r\nHost: h\r\nX", self.lab.nobody)

    def bodies(self, crowd):
        head = f"POST {MODELS} HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n"
        self.crowd_of(crowd, 20, head.encode() + b"[" * 100_000)

    def garbage(self, crowd):
        self.crowd_of(crowd, 200, b"\0" * 20_000, tls=False)
        self.crowd_of(crowd, 50, b"GET / HTTP/1.1\n\n")

    def watchers(self, crowd):
        """30 watches that nobody reads, of a list that changes all the time."""
        self.crowd_of(crowd, 30, GET.format(MODELS + "?watch=1").encode())
        for number in range(30):
            self.write("m", f"{number}" * 1000)

    def lists(self, crowd):
        """Answers of megabytes that nobody reads."""
        self.crowd_of(crowd, 30, GET.format("/openapi/v2").encode() * 20)

    def logs(self, crowd):
        """A log of 8 MB, read by nobody, to ten readers."""
        before = self.lab.memory()
        for part in range(4):
            text = LINE * 20_000
            answer = self.lab.ask("PUT", "/agent/v1/machines/box1/logs/deployment.m?offset="
                                  f"{part * len(text)}", text, who=self.lab.box)
            self.expect(answer.code == 200, f"a log is kept: {answer.code} {answer.text}")
        shown = "/apis/orch/v1/modeldeployments/m/log"
        self.crowd_of(crowd, 10, GET.format(shown + "?follow=true").encode())
        self.expect(self.lab.memory() - before < 32 << 20, "what nobody reads is not kept for him")
        rest = self.lab.ask("GET", shown + f"?offset={len(LINE) * 79_990}")
        self.expect(rest.text == LINE * 10, "a reader goes on from where he was")

    # ---- who is too slow is cut and goes on

    def write(self, name, note):
        answer = self.lab.ask("PATCH", f"{MODELS}/{name}",
                              {"metadata": {"annotations": {"note": note}}},
                              headers={"Content-Type": "application/merge-patch+json"})
        self.expect(answer.code == 200, f"a write: {answer.code} {answer.text[:200]}")
        return int(answer.json()["metadata"]["resourceVersion"])

    def slow_watcher(self, crowd):
        watch = crowd.enter_context(self.lab.socket())
        watch.sendall(GET.format(f"{MODELS}?watch=1&resourceVersion={self.lab.revision()}").encode())
        house.until("the watch", lambda: watch.recv(1))
        written = []
        for number in range(300):
            written.append(self.write("m", f"{number:03}" * 40_000))
            if "watch.cut" in self.lab.log.read_text():
                break
        self.expect("watch.cut" in self.lab.log.read_text(), "a watcher that does not read is cut")
        seen = versions(house.hear(watch).text)
        rest = self.lab.ask("GET", f"{MODELS}?watch=1&timeoutSeconds=1&resourceVersion="
                            f"{seen[-1] if seen else written[0] - 1}")
        self.expect(rest.code == 200, f"he comes again: {rest.code}")
        told = seen + versions(rest.text)
        self.expect(told == written, f"every write is told once: {len(seen)} before the cut, "
                    f"{len(told)} of {len(written)} in all")


def versions(text):
    """The versions that whole lines tell of; a torn last line counts for nothing."""
    return [int(json.loads(line)["object"]["metadata"]["resourceVersion"])
            for line in re.findall(r'(?m)^\{"type":"MODIFIED".*\}\}$', text)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--measure", action="store_true", help="a beat may take 200 ms at most")
    arguments = parser.parse_args()
    with Lab(arguments.bin, "--stale-after", "1h") as lab:
        lab.furnish()
        test = Test(lab, arguments.measure)
        test.agent.process.start()
        try:
            for what, attack in [
                    ("nobody", lambda crowd: None),
                    ("1200 handshakes that do not go on", test.handshakes),
                    ("100 heads that do not go on", test.heads),
                    ("20 bodies that do not go on", test.bodies),
                    ("250 peers who speak nonsense", test.garbage),
                    ("30 watchers who do not read", test.watchers),
                    ("30 who ask and do not read", test.lists),
                    ("10 readers of a log who do not read", test.logs),
                    ("a watcher who is cut and comes again", test.slow_watcher)]:
                test.under(what, attack)
        finally:
            test.agent.process.terminate()
            test.agent.process.join()
        test.expect(lab.alive(), "the controller is alive")
    trouble = test.trouble + [f"a beat: {one}" for one in test.agent.trouble]
    if trouble:
        sys.exit("\n".join(trouble))


if __name__ == "__main__":
    main()
