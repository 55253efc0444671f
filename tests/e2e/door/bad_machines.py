# SPDX-License-Identifier: Apache-2.0
"""Rows 25 to 30 and 40: what machines say, whoever speaks for them."""

import json
import time

import rig as house
from bad_calls import in_terminal
from bad_inputs import Row, Try, as_box, report, sample
from played_agent import REPORT

EVIL = "\x1b]52;c;aGk=\x07\u202e<b>"


def run_seen(**changed):
    """A report whose run is another one than was given out."""
    def content(lab):
        given = lab.assignment["runs"][0]
        return lab.report(runs=[{"run": given["name"], "uid": given["uid"],
                                 "attempt": given["attempt"], "phase": "Running", **changed}])
    return content


def claim_of_the_future(lab):
    seen = json.loads(lab.report())["processes"]
    seen[0]["epoch"]["revision"] += 1_000_000
    lab.sequence -= 1
    return lab.report(processes=seen)


def claim_stands(lab):
    """What the machine must run is still the same, under the same fence."""
    now = lab.ask("GET", "/agent/v1/machines/box1/assignment", who=lab.box).json()
    fences = [[(s["name"], s["epoch"]) for s in a["servers"]] for a in (lab.assignment, now)]
    return house.Answer(int(fences[0] != fences[1]), str(fences))


def clock(lab, offset):
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset))
    lab.ask("POST", REPORT, lab.report(at=at), who=lab.box)
    told = lab.ask("GET", "/apis/orch/v1/machines/box1/live")
    lab.ask("POST", REPORT, lab.report(), who=lab.box)
    return told


def enroll(what, token, code, says="", request=None):
    """`token` and `request` are made of the lab."""
    def send(lab):
        asked = request(lab) if request else lab.new_request()[0]
        return lab.enroll(token(lab), asked)
    return Try(what, send, code, says)


def other_secret(lab):
    parts = lab.tokens["guessed"].split(".")
    last = "0" if parts[2][-1] != "0" else "1"
    return ".".join([*parts[:2], parts[2][:-1] + last, *parts[3:]])


def other_name(lab):
    return ".".join([*lab.tokens["guessed"].split(".")[:4], "box9"])


def expired(lab):
    """Asked with a request that nobody signs, so that the token is not used meanwhile."""
    return house.until("the token's end", lambda: over(lab.enroll(lab.tokens["short"], "nothing")))


def over(answer):
    return answer if answer.code != 400 else None


def greedy_request(lab):
    """What it asks for beside its key must not be in the certificate."""
    request, _ = lab.new_request("-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                                 "subjectAltName=DNS:localhost,IP:127.0.0.1,"
                                 "URI:spiffe://orch/x/machine/box1",
                                 subject="/O=orch:admins/CN=admin")
    answer = lab.enroll(lab.tokens["greedy"], request)
    if answer.code != 200:
        return answer
    shown = house.run("openssl", "x509", "-noout", "-text",
                      input=answer.json()["certificate"].encode())
    greedy = [word for word in ("CA:TRUE", "localhost", "127.0.0.1", "x/machine/box1",
                                "orch:admins") if word in shown.text]
    return house.Answer(200 if not greedy else 0, f"{greedy}: {shown.text}")


def weak_request(lab):
    return lab.new_request(algorithm=["rsa:512"])[0]


def shown_safely(*words):
    """On a terminal nothing that a harness wrote moves the cursor or the clipboard."""
    def send(lab):
        answer = in_terminal(lab, 100, *words, NO_COLOR="1")
        bad = [c for c in "\x1b\x07\u202e" if c in answer.text]
        return house.Answer(answer.code if not bad else -1, repr(bad) + answer.text)
    return send


def whole_json(*words):
    def send(lab):
        answer = lab.orch(*words)
        json.loads(answer.text)
        return house.Answer(answer.code if "\x1b" not in answer.text else -1, answer.text)
    return send


