"""A run's log as it is followed over connections that break."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from benchrace.cli.connect import run_events
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.run_events import Lines, RunEvents
from benchrace.errors import BenchraceError

FRAME = b'id: 0-8\ndata: {"a":1}\n\n'


class Central(BaseHTTPRequestHandler):
    """Gives one line and breaks; who comes back has all of a log that is closed meanwhile."""

    cursors: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        last = self.headers.get("Last-Event-ID")
        self.cursors.append(last)
        self.send_response(204 if last else 200)
        self.end_headers()
        if not last:
            self.wfile.write(FRAME)

    def log_message(self, *_: object) -> None:
        """Do nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    Central.cursors.clear()
    with HTTPServer(("127.0.0.1", 0), Central) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_log_that_was_closed_before_its_end_was_heard_is_over(url: str) -> None:
    with Client(url) as client:
        assert list(RunEvents(client, "r", lambda: False)) == [Lines(b'{"a":1}\n')]
    assert Central.cursors == [None, "0-8"]


def test_a_central_that_is_gone_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_events, "_RETRY_S", (3600,))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Client(f"http://127.0.0.1:{port}") as client:
        events = RunEvents(client, "r", lambda: True)
        with pytest.raises(BenchraceError, match=str(port)):
            next(iter(events))
