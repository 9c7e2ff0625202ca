"""A server whose lines carry their send times, to check a reader against.

`python -m benchrace.worker.stream.timing_server` prints its port, serves one connection after
another, and ends with its standard input. `GET /?lines=N&gap_us=G&size=S` answers N lines of S
bytes, G microseconds apart. A line is `{"sent":T,"received":A,...}`: when it was sent, and when the
request arrived, both on the machine's monotonic clock in nanoseconds.
"""

import os
import re
import socket
import struct
import sys
import threading
import time
from contextlib import suppress

_SO_TIMESTAMPNS = 35
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
)
# Sleeping ends late; the last stretch is waited for awake.
_AWAKE_NS = 60_000


def main() -> None:
    """Serve until the standard input ends."""
    _go_ahead_of_others()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if sys.platform == "linux":
            listener.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        print(listener.getsockname()[1], flush=True)  # noqa: T201 - it is what the parent reads
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        sys.stdin.buffer.read()


def _go_ahead_of_others() -> None:
    """Keep other processes from coming between a line's stamp and its way out."""
    if sys.platform == "linux":
        with suppress(PermissionError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def _serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer_all, args=(connection,), daemon=True).start()


def _answer_all(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, suppress(ConnectionError):
        while True:
            text, received_ns = _read_request(connection)
            if not text:
                return
            wanted = {key: int(value) for key, value in re.findall(rb"(\w+)=(\d+)", text)}
            _lines(connection, received_ns, wanted)


def _read_request(connection: socket.socket) -> tuple[bytes, int]:
    """Read a request, and when its last byte arrived."""
    text, at_ns = b"", 0
    while not text.endswith(b"\r\n\r\n"):
        piece, ancillary, _, _ = connection.recvmsg(65_536, 256)
        at_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        if not piece:
            return b"", 0
        text += piece
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                seconds, rest = struct.unpack("@ll", data)
                at_ns -= wall_ns - (seconds * 1_000_000_000 + rest)
    return text, at_ns


def _lines(connection: socket.socket, received_ns: int, wanted: dict[bytes, int]) -> None:
    count, gap_ns = wanted.get(b"lines", 1), wanted.get(b"gap_us", 0) * 1000
    size = max(80, wanted.get(b"size", 120))
    connection.sendall(_HEAD)
    due = time.monotonic_ns()
    for _ in range(count):
        due += gap_ns
        _wait_until(due)
        connection.sendall(_chunk(received_ns, size))
    connection.sendall(b"0\r\n\r\n")


def _chunk(received_ns: int, size: int) -> bytes:
    line = b'{"sent":%d,"received":%d,"pad":"' % (time.monotonic_ns(), received_ns)
    return b'%x\r\n%s%s"}\n\r\n' % (size, line, b"x" * (size - len(line) - 3))


def _wait_until(due_ns: int) -> None:
    left = due_ns - time.monotonic_ns()
    if left > _AWAKE_NS:
        time.sleep((left - _AWAKE_NS) / 1e9)
    while time.monotonic_ns() < due_ns:
        continue


if __name__ == "__main__":
    main()
