"""Detect a prompt that the engine seems to have cached, by how soon its first token came.

Not every engine tells its cached count, and one that does may be wrong. A prompt that is in the
cache shows in the time to the first token: it is far under what prompts as long have cost before,
under whatever name and through whatever API the same weights were asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchrace.events import Reason
from benchrace.formatting import duration
from benchrace.kinds.kind import LaneRecord
from benchrace.kinds.llm.ratio import decode
from benchrace.kinds.llm.record import CacheState, EngineFacts, LlmRecord

CODE = "cache_suspected"
# Below these, what is not the evaluation of the prompt takes most of the time.
MIN_TOKENS = 64
MIN_COST_NS = 20_000_000
_SAME_LENGTH = 0.1
_FASTER = 4
# The first evaluation after a load is slow by itself.
_MIN_EARLIER = 2
# Beyond this, two lanes do not run alike: another device, another number of layers on it.
_SAME_PACE = 1.5


class Prefill(NamedTuple):
    """What a prompt cost: its tokens, and the time to the first token without loading, in ns."""

    tokens: int
    ns: int


def review(current: LaneRecord, earlier: Sequence[LaneRecord]) -> Iterable[Reason]:
    """Yield `cache_suspected` where the first token came in a quarter of the time that it took
    at least in another lane of the same weights, or in earlier rounds of this one.
    """
    now = _prefill(current.record)
    if now is None or now.tokens < MIN_TOKENS:
        return
    by_lane: dict[str, list[int]] = defaultdict(list)
    for lane_id, cost in _alike(current, now, earlier):
        by_lane[lane_id].append(cost)
    costs = [min(lane) for lane in by_lane.values() if len(lane) >= _MIN_EARLIER]
    usual = max(costs, default=0)
    if usual >= MIN_COST_NS and now.ns * _FASTER <= usual:
        yield Reason(
            CODE,
            f"the first token came after {duration(now.ns)}, and after"
            f" {duration(usual)} or more for prompts as long ({now.tokens} tokens) before:"
            f" the engine seems to have cached it",
        )


def _alike(
    current: LaneRecord, now: Prefill, earlier: Sequence[LaneRecord]
) -> Iterator[tuple[str, int]]:
    for one in earlier:
        cost = _prefill(one.record)
        if cost is None or abs(cost.tokens - now.tokens) > _SAME_LENGTH * now.tokens:
            continue
        same_lane = one.lane_id == current.lane_id
        if same_lane or _comparable(one.record, current.record):
            yield one.lane_id, cost.ns


def _prefill(record: LlmRecord) -> Prefill | None:
    """Return None where a prompt may rightly be cached, or its length is unknown."""
    answer = record.answer
    tokens = answer.usage.prompt
    if not record.nonce or record.cache is CacheState.PREFIX_HIT:
        return None
    if tokens is None or answer.first_ns is None:
        return None
    return Prefill(tokens, answer.first_ns - answer.send_ns - (answer.times.load_ns or 0))


def _comparable(one: LlmRecord, other: LlmRecord) -> bool:
    """Check whether two lanes have the same weights, in the same state, on hardware as fast."""
    if one.cache is not other.cache or not _same_weights(one.engine, other.engine):
        return False
    a, b = decode(one.answer).value, decode(other.answer).value
    return a is not None and b is not None and max(a, b) <= _SAME_PACE * min(a, b)


def _same_weights(one: EngineFacts, other: EngineFacts) -> bool:
    if one.host != other.host:
        return False
    if one.weights is not None and other.weights is not None:
        return one.weights == other.weights
    weights = [
        (engine.name, engine.model, engine.digest, engine.quantization) for engine in (one, other)
    ]
    return weights[0] == weights[1]
