"""What one chunk of an engine's stream says, whatever protocol it came by."""

from typing import TypeVar

import msgspec

from benchrace.errors import Failure
from benchrace.kinds.llm import EngineTimes, Usage


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is content, `reasoning` thinking; a chunk with neither is never stamped as a token.

    `finish` is the engine's finish reason; `done` its own end of the protocol (a done line,
    `[DONE]`). `prefill` is (done, total) tokens of the prompt. `failure` ends the answer.
    Usage and times may come in several chunks: what is told later wins. They may hold what the
    engine told as it came: a figure that cannot be is left out, alone, and said.
    """

    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    done: bool = False
    usage: Usage | None = None
    times: EngineTimes | None = None
    prefill: tuple[int, int] | None = None
    failure: Failure | None = None


T = TypeVar("T", bound=msgspec.Struct)
NOTHING = Piece()


def later_usage(before: Usage, after: Usage | None) -> Usage:
    """Lay what `after` tells over what was known.

    The chunk that tells the end is often not the one that counts: what was unseen stays so.
    """
    if after is None:
        return before
    unseen = max(before.unseen, after.unseen)
    return msgspec.structs.replace(_filled(before, after), unseen=unseen)


def later_times(before: EngineTimes, after: EngineTimes | None) -> EngineTimes:
    """Lay what `after` tells over what was known."""
    return before if after is None else _filled(before, after)


def _filled(before: T, after: T) -> T:
    fields = {name: getattr(after, name) for name in after.__struct_fields__}
    told = {name: value for name, value in fields.items() if value is not None}
    return msgspec.structs.replace(before, **told)
