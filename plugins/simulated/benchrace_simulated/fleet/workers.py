"""Workers that are forked from a process with all their imports, instead of started anew.

They are the workers of any agent, in processes and groups of their own: only their start is cheap.
"""

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from multiprocessing.process import BaseProcess

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process, SocketStream

_PRELOADED = [
    "benchrace.worker.__main__",
    "benchrace.worker.job.job",
    "benchrace.worker.questions.questions",
    "benchrace_simulated.text",
    "benchrace_simulated.processor",
]
_MAX_FOLDER = 60
_context = multiprocessing.get_context("forkserver")


def prepare() -> None:
    """Name what the forking process imports, before the first worker starts."""
    # Its socket is in the folder for temporary files, and the path of a socket may not be long.
    if len(tempfile.gettempdir()) > _MAX_FOLDER:
        tempfile.tempdir = "/tmp"
    _context.set_forkserver_preload(_PRELOADED)


class ForkedWorker(Process):
    """A forked worker behind the interface of a subprocess."""

    def __init__(
        self, process: BaseProcess, streams: tuple[SocketStream, SocketStream, SocketStream]
    ) -> None:
        self._process = process
        self._waiting = anyio.Lock()
        self._stdin, self._stdout, self._stderr = streams

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    @property
    def stdin(self) -> ByteSendStream:
        return self._stdin

    @property
    def stdout(self) -> ByteReceiveStream:
        return self._stdout

    @property
    def stderr(self) -> ByteReceiveStream:
        return self._stderr

    async def wait(self) -> int:
        # Only one task may wait for a descriptor: the job's own, or the one that ends the worker.
        async with self._waiting:
            while (status := self._process.exitcode) is None:
                await anyio.wait_readable(self._process.sentinel)
        return status

    def send_signal(self, signal: signal.Signals) -> None:
        os.kill(self.pid, signal)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def aclose(self) -> None:
        for stream in (self._stdin, self._stdout, self._stderr):
            await stream.aclose()
        await self.wait()
        self._process.close()


async def launch(pass_fds: Sequence[int]) -> Process:
    """Start a worker; agents of one host that share it hold no locks to pass on."""
    assert not pass_fds
    pairs = [socket.socketpair() for _ in range(3)]
    theirs = [pair[1] for pair in pairs]
    process = _context.Process(target=_run, args=tuple(theirs), daemon=True)
    # Forking is the fork server's work; this writes a few hundred bytes to it.
    await anyio.to_thread.run_sync(process.start)
    for end in theirs:
        end.close()
    stdin, stdout, stderr = [await SocketStream.from_socket(pair[0]) for pair in pairs]
    return ForkedWorker(process, (stdin, stdout, stderr))


def _run(stdin: socket.socket, stdout: socket.socket, stderr: socket.socket) -> None:
    """Be a worker: the same streams and the same group as a process of its own has."""
    os.setsid()
    for number, stream in enumerate((stdin, stdout, stderr)):
        os.dup2(stream.fileno(), number)
        stream.close()
    from benchrace.worker.__main__ import main

    code = main()
    sys.stderr.flush()
    os._exit(code)
