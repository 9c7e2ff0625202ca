"""The raw rounds of a run's log: their records, with stamps recomputed from raw arrivals."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError
from benchrace.events import Chunks, Known, Measured, RoundDone, decode, head
from benchrace.kinds.llm import LlmRecord, ServeRecord
from benchrace.plugin.llm.response.restamp import (
    Arrivals,
    StampsUnavailable,
    restamp_many,
    restamp_single,
)
from benchrace.run.metadata import RunMetadata
from benchrace.run.rederive import RawRound

_READ = frozenset({"chunks", "round_done"})
Key = tuple[str, int]


class Raw(NamedTuple):
    """A round as the log has it. `restamped` is true where its stamps came out as recorded, null
    where they were not made again, for the `reason`, if it has any.
    """

    round: RawRound
    measured: tuple[Measured, ...]
    metrics_version: int
    restamped: bool | None
    reason: str | None


def raw_rounds(metadata: RunMetadata, lines: Iterable[bytes]) -> Iterator[Raw]:
    """Yield each round that has a record, once, as the log is read; stamps come before it."""
    jobs = {lane.lane_id: lane.job_id for lane in metadata.lanes}
    came: defaultdict[Key, list[Chunks]] = defaultdict(list)
    seen: set[Key] = set()
    for event in _events(lines):
        if event.lane_id not in jobs or event.round is None:
            continue
        if jobs[event.lane_id] not in (None, event.job_id):
            continue
        key = event.lane_id, event.round
        if key in seen:
            continue
        match event:
            case Chunks():
                came[key].append(event)
            case RoundDone():
                seen.add(key)
                stamps = came.pop(key, [])
                if event.payload.record is not None:
                    yield _raw(key, event, arrivals(stamps))


def arrivals(events: Iterable[Chunks]) -> dict[int, Arrivals]:
    """Join the parts of each request; a request with missing parts is left out.

    A part that the log has twice counts once.
    """
    parts: defaultdict[int, dict[int, Chunks]] = defaultdict(dict)
    for event in events:
        parts[event.payload.request].setdefault(event.payload.first, event)
    by_request = {}
    for request, by_first in parts.items():
        t_ns: list[int] = []
        bounds: list[int] = []
        for first in sorted(by_first):
            part = by_first[first].payload
            if part.first != len(t_ns):
                break
            t_ns.extend(part.t_ns)
            bounds.extend(part.bound_ns or (0,) * len(part.t_ns))
        else:
            sent = next(iter(by_first.values())).payload.sent_ns
            by_request[request] = Arrivals(sent_ns=sent, t_ns=t_ns, bound_ns=bounds)
    return by_request


def _raw(key: Key, event: RoundDone, came: dict[int, Arrivals]) -> Raw:
    record = event.payload.record or {}
    restamped, reason = None, None
    try:
        computed = _again(record, came)
    except StampsUnavailable as error:
        reason = str(error)
    else:
        if computed is not None:
            restamped, record = _same(computed, record), computed
    return Raw(
        round=RawRound(lane_id=key[0], round=key[1], record=record),
        measured=event.payload.measured,
        metrics_version=event.payload.metrics_version,
        restamped=restamped,
        reason=reason,
    )


def _again(record: dict[str, Any], came: dict[int, Arrivals]) -> dict[str, Any] | None:
    """Recompute a record of text; None where it is of something else, or simulated."""
    if "prompt_digest" not in record or record.get("simulated"):
        return None
    try:
        if "answer" in record:
            computed: Any = restamp_single(structs.convert(record, LlmRecord), came)
        else:
            computed = restamp_many(structs.convert(record, ServeRecord), came)
    except msgspec.ValidationError as error:
        raise StampsUnavailable(f"the record does not match its type: {error}") from error
    # What the record has beside, of a plugin's own kind, stays.
    return {**record, **msgspec.to_builtins(computed)}


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Compare as the log holds them; a field that an older record lacks counts as equal."""
    return _holds(msgspec.json.decode(msgspec.json.encode(one)), other)


def _holds(computed: Any, recorded: Any) -> bool:
    match recorded:
        case dict():
            return all(
                name in computed and _holds(computed[name], recorded[name]) for name in recorded
            )
        case list():
            return len(computed) == len(recorded) and all(map(_holds, computed, recorded))
        case _:
            return bool(computed == recorded)


def _events(lines: Iterable[bytes]) -> Iterator[Chunks | RoundDone]:
    for line in lines:
        try:
            if head(line).type not in _READ:
                continue
            event = decode(line)
        except (msgspec.DecodeError, BenchraceError):
            continue
        if isinstance(event, Known) and isinstance(event, Chunks | RoundDone):
            yield event
