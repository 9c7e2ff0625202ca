"""Facts about rounds of text beside their numbers: the prompt, the model, the answer."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from benchrace import structs
from benchrace.kinds.llm import EngineFacts
from benchrace.run.text_identity import TextIdentity

T = TypeVar("T")


class TextFacts(msgspec.Struct, frozen=True):
    """Parts of a text round's record. `text` is null where the kind keeps none."""

    prompt_digest: str
    engine: EngineFacts
    nonce: str = ""
    text: str | None = None
    reference: str = ""
    cache: str = "unknown"
    cache_proof: str = "none"
    timing_source: str = "user"
    simulated: bool = False


def text_facts(record: dict[str, Any] | None) -> TextFacts | None:
    """Read a round's record; None where it is not of text, or malformed."""
    if not record or "prompt_digest" not in record:
        return None
    try:
        return structs.convert(record, TextFacts)
    except msgspec.ValidationError:
        return None


def identity(rounds: Iterable[TextFacts]) -> TextIdentity | None:
    """Collect what identifies the results of these rounds; None without any."""
    texts = tuple(rounds)
    if not texts:
        return None
    return TextIdentity(
        engines=_distinct(text.engine for text in texts),
        cache=_distinct(f"{text.cache} by {text.cache_proof}" for text in texts),
        timing_source=_distinct(text.timing_source for text in texts),
        prompt_digest=_distinct(text.prompt_digest for text in texts),
        simulated=any(text.simulated for text in texts),
    )


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    distinct: list[T] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return tuple(distinct)
