"""Runs processes that read images; each may fail, and takes no other image with it."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from benchrace import structs
from benchrace.processes import start_process

R = TypeVar("R")
A = TypeVar("A")
_LIMIT_S = 120.0


def command_of(module: str) -> tuple[str, ...]:
    """Return the command that runs a module as such a process."""
    return sys.executable, "-P", "-m", module


class ImageProcess(Generic[R, A]):
    """Answers `requests` in order; `answers` has what is known so far.

    `run` may be cancelled and called again: it goes on with what has no answer. `failed` answers
    for a request that ends its process, an answer has up to `answer_bytes`.
    """

    def __init__(
        self, requests: Sequence[R], command: Sequence[str], failed: A, answer_bytes: int
    ) -> None:
        self.answers: list[A] = []
        self._requests = requests
        self._command = command
        self._failed = failed
        self._answer_bytes = answer_bytes

    @property
    def done(self) -> bool:
        return len(self.answers) == len(self._requests)

    async def run(self) -> None:
        """Answer all in one process, and one by one what a request kept it from."""
        await self._process(self._requests[len(self.answers) :])
        while not self.done:
            at = len(self.answers)
            await self._process(self._requests[at : at + 1])
            if len(self.answers) == at:
                self.answers.append(self._failed)

    async def _process(self, requests: Sequence[R]) -> None:
        if not requests:
            return
        with anyio.move_on_after(_LIMIT_S):
            async with await start_process(self._command, stderr=subprocess.DEVNULL) as child:
                try:
                    await self._exchange(child, requests)
                finally:
                    with suppress(ProcessLookupError):
                        child.kill()

    async def _exchange(self, child: Process, requests: Sequence[R]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        answers = BufferedByteReceiveStream(child.stdout)
        # What ends early, or writes something else, has failed; the caller sees what is missing.
        with suppress(
            anyio.BrokenResourceError,
            anyio.EndOfStream,
            anyio.IncompleteRead,
            anyio.DelimiterNotFound,
            msgspec.DecodeError,
        ):
            await child.stdin.send(msgspec.json.encode(requests))
            await child.stdin.aclose()
            for _ in requests:
                line = await answers.receive_until(b"\n", self._answer_bytes)
                self.answers.append(structs.decode(line, type(self._failed)))
