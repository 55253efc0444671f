#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model server that answers each question with all the filth that it knows before it answers it
well. What was served is kept in a folder, because its agent may start it again."""

import itertools
import json
import pathlib
import socket
import sys
import threading

MODELS = json.dumps({"object": "list", "data": [{"id": "m"}]}).encode()
CHAT = json.dumps({"choices": [{"message": {"role": "assistant", "content": "ready"}}]}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BLOCK = b"x" * 65536


def answer(body, head=OK):
    return [head + b"Content-Length: %d\r\n\r\n" % len(body) + body]


def chunks():
    yield OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for _ in itertools.repeat(None):
        yield b"10000\r\n" + BLOCK + b"\r\n"


def headers():
    yield b"HTTP/1.1 200 OK\r\n"
    for number in itertools.count():
        yield b"X-%d: %s\r\n" % (number, BLOCK[:100])


def one_line():
    yield b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: "
    yield from itertools.repeat(BLOCK)


def filth(good):
    """Answers to a question whose good answer is `good`."""
    yield headers()
    yield chunks()
    yield one_line()
    yield answer(b"\x1f\x8b\x08" + bytes(10_000), OK + b"Content-Encoding: gzip\r\n")
    yield answer(b"<html><body>welcome</body></html>")
    yield answer(b"[" * 100_000)
    yield answer(b'{"data":[{"id":"another"}],"choices":[]}')
    yield [OK + b"Content-Length: 1000000000000\r\n\r\n"]
    yield [OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"]
    yield [b"SSH-2.0-OpenSSH_9.2\r\n"]
    yield [b""]
    for end in range(1, len(good), 7):
        yield answer(good[:end])
        yield [OK + b"Content-Length: %d\r\n\r\n" % len(good) + good[:end]]
    yield from itertools.repeat(answer(good))


class Server:
    def __init__(self, folder):
        self.folder, self.lock = pathlib.Path(folder), threading.Lock()

    def next_answer(self, name, good):
        with self.lock:
            path = self.folder / name
            served = int(path.read_text()) if path.exists() else 0
            path.write_text(str(served + 1))
        return next(itertools.islice(filth(good), served, None))

    def serve(self, connection):
        try:
            with connection:
                asked = connection.recv(65536)
                if asked.startswith(b"GET /health"):
                    parts = self.next_answer("health", b"{}")
                elif asked.startswith(b"GET /v1/models"):
                    parts = self.next_answer("models", MODELS)
                else:
                    parts = self.next_answer("chat", CHAT)
                for part in parts:
                    connection.sendall(part)
        except OSError:
            pass  # the other side has had enough


def main():
    server = Server(sys.argv[2])
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=server.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
