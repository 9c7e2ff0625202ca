"""The worker's standard streams: which lines are protocol, and whose prints are not."""

import os
import sys
from collections.abc import Iterator

from benchrace.run import control

_CHUNK = 1 << 16


class Voice:
    """What the worker says to its agent, one line at a time, over a descriptor of its own."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def take_over(cls) -> "Voice":
        """Take standard output for the protocol; all prints of plugins go to standard error."""
        sys.stdout.flush()
        voice = cls(os.dup(1))
        os.dup2(2, 1)
        return voice

    def say(self, said: control.FromWorker) -> None:
        """Write one line; an agent that is gone is found out at the other stream."""
        view = memoryview(control.encode(said))
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except BrokenPipeError:
            return


class Lines:
    """Whole lines from a descriptor, each at most `limit` bytes; iteration ends with the input."""

    def __init__(self, fd: int, limit: int) -> None:
        self._fd = fd
        self._limit = limit
        self._rest = b""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if newline:
                self._rest = rest
                yield line
                continue
            if len(line) > self._limit:
                raise ValueError(f"a line of the agent is over {self._limit} bytes")
            chunk = os.read(self._fd, _CHUNK)
            if not chunk:
                return
            self._rest += chunk
