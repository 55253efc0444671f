# SPDX-License-Identifier: Apache-2.0
"""Rows 14 to 22: requests past the command line."""

import contextlib
import json
import socket

import rig as house
from bad_inputs import MODELS, POST, Row, Try, ask, body, get, many, raw

IDLE = 1100  # more than the controller keeps


def new_model(name, memory="1Mi", version=None):
    metadata = {"name": name} if version is None else {"name": name, "resourceVersion": version}
    return {"metadata": metadata, "spec": {"source": {"file": "/x"}, "minMemory": memory,
                                           "runtimes": [{"runtime": "rt"}]}}


def cut_body(lab):
    """All but the end of an object that would be stored; then the connection is gone."""
    text = json.dumps(new_model("unsaid"))
    connection = lab.socket()
    connection.sendall(f"{POST}Content-Length: {len(text)}\r\n\r\n{text[:-1]}".encode())
    connection.close()  # says no close_notify
    return lab.ask("GET", MODELS + "/unsaid")


def idle_crowd(lab, count=IDLE, words=b""):
    """A good request while `count` connections say no more than `words`."""
    host, port = lab.host.split(":")
    with contextlib.ExitStack() as crowd:
        for _ in range(count):
            one = crowd.enter_context(socket.create_connection((host, int(port))))
            one.sendall(words)
        return lab.ask("GET", MODELS)


