#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted OpenAI server: no model behind it. Of the 24 tasks of tasks.py it answers 14 right, 6
with a wrong argument and 4 with torn JSON; two of the right ones get HTTP 500 the first time in
each life of the server. Everything else is answered with "ready". Standard library only."""

import argparse
import http.server
import json
import sys
import threading
import time

from tasks import TASKS

WRONG = {"add-2", "add-6", "weather-1", "weather-5", "search-3", "search-7"}
TORN = {"add-4", "weather-3", "search-0", "search-5"}
BROKEN_ONCE = {"add-1", "weather-6"}


def answer_to(prompt):
    """(id of the task that the prompt names, the scripted answer)"""
    task = next((t for t in TASKS if f"[{t.id}]" in prompt), None)
    if task is None:
        return None, "ready"
    call = json.dumps(task.call)
    if task.id in TORN:
        return task.id, call[: len(call) * 2 // 3]
    if task.id in WRONG:
        name, value = list(task.call["arguments"].items())[-1]
        other = value + 1 if isinstance(value, int) else value + "?"
        call = json.dumps({**task.call, "arguments": {**task.call["arguments"], name: other}})
    return task.id, call


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "orch-scripted"

    def send(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code, message):
        self.send(code, {"error": {"code": code, "message": message, "type": "scripted"}})

    def do_GET(self):
        if self.path in ("/health", "/v1/health"):
            self.send(200, {"status": "ok"})
        elif self.path == "/v1/models":
            model = {"id": self.server.model, "object": "model", "owned_by": "scripted"}
            self.send(200, {"object": "list", "data": [model]})
        else:
            self.refuse(404, f"there is no {self.path}")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        try:
            request = json.loads(self.rfile.read(length))
            prompt = str(request["messages"][-1]["content"])
        except (ValueError, KeyError, IndexError, TypeError):
            return self.refuse(400, "a JSON object with messages is needed")
        if self.path != "/v1/chat/completions":
            return self.refuse(404, f"there is no {self.path}")
        task, text = answer_to(prompt)
        if task is not None:
            time.sleep(self.server.pace)
        with self.server.lock:
            if task in self.server.to_break:
                self.server.to_break.remove(task)
                return self.refuse(500, f"scripted: the first try of {task} breaks")
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(text.split())}
        usage["total_tokens"] = sum(usage.values())
        if request.get("stream"):
            return self.stream(text, usage)
        choice = {"index": 0, "finish_reason": "stop",
                  "message": {"role": "assistant", "content": text}}
        self.send(200, {"id": "scripted", "object": "chat.completion", "created": int(time.time()),
                        "model": self.server.model, "choices": [choice], "usage": usage})

    def stream(self, text, usage):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def event(data):
            line = b"data: " + data.encode() + b"\n\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))

        head = {"id": "scripted", "object": "chat.completion.chunk", "created": int(time.time()),
                "model": self.server.model}
        words = text.split(" ")
        for n, word in enumerate(words):
            piece = word if n == len(words) - 1 else word + " "
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            event(json.dumps({**head, "choices": [choice]}))
        event(json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
        event(json.dumps({**head, "choices": [], "usage": usage}))
        event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, form, *values):
        print(form % values, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True, help="what it is called")
    parser.add_argument("--pace", type=float, default=0.4, help="seconds that a task takes")
    args = parser.parse_args()
    http.server.ThreadingHTTPServer.daemon_threads = True
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
    except OSError as error:
        sys.exit(f"cannot listen on 127.0.0.1:{args.port}: {error.strerror}")
    server.model, server.pace = args.model, args.pace
    server.lock, server.to_break = threading.Lock(), set(BROKEN_ONCE)
    print(f"listening on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