ROWS = [
    Row(25, "agent", "reports of what was never given out",
        report("of another machine", 403, "the report is of machine \"box2\"", machine="box2"),
        report("to another machine's path", 403, "box2", path="/agent/v1/machines/box2/report"),
        as_box("an attempt that was never given", "POST", REPORT, run_seen(attempt=2), 409,
               "attempt 2 of benchrun \"r\" was never given out"),
        as_box("a claim that was never given", "POST", REPORT, claim_of_the_future, 409,
               "was never given"),
        report("a later term", 409, "later term", term={"incarnation": 9, "start": 1}),
        report("a sequence that goes back", 200, sequence=1, processes=[]),
        report("one sequence, another body", 200, sequence=2, facts={"os": "plan9"}),
        report("an unknown field", 422, "surprise", surprise=1),
        report("a life below zero", 422, "report.life", life=-1),
        report("a sequence beyond numbers", 400, "number out of range", sequence=1 << 64),
        as_box("no report", "POST", REPORT, "[]", 422, "report"),
        as_box("samples of a run of nobody", "POST",
               "/agent/v1/machines/box1/runs/nobody/samples",
               '{"task":"a","outcome":"pass","attempt":1}', 404, "no benchrun with uid \"nobody\""),
        as_box("an assignment of another", "GET", "/agent/v1/machines/box2/assignment", None, 403,
               "of machine \"box2\" alone"),
        as_box("objects", "GET", "/apis/orch/v1/machines", None, 403),
        Try("the claim", claim_stands, 0)),
    Row(26, "agent", "samples that cannot be",
        as_box("a report of 4 MB and one byte", "POST", REPORT, " " * ((4 << 20) + 1), 413,
               "longer than 4194304 bytes"),
        Try("a million samples at once", lambda lab: lab.say(
            f"POST {lab.samples_path()} HTTP/1.1\r\nHost: h\r\nContent-Length: 60000000\r\n\r\n"
            .encode(), lab.box), 413),
        sample("a score below zero", 422, "line 1.score: Invalid value: -1", score=-1),
        sample("a score above one", 422, "line 1.score: Invalid value: 1.5", score=1.5),
        sample("seconds below zero", 422, "has a figure that is none", wallSeconds=-1),
        sample("a task that the bench has not", 422, "has no task \"b\"", task="b"),
        sample("no task", 422, "line 1.task", task=""),
        sample("a task of 201 bytes", 422, "has no task", task="x" * 201),
        sample("an attempt of the future", 409, "a sample of attempt 2", attempt=2),
        sample("attempt 0", 409, "a sample of attempt 0", attempt=0),
        sample("an outcome of nobody", 422, "line 1.outcome", outcome="maybe"),
        sample("a text of 5 MB", 413, message="x" * (5 << 20)),
        sample("a time that is none", 422, "line 1.", finishedAt="tomorrow"),
        sample("of another run", 422, "a sample of another run", run="other"),
        as_box("NaN", "POST", lambda lab: lab.samples_path(),
               '{"task":"a","outcome":"pass","attempt":1,"score":NaN}', 400, "line 1"),
        as_box("half a line", "POST", lambda lab: lab.samples_path(), '{"task":"a","outc', 400,
               "line 1"),
        as_box("good, then bad", "POST", lambda lab: lab.samples_path(),
               '{"task":"a","outcome":"pass","attempt":1}\n}{\n', 400, "line 2")),
    Row(27, "agent", "a report that leaves the server out",
        report("of an older assignment", 200, processes=[], revision=1),
        Try("the claim", claim_stands, 0),
        report("of this one", 200, processes=[]),
        Try("the claim, while it is wanted", claim_stands, 0),
        Try("all is told again", lambda lab: house.Answer(int(not house.until(
            "that nothing moves", lab.stands_still))), 0), moves=None),
    Row(29, "agent", "agents that are not what they seem",
        report("a second one with one identity", 409, "a second agent", agentId="agent-2"),
        Try("a clock of next year", lambda lab: clock(lab, 366 * 86400), 200,
            "ahead of the controller's: set it by NTP"),
        Try("a clock of 1970", lambda lab: clock(lab, 86400 - time.time()), 200,
            "behind the controller's"),
        Try("a clock of 9999", lambda lab: clock(lab, 253402300799 - time.time()), 200,
            "ahead of the controller's"),
        Try("the claim", claim_stands, 0)),
    Row(30, "enrol", "tokens and requests",
        enroll("used before", lambda lab: lab.tokens["used"], 403, "used up"),
        enroll("of another name", other_name, 403, "is for machine \"guessed\""),
        enroll("malformed", lambda lab: "orch1.x", 400, "malformed"),
        enroll("of nobody", lambda lab: "orch1." + "0" * 16 + "." + ".".join(
            lab.tokens["guessed"].split(".")[2:]), 403, "not known"),
        Try("expired", expired, 403, "expired"),
        enroll("no request", lambda lab: lab.tokens["guessed"], 400, "", lambda lab: "nothing"),
        enroll("cut DER", lambda lab: lab.tokens["guessed"], 400, "",
               lambda lab: "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n"
                           "-----END CERTIFICATE REQUEST-----\n"),
        enroll("a key of 512 bits", lambda lab: lab.tokens["guessed"], 400, "key", weak_request),
        enroll("a request of 1 MB", lambda lab: lab.tokens["guessed"], 413, "",
               lambda lab: "x" * (1 << 20)),
        enroll("one bit off, and counted", other_secret, 403, "wrong secret"),
        Try("CA:TRUE and names of others: signed without", greedy_request, 200, "CA:FALSE"),
        moves=2),
    Row(40, "output", "what a harness writes, shown",
        sample("a task of markup, a text of escapes", 200, task="<script>", outcome="fail",
               score=0, message=EVIL + "x" * 4000, category=EVIL),
        Try("results on a terminal", shown_safely("results", "run/r"), 0, "<b>"),
        Try("describe on a terminal", shown_safely("describe", "run/r"), 0, ""),
        Try("get on a terminal", shown_safely("get", "run", "r", "-o", "yaml"), 0, ""),
        Try("results as JSON", whole_json("results", "run/r", "-o", "json"), 0,
            "\\u001b]52"),
        Try("the samples as JSON", lambda lab: lab.ask(
            "GET", "/apis/orch/v1/benchruns/r/samples"), 200, "\\u001b]52"),
        sample("a name that climbs", 422, "has no task", task="../../x"), moves=None),
]
