"""What rounds of text tell beside their numbers: which prompt, which model, what it answered."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from benchrace.kinds.llm import EngineFacts
from benchrace.run.text import TextIdentity

T = TypeVar("T")


class Said(msgspec.Struct, frozen=True):
    """Parts of a text round's record. `text` is null where the kind keeps none."""

    prompt_digest: str
    engine: EngineFacts
    nonce: str = ""
    text: str | None = None
    cache: str = "unknown"
    cache_proof: str = "none"
    timing_source: str = "user"
    simulated: bool = False


def said(record: dict[str, Any] | None) -> Said | None:
    """Read a round's record; None where it is not of text, or makes no sense."""
    if not record or "prompt_digest" not in record:
        return None
    try:
        return msgspec.convert(record, Said)
    except msgspec.ValidationError:
        return None


def identity(rounds: Iterable[Said]) -> TextIdentity | None:
    """Gather what identifies the results of these rounds; None without any."""
    told = tuple(rounds)
    if not told:
        return None
    return TextIdentity(
        engines=_each(each.engine for each in told),
        cache=_each(f"{each.cache} by {each.cache_proof}" for each in told),
        timing_source=_each(each.timing_source for each in told),
        prompt_digest=_each(each.prompt_digest for each in told),
        simulated=any(each.simulated for each in told),
    )


def _each(values: Iterable[T]) -> tuple[T, ...]:
    found: list[T] = []
    for value in values:
        if value not in found:
            found.append(value)
    return tuple(found)
