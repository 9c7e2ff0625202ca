"""Join the parts of a round, one by each machine, into the round of the lane."""

from collections.abc import Mapping, Sequence

import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events import Level, Reason, RoundDone, Verdict
from benchrace.events.payloads import JobBegun, RoundDonePayload
from benchrace.formatting import duration
from benchrace.kinds import Metric
from benchrace.kinds.llm import ServeParams, ServeRecord
from benchrace.plugin.llm.share import LEAD_NS
from benchrace.run.lane import RunLane
from benchrace.stats.clients.figures import figures, in_order
from benchrace.stats.clients.naming import of_machine
from benchrace.stats.clients.part import PartRound, Zeros, zeros
from benchrace.stats.clients.union import different_engines, pooled, union

# As of machines that start a heat: further apart, the load was not the one that was asked.
APART_NS = 50_000_000


def join(
    lane: RunLane,
    parts: Sequence[PartRound],
    starts: Mapping[str, JobBegun],
    metrics: Sequence[Metric],
) -> RoundDone:
    """Return the lane's round, as its own machine's event, with the metrics of all answers.

    `parts` are in the order of the lane's machines. A part that failed fails the round.
    """
    failed = next((part for part in parts if part.done.payload.error is not None), None)
    if failed is not None and failed.done.payload.error is not None:
        return fail(parts, of_machine(failed.machine, failed.done.payload.error))
    try:
        records = [_record(part) for part in parts]
        params = _params(lane)
    except BenchraceError as error:
        return fail(parts, error.failure())
    places = zeros(parts, records, starts)
    at_ns = (0,) * len(parts) if isinstance(places, str) else places.at_ns
    gaps = [part.gaps for part in parts]
    record = union(records, at_ns, pooled(records, gaps))
    derived = figures(record, records, params, places, stamps=None not in gaps)
    payload = msgspec.structs.replace(
        parts[0].done.payload,
        elapsed_ns=_elapsed(parts, places),
        record=msgspec.to_builtins(record),
        measured=tuple(in_order(metrics, derived)),
        verdict=_verdict(parts, records, places),
    )
    return msgspec.structs.replace(parts[0].done, payload=payload)


def fail(parts: Sequence[PartRound], error: Failure) -> RoundDone:
    """Return a round that failed, with the verdicts of the parts that are there."""
    done = parts[0].done
    payload = RoundDonePayload(
        warmup=done.payload.warmup,
        heat=done.payload.heat,
        elapsed_ns=max(part.done.payload.elapsed_ns for part in parts),
        record=None,
        measured=(),
        verdict=_worst(parts).worse(Level.INVALID, error.category, error.message),
        metrics_version=done.payload.metrics_version,
        error=error,
    )
    return msgspec.structs.replace(done, payload=payload)


def _record(part: PartRound) -> ServeRecord:
    try:
        return structs.convert(part.done.payload.record, ServeRecord)
    except msgspec.ValidationError as error:
        text = f"{part.machine}: the record of this round cannot be read: {error}"
        raise BenchraceError(Category.BAD_OUTPUT, text) from error


def _params(lane: RunLane) -> ServeParams:
    # Metrics do not depend on a backend's own options.
    names = ServeParams.__struct_fields__
    values = {name: value for name, value in lane.params.items() if name in names}
    try:
        return structs.convert(values, ServeParams)
    except msgspec.ValidationError as error:
        text = f"the parameters of {lane.label} cannot be read: {error}"
        raise BenchraceError(Category.BAD_OUTPUT, text) from error


def _worst(parts: Sequence[PartRound]) -> Verdict:
    """Return the worst verdict of the parts; each reason names its machine."""
    verdict = Verdict(Level.VALID, ())
    for part in parts:
        own = part.done.payload.verdict
        for reason in own.reasons:
            verdict = verdict.worse(own.level, reason.code, f"{part.machine}: {reason.text}")
        if not own.reasons and own.level is not Level.VALID:
            verdict = verdict.worse(own.level, "part", f"{part.machine}: {own.level.value}")
    return verdict


def _verdict(
    parts: Sequence[PartRound], records: Sequence[ServeRecord], places: Zeros | str
) -> Verdict:
    verdict = _worst(parts)
    if (field := different_engines(records)) is not None:
        values = (
            f"{part.machine} {getattr(record.engine, field)}"
            for part, record in zip(parts, records, strict=True)
        )
        text = f"the clients do not have the same {field} of the engine: {', '.join(values)}"
        verdict = verdict.worse(Level.INVALID, "different_engines", text)
    if parts[0].done.payload.heat is None:
        return verdict
    if isinstance(places, str):
        return verdict.worse(Level.SUSPECT, "clients_apart", places)
    if (reason := _apart(parts, records, places)) is not None:
        verdict = verdict.worse(Level.SUSPECT, reason.code, reason.text)
    return verdict


def _apart(
    parts: Sequence[PartRound], records: Sequence[ServeRecord], places: Zeros
) -> Reason | None:
    late = max(places.at_ns)
    if late <= APART_NS:
        return None
    first, last = (places.at_ns.index(at) for at in (0, late))
    text = f"{parts[last].machine} began {duration(late)} after {parts[first].machine}"
    began_ns, started_ns = records[last].began_ns, parts[last].started_ns
    if began_ns is not None and started_ns is not None:
        ahead_ns = began_ns - started_ns
        if ahead_ns > LEAD_NS + APART_NS:
            took, planned = duration(ahead_ns), duration(LEAD_NS)
            text = f"{text}: opening its connections took {took}, for which {planned} are planned"
    return Reason("clients_apart", text)


def _elapsed(parts: Sequence[PartRound], places: Zeros | str) -> int:
    took = [part.done.payload.elapsed_ns for part in parts]
    if isinstance(places, str):
        return max(took)
    return max(at + elapsed for at, elapsed in zip(places.at_ns, took, strict=True))
