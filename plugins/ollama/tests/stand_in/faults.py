"""What may go wrong with an answer, asked for by a model's name or by the control route."""

from enum import StrEnum
from typing import NamedTuple

PREFIX = "fault-"


class Kind(StrEnum):
    """Names, as `fault-NAME` and as `{"fault": NAME}`."""

    REFUSED = "refused"
    BUSY = "busy"
    ERROR_LINE = "error-line"
    NO_DONE = "no-done"
    HANG_FIRST = "hang-first"
    HANG_MIDDLE = "hang-middle"
    KILLED = "killed"
    MALFORMED = "malformed"
    BROKEN_UTF8 = "broken-utf8"
    GIANT_LINE = "giant-line"
    RELOAD = "reload"
    THINKING_ONLY = "thinking-only"
    ZERO_TOKENS = "zero-tokens"
    CACHED = "cached"
    QUEUED = "queued"
    UNCOUNTED = "uncounted"


class Fault(NamedTuple):
    """One of them, after so many lines; `times` answers more have it, and `skip` come before."""

    kind: Kind
    after: int = 3
    times: int = 1
    skip: int = 0


def by_name(model: str) -> Fault | None:
    """The fault that a model's name asks for."""
    if not model.startswith(PREFIX):
        return None
    return Fault(Kind(model.removeprefix(PREFIX).partition(":")[0]))
