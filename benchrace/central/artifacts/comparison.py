"""Runs processes that compare images; each may fail, and takes no other pair with it."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

import anyio
import msgspec
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from benchrace.central.artifacts.image_difference import Difference, Request

_COMMAND = (sys.executable, "-P", "-m", "benchrace.central.artifacts.image_difference")
_LIMIT_S = 120.0
_ANSWER_BYTES = 4096
_FAILED = Difference(reason="the images cannot be compared: their decoder failed")


class Comparison:
    """Compares `requests` in order; `answers` has what is known so far.

    `run` may be cancelled and called again: it goes on with what has no answer.
    """

    def __init__(self, requests: Sequence[Request], command: Sequence[str] = _COMMAND) -> None:
        self.answers: list[Difference] = []
        self._requests = requests
        self._command = command

    @property
    def done(self) -> bool:
        return len(self.answers) == len(self._requests)

    async def run(self) -> None:
        """Compare all in one process, and one by one what a pair kept it from."""
        await self._process(self._requests[len(self.answers) :])
        while not self.done:
            at = len(self.answers)
            await self._process(self._requests[at : at + 1])
            if len(self.answers) == at:
                self.answers.append(_FAILED)

    async def _process(self, requests: Sequence[Request]) -> None:
        if not requests:
            return
        with anyio.move_on_after(_LIMIT_S):
            async with await anyio.open_process(self._command, stderr=subprocess.DEVNULL) as child:
                try:
                    await self._exchange(child, requests)
                finally:
                    with suppress(ProcessLookupError):
                        child.kill()

    async def _exchange(self, child: Process, requests: Sequence[Request]) -> None:
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
                line = await answers.receive_until(b"\n", _ANSWER_BYTES)
                self.answers.append(msgspec.json.decode(line, type=Difference))
