"""The answer to a request that failed."""

import msgspec

from benchrace.errors import Failure


class ProblemAnswer(msgspec.Struct, frozen=True):
    """A failure: its category, what happened, what to do, and each bad field by its path."""

    error: Failure
