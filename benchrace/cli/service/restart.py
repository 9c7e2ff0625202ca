"""Restart a service in place: the same command, after a clean shutdown."""

import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

_TOKEN_FD = "--token-fd"


class Restart:
    """A pending restart, with the address to serve at again."""

    def __init__(self) -> None:
        self.requested = False
        self.url = ""

    def request(self) -> None:
        """Restart the process once it has ended."""
        self.requested = True

    def run(self, token: str | None) -> None:
        """Replace this process, if a restart was requested; port and token stay."""
        if not self.requested:
            return
        arguments = restart_arguments(sys.argv[1:], urlsplit(self.url).port)
        if token is not None and _TOKEN_FD in sys.argv:
            # Again through a pipe, so that it is in no environment and no command line.
            reading, writing = os.pipe()
            os.write(writing, token.encode() + b"\n")
            os.close(writing)
            os.set_inheritable(reading, True)
            arguments += [_TOKEN_FD, str(reading)]
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, [sys.executable, "-m", "benchrace.cli", *arguments])


def restart_arguments(arguments: Sequence[str], port: int | None) -> list[str]:
    """Return the arguments without the pipe of a token, which was read, and with the port."""
    result: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and argument != _TOKEN_FD and not argument.startswith(f"{_TOKEN_FD}="):
            result.append(argument)
        skip = argument == _TOKEN_FD
    return result if port is None else [*result, "--port", str(port)]
