"""Whether lanes count in the same tokens, and whether equal prompts are equally long."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from benchrace.events import Reason
from benchrace.stats.lane import LaneFold
from benchrace.stats.text.quantization import stem
from benchrace.stats.text.text_identity import TextFacts

_COUNT = "prompt_tokens"


def remarks(lanes: Sequence[LaneFold]) -> tuple[Reason, ...]:
    """Yield what limits a comparison of lanes that had the same task."""
    return tuple(dict.fromkeys(_remarks(lanes)))


def unlike(lanes: Sequence[LaneFold]) -> bool:
    """Check whether lanes that had the same task count in tokens that are not comparable."""
    return any(
        not _same_tokens(one, other) and _differ(one, other)
        for one, other in _pairs(lanes)
        if one.texts and other.texts
    )


def _remarks(lanes: Sequence[LaneFold]) -> Iterator[Reason]:
    for one, other in _pairs(lanes):
        if not _differ(one, other):
            continue
        counts = " and ".join(f"{lane.lane.label} ({_tokens(lane)})" for lane in (one, other))
        if _same_tokens(one, other):
            text = (
                f"one prompt has different lengths in tokens: {counts}; it is rendered differently"
            )
            yield Reason("prompt_tokens_differ", text)
        else:
            text = (
                f"token counts are not comparable: {counts} tokens for the same prompt; "
                "compare characters/s"
            )
            yield Reason("tokenizers_differ", text)


def _pairs(lanes: Sequence[LaneFold]) -> Iterator[tuple[LaneFold, LaneFold]]:
    with_text = [lane for lane in lanes if lane.texts]
    for one, other in combinations(with_text, 2):
        if _first(one).prompt_digest == _first(other).prompt_digest:
            yield one, other


def _differ(one: LaneFold, other: LaneFold) -> bool:
    counted = _apart(one, other)
    first, second = _first(one).engine.tokenizer, _first(other).engine.tokenizer
    return counted or (first is not None and second is not None and first != second)


def _apart(one: LaneFold, other: LaneFold) -> bool:
    """Check whether no round of one lane had a prompt as long as one of the other lane.

    Each round has a nonce of its own, and some tokenizers take its digits by uneven groups.
    """
    first, second = one.estimates.get(_COUNT), other.estimates.get(_COUNT)
    if first is None or second is None:
        return False
    a, b = first.summary, second.summary
    if a.min is None or a.max is None or b.min is None or b.max is None:
        return False
    return a.max < b.min or b.max < a.min


def _same_tokens(one: LaneFold, other: LaneFold) -> bool:
    """Compare the tokenizers where both engines report them, else the models' names."""
    first, second = _first(one).engine, _first(other).engine
    if first.tokenizer is not None and second.tokenizer is not None:
        return first.tokenizer == second.tokenizer
    return stem(first.model) == stem(second.model)


def _first(lane: LaneFold) -> TextFacts:
    return next(iter(lane.texts.values()))


def _tokens(lane: LaneFold) -> float | None:
    estimate = lane.estimates.get(_COUNT)
    return None if estimate is None else estimate.summary.median
