"""The worker's standard streams: protocol lines, kept apart from plugins' prints."""

import os
import sys
from collections.abc import Iterator

from benchrace.protocol import agent_worker
from benchrace.redaction import SECRETS

_CHUNK = 1 << 16


class ProtocolOut:
    """Sends the worker's messages to its agent, one line at a time, over its own descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def take_over(cls) -> "ProtocolOut":
        """Reserve standard output for the protocol; all prints of plugins go to standard error."""
        sys.stdout.flush()
        output = cls(os.dup(1))
        os.dup2(2, 1)
        return output

    def say(self, message: agent_worker.FromWorker) -> None:
        """Write one line, without secrets; an agent that is gone is found out at the other stream.

        What engines answer goes through here: their versions, models and errors.
        """
        line = agent_worker.encode(message).removesuffix(b"\n")
        view = memoryview(SECRETS.encoded(line) + b"\n")
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
                raise ValueError(f"a line from the agent is over {self._limit} bytes")
            chunk = os.read(self._fd, _CHUNK)
            if not chunk:
                return
            self._rest += chunk
