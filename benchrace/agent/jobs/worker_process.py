"""A worker process: starting it, its messages, and ending it with all that it started."""

import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import anyio
import msgspec
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from benchrace.processes import start_process
from benchrace.protocol.agent_worker import (
    AnyOrder,
    FromWorker,
    ToWorker,
    decode_from_worker,
    encode,
)
from benchrace.redaction import redact
from benchrace.store.regular import append

log = logging.getLogger(__name__)

Launcher = Callable[[Sequence[int]], Awaitable[Process]]
"""Starts a worker in a group of its own that inherits these descriptors."""
WorkerCommand = Sequence[str] | Launcher

# A description of many workloads, or the models of an engine, come as one line.
_LINE_BYTES = 8 << 20
_LOG_BYTES = 4 << 20
_TAIL_BYTES = 4000
_LINE_OF_LOG_BYTES = 1 << 16
GRACE_S = 2.0
_TOKENS = frozenset(
    {
        "BENCHRACE_TOKEN",
        "BENCHRACE_OPERATOR_TOKEN",
        "BENCHRACE_WATCH_TOKEN",
        "SERVICE_CONTROL_TOKEN",
    }
)


class Worker:
    """One process in a group of its own. Its error output goes to a file, up to 4 MiB."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._tail = b""
        self._rest = b""

    @classmethod
    async def start(cls, command: WorkerCommand, pass_fds: Sequence[int] = ()) -> "Worker":
        """Start the process; it does nothing before its order."""
        if callable(command):
            return cls(await command(pass_fds))
        process = await start_process(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
            # A plugin has no business with any token.
            env={key: value for key, value in os.environ.items() if key not in _TOKENS},
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stderr_tail(self) -> str:
        """The end of its error output."""
        return _redacted(self._tail + self._rest).decode("utf-8", "replace").strip()

    async def send(self, words: AnyOrder | ToWorker) -> None:
        """Send one line; a worker that is gone, or reads nothing for a second, misses it."""
        assert self._process.stdin is not None
        with anyio.move_on_after(1.0):
            try:
                await self._process.stdin.send(encode(words))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                return

    async def hang_up(self) -> None:
        """Close its input: for a job's worker the signal that the agent is gone."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()

    async def lines(self) -> AsyncIterator[FromWorker]:
        """Yield its messages; raises `msgspec.DecodeError` on anything else."""
        assert self._process.stdout is not None
        buffered = BufferedByteReceiveStream(self._process.stdout)
        while True:
            try:
                line = await buffered.receive_until(b"\n", _LINE_BYTES)
            except (anyio.IncompleteRead, anyio.EndOfStream, anyio.ClosedResourceError):
                return
            except anyio.DelimiterNotFound as error:
                raise msgspec.DecodeError(f"a line of over {_LINE_BYTES} bytes") from error
            yield decode_from_worker(line)

    async def log(self, path: Path | None) -> None:
        """Write its error output to `path` until it ends; what is over the limit is dropped.

        A plugin may print what it is configured with: keys and passwords are redacted.
        """
        assert self._process.stderr is not None
        written = 0
        try:
            async for chunk in self._whole_lines(self._process.stderr):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
                if path is None or written > _LOG_BYTES:
                    continue
                written += len(chunk)
                over = written > _LOG_BYTES
                end = b"\n[the rest was dropped: over 4 MiB]\n" if over else b""
                await anyio.to_thread.run_sync(_append, path, chunk + end)
        except anyio.ClosedResourceError:
            return

    async def _whole_lines(self, stream: ByteReceiveStream) -> AsyncIterator[bytes]:
        """Yield what comes, redacted, in whole lines: a chunk may end inside of a secret."""
        async for chunk in stream:
            self._rest += chunk
            end = self._rest.rfind(b"\n") + 1
            if not end and len(self._rest) < _LINE_OF_LOG_BYTES:
                continue
            end = end or len(self._rest)
            whole, self._rest = self._rest[:end], self._rest[end:]
            yield _redacted(whole)
        whole, self._rest = self._rest, b""
        yield _redacted(whole)

    async def wait(self) -> int:
        """Wait for its end; the status is negative for a signal."""
        return await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its group; nothing happens where none is left."""
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    async def end(self, term_s: float = GRACE_S, kill_s: float = GRACE_S) -> int:
        """TERM after `term_s`, KILL of the group after `kill_s` more; return the status."""
        with anyio.CancelScope(shield=True):
            for number, patience_s in ((signal.SIGTERM, term_s), (signal.SIGKILL, kill_s)):
                with anyio.move_on_after(patience_s) as patience:
                    await self.wait()
                if not patience.cancelled_caught:
                    break
                self.signal(number)
        return await self.wait()

    async def close(self) -> None:
        """Kill what is left of its group and close its pipes."""
        with anyio.CancelScope(shield=True):
            self.signal(signal.SIGKILL)
            await self.wait()
            await self._process.aclose()


def _redacted(data: bytes) -> bytes:
    # What is not text comes out as it went in.
    return redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _append(path: Path, data: bytes) -> None:
    try:
        append(path, data)
    except OSError as error:
        # A full disk takes the log's end; the journal says what matters.
        log.warning("%s: %s", path, error.strerror or error)
