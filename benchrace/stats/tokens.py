"""Whether lanes count in the same tokens, and whether equal prompts came out equally long."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from benchrace.events import Reason
from benchrace.stats.lane import LaneFold
from benchrace.stats.quantization import stem
from benchrace.stats.said import Said

_COUNT = "prompt_tokens"


def remarks(lanes: Sequence[LaneFold]) -> tuple[Reason, ...]:
    """Say what stands between lanes that were asked the same."""
    return tuple(dict.fromkeys(_remarks(lanes)))


def unlike(lanes: Sequence[LaneFold]) -> bool:
    """Tell whether lanes that were asked the same count in tokens that do not compare."""
    return any(
        not _same_tokens(one, other) and _differ(one, other)
        for one, other in _pairs(lanes)
        if one.said and other.said
    )


def _remarks(lanes: Sequence[LaneFold]) -> Iterator[Reason]:
    for one, other in _pairs(lanes):
        if not _differ(one, other):
            continue
        told = " and ".join(f"{each.lane.label} ({_tokens(each)})" for each in (one, other))
        if _same_tokens(one, other):
            text = f"one prompt has unlike lengths in tokens: {told}; it is rendered differently"
            yield Reason("prompt_tokens_differ", text)
        else:
            text = f"tokens do not compare: {told} tokens for one prompt; characters/s do"
            yield Reason("tokenizers_differ", text)


def _pairs(lanes: Sequence[LaneFold]) -> Iterator[tuple[LaneFold, LaneFold]]:
    spoken = [each for each in lanes if each.said]
    for one, other in combinations(spoken, 2):
        if _first(one).prompt_digest == _first(other).prompt_digest:
            yield one, other


def _differ(one: LaneFold, other: LaneFold) -> bool:
    a, b = _tokens(one), _tokens(other)
    counted = a is not None and b is not None and a != b
    first, second = _first(one).engine.tokenizer, _first(other).engine.tokenizer
    return counted or (first is not None and second is not None and first != second)


def _same_tokens(one: LaneFold, other: LaneFold) -> bool:
    """By the tokenizer where both engines tell it, else by the models' names."""
    first, second = _first(one).engine, _first(other).engine
    if first.tokenizer is not None and second.tokenizer is not None:
        return first.tokenizer == second.tokenizer
    return stem(first.model) == stem(second.model)


def _first(lane: LaneFold) -> Said:
    return next(iter(lane.said.values()))


def _tokens(lane: LaneFold) -> float | None:
    found = lane.estimates.get(_COUNT)
    return None if found is None else found.summary.median
