"""Viewers for the relay benchmark: sockets that are read, counted and hardly parsed.

    python -m benchmarks.relay_viewers URL PATH VIEWERS EVENTS SPACING

Both sides' frames hold an event as JSON, so that one search finds them in either. Prints `ready`
when all are connected, `first` at the first counted event, `done` when each viewer has `EVENTS` of
them, and then what was seen, as JSON. One event in about `SPACING` bytes is timed.
"""

import base64
import os
import re
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

RECEIVE = 1 << 18
CREATED = re.compile(rb'"line":"c(\d+) ')
MARK = b'"line":"c'
# An event that is cut in two by the end of what was received is found with the next.
OVERLAP = len(MARK) + 24


class Seen(msgspec.Struct, frozen=True):
    """`counts` are the events of each viewer; `samples` pairs of creation and delay in ns."""

    counts: list[int]
    samples: list[tuple[int, int]]


@dataclass
class Viewer:
    sock: socket.socket
    rest: bytes = b""
    count: int = 0
    skip: int = 0
    samples: list[tuple[int, int]] = field(default_factory=list)

    def take(self, data: bytes, spacing: int) -> None:
        """Count the events in what was received, and time some."""
        now_ns = time.monotonic_ns()
        data = self.rest + data
        # Whatever begins before `end` is whole.
        end = max(0, len(data) - OVERLAP)
        self.count += data.count(MARK, 0, min(len(data), end + len(MARK) - 1))
        self.rest = data[end:]
        place = self.skip
        while place < end and (match := CREATED.search(data, place)) and match.start() < end:
            self.samples.append((created_ns := int(match[1]), now_ns - created_ns))
            place = match.start() + spacing
        self.skip = max(0, place - end)

    def finish(self) -> None:
        """Count what was kept for the next piece."""
        self.count += self.rest.count(MARK)
        self.rest = b""


def connect(url: str, path: str) -> socket.socket:
    """Open one viewer's connection: a WebSocket for Socket.IO, server-sent events otherwise."""
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname or "", parts.port or 80))
    socket_io = "transport=websocket" in path
    lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}"]
    if socket_io:
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}"]
        lines += ["Sec-WebSocket-Version: 13"]
    else:
        lines += ["Accept: text/event-stream"]
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    _expect(sock, b"0{" if socket_io else b"retry")
    if socket_io:
        # A masked text frame "40": connect to the default namespace. The mask is all zeros.
        sock.sendall(b"\x81\x82\0\0\0\x0040")
        _expect(sock, b"40{")
    sock.setblocking(False)
    return sock


def _expect(sock: socket.socket, words: bytes) -> None:
    head = b""
    while words not in head:
        data = sock.recv(1)
        if not data:
            raise SystemExit(f"a viewer was refused: {head[:300]!r}")
        head += data


def main() -> None:
    """Watch until each viewer has seen all, or is hung up on."""
    url, path, viewers, events, spacing = sys.argv[1:]
    selector = selectors.DefaultSelector()
    every = [Viewer(connect(url, path)) for _ in range(int(viewers))]
    for viewer in every:
        selector.register(viewer.sock, selectors.EVENT_READ, viewer)
    _print("ready")
    missing, started = set(range(len(every))), False
    while missing and selector.get_map():
        for key, _ in selector.select():
            viewer = key.data
            data = viewer.sock.recv(RECEIVE)
            if data:
                viewer.take(data, int(spacing))
            if not data or (viewer.count + viewer.rest.count(MARK) >= int(events)):
                viewer.finish()
                selector.unregister(viewer.sock)
                missing.discard(every.index(viewer))
            if not started and viewer.count:
                started = True
                _print("first")
    _print("done")
    samples = [sample for viewer in every for sample in viewer.samples]
    _print(msgspec.json.encode(Seen([v.count for v in every], samples)).decode())


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
