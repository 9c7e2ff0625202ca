"""Ctrl-C and SIGTERM as one exception, so that a command can end in order on either."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A request by the user or a service manager to end; `code` is the exit code."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` on SIGINT, SIGTERM and SIGHUP within the block."""

    def ask(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # What `nohup` or a shell's `&` has us ignore stays ignored.
    handled = [end for end in ends if signal.getsignal(end) is not signal.SIG_IGN]
    before = [signal.signal(number, ask) for number in handled]
    try:
        yield
    finally:
        for number, handler in zip(handled, before, strict=True):
            signal.signal(number, handler)
