"""Ctrl-C and SIGTERM as one exception, so that a command can end in order on either."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A person or a service manager asks this command to end; `code` is its exit code then."""

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
    asked = [each for each in ends if signal.getsignal(each) is not signal.SIG_IGN]
    before = [signal.signal(each, ask) for each in asked]
    try:
        yield
    finally:
        for each, handler in zip(asked, before, strict=True):
            signal.signal(each, handler)