def crowd_of_watches(lab):
    """What the first of one person's watches hears that is one too many."""
    with contextlib.ExitStack() as crowd:
        for _ in range(64):
            one = crowd.enter_context(lab.socket())
            one.sendall(f"GET {MODELS}?watch=1 HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            if not one.recv(12).endswith(b"200"):
                return house.Answer(0, "an earlier one was refused")
        late = lab.ask("GET", MODELS + "?watch=1&timeoutSeconds=1")
    house.until("room again", lambda: lab.ask(
        "GET", "/changes?watch=1&from=x").code == 400 and lab.ask(
            "GET", MODELS + "?watch=1&timeoutSeconds=1").code == 200)
    return late

ROWS = [
    Row(14, "API", "what stands behind the end",
        body("behind a NUL", b'{"a":1}\0{"evil":2}', "read the object"),
        body("behind a blank", '{"a":1} {"evil":2}', "read the object"),
        body("behind a comma", '{"a":1},', "read the object")),
    Row(15, "API", "JSON that is none",
        body("200 000 brackets", "[" * 200_000, "read the object"),
        body("a million keys", "{" + ",".join(f'"k{i}":1' for i in range(330_000)) + "}",
             "more than 50000 values"),
        body("a key twice", '{"a":1,"a":2}', "a"),
        body("a lone surrogate", '{"a":"\\ud800"}', "read the object"),
        body("no UTF-8", b'{"a":"\xff"}', "read the object"),
        body("1e400", '{"a":1e400}', "read the object"),
        body("NaN", '{"a":NaN}', "read the object"),
        body("a BOM", b'\xef\xbb\xbf{"a":1}', "read the object"),
        body("a comment", '{"a":1 /* */}', "read the object"),
        body("nothing", "", "read the object"),
        body("an array", "[]", "the body is not an object"),
        ask("-0 where a whole number is due", "POST", "/apis/orch/v1/benchruns?dryRun=All", {
            "metadata": {"name": "n"}, "spec": {"bench": "b", "model": "m", "priority": -0.0}},
            422, "spec.priority"),
        ask("Kubernetes' own encoding", "POST", MODELS, "k8s\0", 415, "unknown format",
            headers={"Content-Type": "application/vnd.kubernetes.protobuf"})),
    Row(16, "API", "framing: refused, closed, the second request never runs",
        raw("gzip and a length", POST + "Transfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
        raw("xchunked and a length",
            POST + "Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n\r\n{}"),
        raw("chunked, gzip and a length",
            POST + "Transfer-Encoding: chunked, gzip\r\nContent-Length: 2\r\n\r\n{}"),
        raw("gzip, chunked", POST + "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        raw("chunks in HTTP/1.0", POST.replace("1.1", "1.0") +
            "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        raw("a list of lengths", POST + "Content-Length: 2, 2\r\n\r\n{}"),
        raw("the same length twice", POST + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
        raw("two lengths", POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        raw("no host", "GET /livez HTTP/1.1\r\n\r\n"),
        raw("two hosts", "GET /livez HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
        raw("absolute form", "GET https://h/livez HTTP/1.1\r\nHost: h\r\n\r\n"),
        raw("authority form", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
        raw("a folded line", "GET /livez HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"),
        raw("a chunk extension",
            POST + "Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n"),
        raw("a trailer", POST + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n"),
        raw("a GET with a body", "GET /livez HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"),
        raw("length, then chunked", POST + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
            "2\r\n{}\r\n0\r\n\r\n"),
        raw("chunked, then length", POST + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n"
            "2\r\n{}\r\n0\r\n\r\n"),
        raw("length, then gzip", POST + "Content-Length: 2\r\nTransfer-Encoding: gzip\r\n\r\n{}"),
        raw("chunked twice", POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
            "\r\n2\r\n{}\r\n0\r\n\r\n"),
        raw("a signed length", POST + "Content-Length: +2\r\n\r\n{}"),
        raw("a length that overflows", POST + "Content-Length: 18446744073709551618\r\n\r\n{}"),
        raw("line feeds alone", "GET /livez HTTP/1.1\nHost: h\n\n"),
        raw("a NUL", "GET /livez HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"),
        raw("a control character", "GET /livez HTTP/1.1\r\nHost: h\r\nX: a\x01b\r\n\r\n"),
        raw("a blank before the colon", POST + "Content-Length : 2\r\n\r\n{}"),
        raw("HTTP/2 by prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        raw("the asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
        raw("a carriage return in a value", "GET /livez HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
        raw("an upgrade", "GET /livez HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n"),
        raw("another expectation", POST + "Expect: 200-maybe\r\nContent-Length: 2\r\n\r\n{}", 417),
        raw("a chunk of too many digits",
            POST + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        raw("a chunk longer than it says",
            POST + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"),
        raw("an empty length", POST + "Content-Length: \r\n\r\n")),
    Row(17, "API", "sizes and targets",
        get("3000 fields", "/livez", 431, "X: y\r\n" * 3000),
        get("65 fields", "/livez", 431, "X: y\r\n" * 63),
        get("a head of 8 kB and one byte", "/livez", 431, f"X: {'x' * 8192}\r\n"),
        get("a target of 2 kB and one byte", "/" + "x" * 2048, 414),
        get("a request line of 20 kB", "/" + "x" * 20_000, 414),
        *[get(target, MODELS + target, 400) for target in (
            "/%2e%2e%2fm", "/../m", "/m%00", "//m", "/m;a=b", "/%c0%afm", "/m%1b", "/m%4", "?a=%zz",
            "#m")],
        get("a body of 4 MB and one byte, told before", "/livez", 400, "Content-Length: 4194305\r\n"),
        Try("a batch of 8 MB and one byte", lambda lab: lab.say(
            b"POST /apis/orch/v1/batch HTTP/1.1\r\nHost: h\r\nContent-Length: 8388609\r\n\r\n"),
            413, "the body is longer than 8388608 bytes"),
        Try("64 kB and one byte of a stranger", lambda lab: lab.say(
            b"POST /agent/v1/enroll HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n",
            lab.nobody), 413, "the body is longer than 65536 bytes")),
]
ROWS += [
    Row(18, "API", "peers who stop in the middle",
        Try("a head that stops", lambda lab: house.hear(lab.slow_head), 408,
            "the request did not become whole in time"),
        Try("a body cut at 99 % without a good-bye", cut_body, 404),
        Try("1100 connections that say nothing", idle_crowd, 200),
        Try("100 that begin to shake hands", lambda lab: idle_crowd(lab, 100, b"\x16\x03\x01"), 200)),
    Row(19, "API", "watches from where there is nothing",
        ask("from -1", "GET", MODELS + "?watch=1&resourceVersion=-1", None, 422, "resourceVersion"),
        ask("from 2^63", "GET", MODELS + "?watch=1&resourceVersion=9223372036854775808", None, 422,
            "resourceVersion"),
        ask("from no number", "GET", MODELS + "?watch=1&resourceVersion=x", None, 422,
            "must be a whole number"),
        ask("from the future", "GET", MODELS + "?watch=1&resourceVersion=999999", None, 200,
            '"code":410'),
        ask("a list of the future", "GET", MODELS + "?resourceVersion=999999", None, 504,
            "Too large resource version"),
        ask("a time that is none", "GET", MODELS + "?watch=1&timeoutSeconds=-1", None, 422,
            "timeoutSeconds"),
        *[ask(f"changes from {where}", "GET", f"/changes?from={where}", None, code, says)
          for where, code, says in (
              ("-1", 400, "expected a revision"), ("x", 400, "expected a revision"),
              ("9223372036854775808", 400, "expected a revision"),
              ("999999", 410, "from 999999 has not been yet"))],
        Try("one identity's 65th stream", crowd_of_watches, 429, "64 streams")),
    Row(20, "API", "the same write at once (there are no keys: the name is the key)",
        many("20 sides create one object", 20, lambda lab: lab.ask("POST", MODELS, new_model("k")),
             {201: 1, 409: 19}),
        ask("with another body", "POST", MODELS, new_model("k", "2Mi"), 409, "already exists"),
        ask("it is the first's", "GET", MODELS + "/k", None, 200, '"minMemory":"1Mi"'),
        ask("and goes once", "DELETE", MODELS + "/k", None, 200), moves=2),
    Row(21, "API", "writes that rest on what is no more",
        *[ask(f"a replace of version {version!r}", "PUT", MODELS + "/m", new_model("m", "2Mi", version),
              code, says) for version, code, says in (
                  ("1", 409, "the object has been modified"), ("0", 409, "has been modified"),
                  ("-1", 409, "has been modified"), ("18446744073709551616", 409, "modified"),
                  ("", 422, "metadata.resourceVersion"), (7, 422, "metadata.resourceVersion"))],
        ask("a patch of version 1", "PATCH", MODELS + "/m",
            {"metadata": {"resourceVersion": "1"}, "spec": {"family": "x"}}, 409, "modified",
            headers={"Content-Type": "application/merge-patch+json"}),
        ask("a delete of another life", "DELETE", MODELS + "/m", {"preconditions": {"uid": "x"}},
            409, "Precondition failed"),
        ask("a delete of version 1", "DELETE", MODELS + "/m",
            {"preconditions": {"resourceVersion": "1"}}, 409)),
    Row(22, "API", "deletes",
        ask("what is not there", "DELETE", MODELS + "/none", None, 404, "not found"),
        ask("an agent's machine with a claim: accepted, kept until its processes are gone",
            "DELETE", "/apis/orch/v1/machines/box1?dryRun=All", None, 200),
        ask("to be", "POST", MODELS, new_model("twice"), 201),
        many("twice at once", 2, lambda lab: lab.ask("DELETE", MODELS + "/twice"),
             {200: 1, 404: 1}),
        ask("with a policy of nobody", "DELETE", MODELS + "/m?propagationPolicy=Never", None, 422,
            "propagationPolicy"),
        ask("by somebody who may not", "DELETE", MODELS + "/m", None, 401, "Unauthorized",
            stranger=True),
        moves=2),
]
