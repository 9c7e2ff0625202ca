"""A receiver of callbacks that answers as it is told, dies, and comes back at the same port."""

import socket
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec

from benchrace.testing.limits import HANG_S


class Got(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True


class Receiver:
    """`answers` are statuses, one for each request; then 200. `got` are the requests.

    `on` is one that died, whose port it takes over.
    """

    def __init__(self, answers: Sequence[int] = (), on: "Receiver | None" = None) -> None:
        self.got: list[Got] = []
        self.answers = list(answers)
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {key.lower(): value for key, value in self.headers.items()}
                self.send_response(receiver.take(Got(self.path, headers, body)))
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        # Bound without listening, it refuses connections and keeps the port.
        self._port: socket.socket = socket.socket() if on is None else on._port
        if on is None:
            self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._port.bind(("127.0.0.1", 0))
        self._server = Server(self._port.getsockname(), Handler)
        self.port = int(self._server.server_port)
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, got: Got) -> int:
        with self._changed:
            self.got.append(got)
            self._changed.notify_all()
            return self.answers.pop(0) if self.answers else 200

    def wait(self, count: int) -> list[Got]:
        """Wait for so many requests."""
        until = time.monotonic() + HANG_S
        with self._changed:
            while len(self.got) < count:
                assert self._changed.wait(until - time.monotonic()), self.got
            return list(self.got)

    def die(self) -> None:
        """Stop, and refuse connections."""
        self._server.shutdown()
        self._server.server_close()

    def close(self) -> None:
        self.die()
        self._port.close()
