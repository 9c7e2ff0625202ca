"""A flooding server is held back, and reading it takes bounded memory."""

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
import anyio.to_thread
import pytest

from benchrace.plugin import Format, Stream, StreamEnd, StreamRequest
from benchrace.testing.limits import HANG_S
from benchrace.worker.stream.factory import WorkerStreams

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MIB = 1 << 20
# The reader keeps 8 MiB, and this side one batch, which is no larger; another is being made, and
# the allocator may hold as much again. The flood is more than twice that.
WAITING = 8 * MIB
PEAK = 4 * WAITING + 4 * MIB
# A server that nothing holds back stops here, so that the test fails rather than the machine.
WHOLE = 512 * MIB
TEXT = b"".join(b"%06d%s\n" % (number, b"x" * 493) for number in range(2000))


class Flood:
    """A server that says `TEXT` again and again, as fast as it is let, from a thread of its own.

    `stalls` gets all that was said up to a moment at which no more could be, for half a second.
    """

    def __init__(self) -> None:
        self.sent = 0
        self.stop_at = WHOLE
        self.stalls: queue.Queue[int] = queue.Queue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop_at = 0
        self._listener.close()
        self.join()

    def stalled(self) -> int:
        """Wait until nothing more can be said; a stall from before may have had other causes."""
        while not self.stalls.empty():
            self.stalls.get()
        return self.stalls.get(timeout=HANG_S)

    def join(self) -> None:
        """Wait until the connection has ended."""
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += peer.recv(4096)
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            peer.settimeout(0.5)
            self._pour(peer)

    def _pour(self, peer: socket.socket) -> None:
        at, text = 0, memoryview(TEXT)
        # It stops at the end of a text only, so that whatever came is whole.
        while at or self.sent < self.stop_at:
            try:
                sent = peer.send(text[at:])
            except TimeoutError:
                self.stalls.put(self.sent)
                if not self.stop_at:
                    return
            except ConnectionError:
                return
            else:
                self.sent += sent
                at = (at + sent) % len(text)


def kernel_keeps() -> int:
    """What the kernel's buffers may hold on both sides, at most."""
    settings = [Path(f"/proc/sys/net/ipv4/tcp_{name}mem") for name in "rw"]
    if not all(setting.exists() for setting in settings):
        return 64 * MIB
    return sum(int(setting.read_text().split()[-1]) for setting in settings)


READER = """
import sys
from pathlib import Path
import anyio, anyio.to_thread
import benchrace.worker.stream.native
from benchrace.plugin import Format, StreamRequest
from benchrace.worker.stream.factory import WorkerStreams

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

async def main():
    asked = StreamRequest(url=sys.argv[1], method="GET", format=Format.LINES)
    before = peak()
    async with WorkerStreams().open(asked) as stream:
        await anext(stream)
        with anyio.fail_after(40):
            while not stream.lag.held_ns:
                await anyio.sleep(0.01)
        print("held", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)
        print(peak() - before, flush=True)
        count = 1
        async for chunk in stream:
            assert chunk.data[:6] == b"%06d" % (count % 2000)
            count += 1
        print(peak() - before, count, stream.lag.held_ns, flush=True)

anyio.run(main)
"""


@contextmanager
def reading(url: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", READER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        try:
            yield reader
        finally:
            reader.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is told by Linux only")
def test_a_flood_is_held_back_arrives_whole_and_takes_little_memory() -> None:
    with Flood() as flood, reading(flood.url) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline() == "held\n"
        sent = flood.stalled()
        assert sent <= 2 * WAITING + kernel_keeps()
        flood.stop_at = sent + 100 * MIB
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert int(reader.stdout.readline()) < PEAK
        peak, lines, held_ns = map(int, reader.stdout.readline().split())
        assert peak < PEAK
        assert lines * 500 == flood.sent >= flood.stop_at
        assert held_ns > 0


async def until_held(stream: Stream) -> None:
    await anext(stream)
    with anyio.fail_after(HANG_S):
        while not stream.lag.held_ns:  # noqa: ASYNC110 - the reader tells it when asked
            await anyio.sleep(0.01)


def readers() -> int:
    """Count the threads that read streams, where the system names them."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    return sum(task.read_text() == "stream\n" for task in tasks.glob("*/comm"))


@pytest.mark.parametrize("cancel", [False, True])
async def test_leaving_while_the_server_is_held_ends_it_at_once(
    streams: WorkerStreams, cancel: bool
) -> None:
    with Flood() as flood:
        with anyio.CancelScope() as scope:
            request = StreamRequest(url=flood.url, method="GET", format=Format.LINES)
            async with streams.open(request) as stream:
                await until_held(stream)
                if cancel:
                    scope.cancel()
                    await anyio.sleep_forever()
        assert stream.end is StreamEnd.CANCELLED
        with anyio.fail_after(HANG_S):
            await anyio.to_thread.run_sync(flood.join)
            while readers():  # noqa: ASYNC110 - the end of a thread is no event
                await anyio.sleep(0.01)
        assert flood.sent < WHOLE
