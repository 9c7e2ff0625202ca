"""The record of a whole round: the answers of all of its parts, on one clock."""

from collections.abc import Iterable, Sequence

import msgspec

from benchrace.kinds.llm import Answer, CacheProof, CacheState, FirstChunks, Gaps, ServeRecord
from benchrace.plugin.llm.response import inter_chunk
from benchrace.plugin.stream import TimingSource

# What must be equal for answers to be of one server.
_ENGINE = ("name", "version", "model", "digest")
_SHIFTED = ("send_ns", "first_ns", "output_ns", "last_ns", "end_ns", "scheduled_ns")


def union(records: Sequence[ServeRecord], at_ns: Sequence[int], gaps: Gaps) -> ServeRecord:
    """Return one record with all answers, in the order of sending, and the doubts of all parts.

    The engine facts come from the lane's own machine. The steady window is left out, since each
    client measures its own.
    """
    answers = [
        shifted(answer, zero)
        for record, zero in zip(records, at_ns, strict=True)
        for answer in record.answers
    ]
    own = records[0]
    # A machine that had nothing to send knows nothing of caches and stamps.
    sent = [record for record in records if record.answers] or records
    reasons = [record.fallback_reason for record in records]
    return msgspec.structs.replace(
        own,
        answers=tuple(sorted(answers, key=lambda answer: answer.send_ns)),
        gaps=gaps,
        steady=None,
        client=None,
        began_ns=None,
        cache=_cache(sent),
        cache_proof=_proof(sent),
        timing_source=_one((record.timing_source for record in sent), TimingSource.MIXED),
        simulated=any(record.simulated for record in records),
        fallback_reason=next(filter(None, reasons), None),
        alone=_alone(records),
        stayed=tuple(dict.fromkeys(name for record in records for name in record.stayed)),
    )


def shifted(answer: Answer, by_ns: int) -> Answer:
    """Return an answer with all of its instants `by_ns` later."""
    instants = {name: getattr(answer, name) for name in _SHIFTED}
    moved = {name: at + by_ns for name, at in instants.items() if at is not None}
    first: FirstChunks | None = answer.first
    if first is not None:
        first = msgspec.structs.replace(first, end_ns=first.end_ns + by_ns)
    return msgspec.structs.replace(answer, **moved, first=first)


def pooled(records: Sequence[ServeRecord], gaps: Iterable[Sequence[int] | None]) -> Gaps:
    """Return the gaps of all parts together; without percentiles where stamps are missing.

    A percentile of parts does not follow from those of each part.
    """
    values: list[int] = []
    for part in gaps:
        if part is None:
            break
        values.extend(part)
    else:
        return inter_chunk.digest(values)
    longest = [record.gaps.max_ns for record in records if record.gaps.max_ns is not None]
    return Gaps(
        n=sum(record.gaps.n for record in records),
        max_ns=max(longest, default=None),
        stalls=sum(record.gaps.stalls for record in records),
    )


def different_engines(records: Sequence[ServeRecord]) -> str | None:
    """Return the field in which the engines that answered differ; None where they are one."""
    for name in _ENGINE:
        values = {getattr(record.engine, name) for record in records}
        if len(values) > 1:
            return name
    return None


def _cache(records: Sequence[ServeRecord]) -> CacheState:
    states = {record.cache for record in records}
    if CacheState.PREFIX_HIT in states:
        return CacheState.PREFIX_HIT
    return states.pop() if len(states) == 1 else CacheState.UNKNOWN


def _proof(records: Sequence[ServeRecord]) -> CacheProof:
    proofs = {record.cache_proof for record in records}
    if CacheProof.NONE in proofs:
        return CacheProof.NONE
    return proofs.pop() if len(proofs) == 1 else CacheProof.INFERRED


def _one(values: Iterable[str], mixed: str) -> str:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else mixed


def _alone(records: Sequence[ServeRecord]) -> bool | None:
    known_values = [record.alone for record in records if record.alone is not None]
    return all(known_values) if known_values else None
