"""The content of one chunk of an engine's stream, independent of its protocol."""

from typing import TypeVar

import msgspec

from benchrace.errors import Failure
from benchrace.kinds.llm import EngineTimes, Usage


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """The content of one chunk; `text` is output, `reasoning` thinking.

    A chunk with neither is never timed as a token. `finish` is the engine's finish reason, and
    `done` the protocol's own end, after which nothing is read. `over` only means that nothing
    follows, which does not prove a complete answer, as with `[DONE]`. `prefill` is (done, total)
    tokens of the prompt. `failure` ends the answer. Usage and times may come in several chunks:
    later values replace earlier ones. They may hold the engine's raw values: an impossible figure
    is dropped alone and reported. `odd` names fields of an unexpected type, which were skipped. An
    engine that counts with each chunk reports its output so far as usage, or the number of `tokens`
    in this chunk.
    """

    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    done: bool = False
    over: bool = False
    usage: Usage | None = None
    times: EngineTimes | None = None
    prefill: tuple[int, int] | None = None
    failure: Failure | None = None
    tokens: int | None = None
    odd: tuple[str, ...] = ()


T = TypeVar("T", bound=msgspec.Struct)
NOTHING = Delta()


def later_usage(before: Usage, after: Usage | None) -> Usage:
    """Update `before` with the values of `after`.

    The chunk with the finish reason is often not the one with the counts, so that `unseen` is kept.
    """
    if after is None:
        return before
    unseen = max(before.unseen, after.unseen)
    return msgspec.structs.replace(_filled(before, after), unseen=unseen)


def later_times(before: EngineTimes, after: EngineTimes | None) -> EngineTimes:
    """Update `before` with the values of `after`."""
    return before if after is None else _filled(before, after)


def _filled(before: T, after: T) -> T:
    """Update fields; figures only grow within an answer, so that a later zero is a placeholder."""
    fields = {name: getattr(after, name) for name in after.__struct_fields__}
    later = {
        name: value
        for name, value in fields.items()
        if value or (value is not None and not getattr(before, name))
    }
    return msgspec.structs.replace(before, **later)
