#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of everything around a model server while a bench runs on it: agent, shim, both, the
controller, the harness, and all of them at once. The server keeps its pid and answers in the gap, no
second one ever exists, and in the end each task is scored exactly once."""

import kill_lab as lab
import rig_lab


def kill_agent(rig):
    lab.kill(rig.life_of(rig.agent), wait=False)
    rig.agent.wait()


def kill_controller(rig):
    lab.kill(rig.life_of(rig.controller), wait=False)
    rig.controller.wait()


def agent(rig):
    kill_agent(rig)
    yield
    rig.again()


def shim(rig):
    """That of the server: the agent sees the child by itself from now on."""
    lab.kill(*rig.shims())
    yield


def agent_and_shims(rig):
    kill_agent(rig)
    lab.kill(*rig.shims())
    yield
    rig.again()


def controller(rig):
    kill_controller(rig)
    yield
    rig.again("orch-controller")


def harness(rig):
    lab.kill(*rig.harnesses())
    yield


def all_at_once(rig):
    lives = [rig.life_of(rig.agent), rig.life_of(rig.controller), *rig.shims(), *rig.harnesses()]
    lab.kill(*lives, wait=False)
    rig.agent.wait()
    rig.controller.wait()
    lab.kill(*lives)
    yield
    rig.again("orch-controller")
    rig.again()


def main():
    with lab.KillRig(rig_lab.arguments(__doc__).bin) as rig:
        rig.begin()
        server, endpoint = rig_lab.until("a hot server", rig.hot)
        for number, blow in enumerate([agent, shim, controller, harness, agent_and_shims,
                                       all_at_once, harness]):
            rig.answers(3 * number + 2)
            gap = blow(rig)
            next(gap)
            rig_lab.equal(rig.servers_here(), [server], f"the server after the end of {blow.__name__}")
            lab.check_health(endpoint)
            next(gap, None)
            rig_lab.until("the server is known", lambda: rig.hot() == (server, endpoint))
            print(f"{blow.__name__}: killed with {len(rig.ledger.answered())} tasks answered",
                  flush=True)
        rig_lab.until("the end of the run", lambda: rig.phase() == "Succeeded")
        rig_lab.equal(rig.servers_here(), [server], "the server in the end")
        rig.check_scored()
        print(rig.check_census(servers=1))


if __name__ == "__main__":
    main()
