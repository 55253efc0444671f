#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fifty writers with one resourceVersion: one wins, and what it was told is true after a kill -9. An
answer that was lost on its way is asked for again, and nothing happens a second time."""

import json
import signal
import threading

import rig_lab as lab

WRITERS = 50


def put_at_once(rig, known):
    """Each writer's (status, answer); all of them are sent before the first answer is read."""
    answers = [None] * WRITERS
    gate = threading.Barrier(WRITERS)

    def write(number):
        wish = json.loads(json.dumps(known))
        wish["metadata"]["labels"]["writer"] = f"w{number}"
        connection = rig.connection()
        connection.connect()
        gate.wait()
        connection.request("PUT", lab.API + "models/one", json.dumps(wish),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answers[number] = (answer.status, json.load(answer))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return answers


def check_one_wins(rig):
    known = rig.get("models/one")
    answers = put_at_once(rig, known)
    lab.equal(rig.end(signal.SIGKILL), -signal.SIGKILL, "the end of the controller")
    statuses = sorted(status for status, _ in answers)
    lab.equal(statuses, [200] + [409] * (WRITERS - 1), "the answers")
    winner, = (body for status, body in answers if status == 200)
    for status, body in answers:
        lab.holds(status == 200 or body["reason"] == "Conflict", f"a Status says why: {body}")
    rig.start()
    lab.equal(rig.get("models/one"), winner, "the object after the kill")


def check_lost_answer(rig, number):
    """Nobody reads the answer; whether the wish arrived is not known, so it is sent again."""
    wish = {"kind": "List", "apiVersion": "v1", "items": [lab.model(f"lost{number}")]}
    connection = rig.connection()
    connection.request("POST", lab.API + "batch?fieldManager=test", json.dumps(wish),
                       {"Content-Type": "application/json"})
    lab.until("the write", lambda: rig.ask("GET", f"models/lost{number}")[0] == 200)
    connection.close()
    first = rig.get(f"models/lost{number}")
    rig.end(signal.SIGKILL)
    rig.start()
    before = rig.get("models")["metadata"]["resourceVersion"]
    rig.apply(lab.model(f"lost{number}"))
    lab.equal(rig.get(f"models/lost{number}"), first, "the object after the second try")
    lab.equal(rig.get("models")["metadata"]["resourceVersion"], before, "the store's revision")
    _, log = rig.ask("GET", "/changes?from=0")
    lines = [line for line in log.splitlines() if f"Model/lost{number}\"" in line]
    lab.equal(len(lines), 1, f"lines of the change log: {lines}")
    status, said = rig.ask("POST", "models", lab.model(f"lost{number}"))
    lab.equal((status, said["reason"]), (409, "AlreadyExists"), "a create that is repeated")


def main():
    with lab.Rig(lab.arguments(__doc__).bin) as rig:
        rig.call("init")
        rig.start()
        rig.apply(lab.model("one"))
        for _ in range(3):
            check_one_wins(rig)
        for number in range(3):
            check_lost_answer(rig, number)


if __name__ == "__main__":
    main()
