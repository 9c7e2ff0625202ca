"""A run's summary from metrics derived again, and how they differ from the recorded ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from benchrace.errors import BenchraceError
from benchrace.events import Measured, RoundDone, decode, encode, head
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.metadata import RunMetadata
from benchrace.run.rederive import Change, DerivedRound, Restamped
from benchrace.run.summary import RunSummary
from benchrace.stats.fold import Fold
from benchrace.stats.raw import Raw

_MAX_REASONS = 10
Numbers = dict[tuple[str, int], tuple[Measured, ...]]


def merged(raw: Sequence[Raw], derived: Sequence[DerivedRound]) -> Numbers:
    """Overlay the derived values on the measured ones, by lane and round.

    A metric that no record gives was measured by the backend itself, and stays.
    """
    recomputed = {
        (round_.lane_id, round_.round): round_ for round_ in derived if round_.problem is None
    }
    numbers: Numbers = {}
    for round_ in raw:
        key = round_.round.lane_id, round_.round.round
        if key in recomputed:
            before = {one.metric: one for one in round_.measured}
            now = {one.metric: one for one in recomputed[key].measured}
            numbers[key] = tuple((before | now).values())
    return numbers


def changes(raw: Iterable[Raw], numbers: Numbers) -> tuple[Change, ...]:
    """List the metrics of each lane that are not what they were."""
    changed: dict[tuple[str, str], Change] = {}
    for round_ in raw:
        lane_id, number = round_.round.lane_id, round_.round.round
        if (lane_id, number) not in numbers:
            continue
        before = {one.metric: one for one in round_.measured}
        now = {one.metric: one for one in numbers[lane_id, number]}
        for metric in dict.fromkeys((*before, *now)):
            if before.get(metric) == now.get(metric):
                continue
            key = lane_id, metric
            first = changed.get(key) or Change(
                lane_id=lane_id,
                metric=metric,
                rounds=0,
                first_round=number,
                was=before.get(metric),
                now=now.get(metric),
            )
            changed[key] = msgspec.structs.replace(first, rounds=first.rounds + 1)
    return tuple(changed.values())


def restamped(raw: Sequence[Raw]) -> Restamped | None:
    """Count how raw arrivals agree with records; None where no record has any."""
    checked = [
        round_ for round_ in raw if round_.restamped is not None or round_.reason is not None
    ]
    if not checked:
        return None
    reasons = dict.fromkeys(round_.reason for round_ in checked if round_.reason is not None)
    return Restamped(
        same=sum(round_.restamped is True for round_ in checked),
        different=sum(round_.restamped is False for round_ in checked),
        unknown=sum(round_.restamped is None for round_ in checked),
        reasons=tuple(reasons)[:_MAX_REASONS],
    )


def summary(
    metadata: RunMetadata,
    lines: Iterable[bytes],
    numbers: Numbers,
    workloads: Mapping[str, WorkloadDescription],
) -> RunSummary:
    """Fold the log as if each round had been measured with these numbers."""
    workloads_ = metadata.workloads | dict(workloads)
    fold = Fold(msgspec.structs.replace(metadata, workloads=workloads_))
    for line in _replaced(lines, numbers):
        fold.feed(line)
    return fold.summary()


def _replaced(lines: Iterable[bytes], numbers: Numbers) -> Iterator[bytes]:
    for line in lines:
        yield _line(line, numbers)


def _line(line: bytes, numbers: Numbers) -> bytes:
    try:
        start = head(line)
        key = start.lane_id or "", -1 if start.round is None else start.round
        if start.type != "round_done" or key not in numbers:
            return line + b"\n"
        event = decode(line)
    except (msgspec.DecodeError, BenchraceError):
        return line + b"\n"
    if not isinstance(event, RoundDone):
        return line + b"\n"
    payload = msgspec.structs.replace(event.payload, measured=numbers[key])
    return encode(msgspec.structs.replace(event, payload=payload))
