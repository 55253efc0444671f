#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a harness leaves behind is ended with it: after kill -9 of the harness, of the harness with
its shim and its agent, and after an end of its own; before the next attempt begins."""

import kill_lab as lab
import rig_lab


def brood_of(file):
    lines = [line.split() for line in file.read_text().splitlines()]
    rig_lab.holds(["overlap"] not in lines, "an attempt begins after the last one's brood is gone")
    return [lab.Life(int(pid), int(start)) for pid, start in lines]


def check_gone(brood, what):
    rig_lab.until(f"the brood's end after {what}", lambda: not any(map(lab.is_alive, brood)))


def main():
    programs = rig_lab.arguments(__doc__).bin
    with lab.KillRig(programs) as rig:
        file = rig.folder / "brood"
        rig.harness = ["python3", "-B", str(rig_lab.FAKES / "brood.py"), str(file)]
        rig.begin()
        server, _ = rig_lab.until("a hot server", rig.hot)
        rig.answers(2)
        first = brood_of(file)
        rig_lab.equal((len(first), all(map(lab.is_alive, first))), (3, True), "the first brood")
        lab.kill(*rig.harnesses())
        check_gone(first, "the end of the harness")

        rig.answers(8)
        second = brood_of(file)[3:]
        rig_lab.equal((len(second), all(map(lab.is_alive, second))), (3, True), "the second brood")
        shims = rig.shims()
        rig.agent.kill()
        rig.agent.wait()
        lab.kill(*shims, *rig.harnesses())
        rig_lab.equal([lab.is_alive(life) for life in second], [True] * 3, "nobody is there to end it")
        rig.again()
        # The last one has neither environment, session nor parent left that would tell whose it is.
        check_gone(second[:2], "the end of harness, shim and agent")
        lab.kill(second[2])

        rig_lab.until("the end of the run", lambda: rig.phase() == "Succeeded")
        last = brood_of(file)[6:]  # of more than one attempt: the scripted server breaks tasks
        rig_lab.holds(len(last) >= 3, "a third brood")
        check_gone(last, "an end of its own")
        rig_lab.equal(rig.servers_here(), [server], "the server, which is none of them")
        rig.check_scored()
        print(rig.check_census(servers=1))


if __name__ == "__main__":
    main()
