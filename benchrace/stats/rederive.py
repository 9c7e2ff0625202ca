"""A run's summary by numbers that were derived again, and how they differ from what they were."""

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

_MOST_REASONS = 10
Numbers = dict[tuple[str, int], tuple[Measured, ...]]


def merged(raw: Sequence[Raw], derived: Sequence[DerivedRound]) -> Numbers:
    """Lay what was derived over what was measured, by lane and round.

    A metric that no record gives was measured by the backend itself, and stays.
    """
    found = {(each.lane_id, each.round): each for each in derived if each.problem is None}
    numbers: Numbers = {}
    for each in raw:
        key = each.round.lane_id, each.round.round
        if key in found:
            before = {one.metric: one for one in each.measured}
            now = {one.metric: one for one in found[key].measured}
            numbers[key] = tuple((before | now).values())
    return numbers


def changes(raw: Iterable[Raw], numbers: Numbers) -> tuple[Change, ...]:
    """List the metrics of each lane that are not what they were."""
    found: dict[tuple[str, str], Change] = {}
    for each in raw:
        lane_id, number = each.round.lane_id, each.round.round
        if (lane_id, number) not in numbers:
            continue
        before = {one.metric: one for one in each.measured}
        now = {one.metric: one for one in numbers[lane_id, number]}
        for metric in dict.fromkeys((*before, *now)):
            if before.get(metric) == now.get(metric):
                continue
            key = lane_id, metric
            first = found.get(key) or Change(
                lane_id=lane_id,
                metric=metric,
                rounds=0,
                first_round=number,
                was=before.get(metric),
                now=now.get(metric),
            )
            found[key] = msgspec.structs.replace(first, rounds=first.rounds + 1)
    return tuple(found.values())


def restamped(raw: Sequence[Raw]) -> Restamped | None:
    """Count how raw arrivals agree with records; None where no record has any."""
    made = [each for each in raw if each.restamped is not None or each.reason is not None]
    if not made:
        return None
    reasons = dict.fromkeys(each.reason for each in made if each.reason is not None)
    return Restamped(
        same=sum(each.restamped is True for each in made),
        different=sum(each.restamped is False for each in made),
        unknown=sum(each.restamped is None for each in made),
        reasons=tuple(reasons)[:_MOST_REASONS],
    )


def summary(
    metadata: RunMetadata,
    lines: Iterable[bytes],
    numbers: Numbers,
    workloads: Mapping[str, WorkloadDescription],
) -> RunSummary:
    """Fold the log as if each round had been measured with these numbers."""
    known = metadata.workloads | dict(workloads)
    fold = Fold(msgspec.structs.replace(metadata, workloads=known))
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
