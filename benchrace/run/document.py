"""The whole document of a run: its metadata, and the summary of each lane."""

import msgspec

from benchrace import structs
from benchrace.errors import Failure, FieldError, InvalidInput
from benchrace.events import Level, Reason
from benchrace.events.payloads import StandingPayload
from benchrace.run.findings.ceiling import CeilingShare
from benchrace.run.findings.likeness import Likeness
from benchrace.run.flat import Flat, flat
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.result import Result
from benchrace.run.summary import (
    Agreement,
    ClientSummary,
    EnergySource,
    HeatStart,
    Knee,
    LaneSummary,
    MetricSummary,
    RoundSummary,
    RunSummary,
)
from benchrace.run.text_identity import TextIdentity


class DocumentLane(RunLane, frozen=True, kw_only=True):
    """A planned lane, with its `LaneSummary`."""

    counted: int
    discarded: int
    verdict: Level | None
    marks: tuple[Reason, ...]
    error: Failure | None
    summary: dict[str, MetricSummary]
    rounds: tuple[RoundSummary, ...]
    agreement: Agreement | None = None
    text: TextIdentity | None = None
    missing: int = 0
    energy: tuple[EnergySource, ...] = ()
    likeness: Likeness | None = None
    ceiling: CeilingShare | None = None
    client_loads: tuple[ClientSummary, ...] = ()


class RunDocument(RunMetadata, frozen=True, kw_only=True):
    """A run as the API answers it and as `json` exports it.

    `summary` is the older flat form, of medians, by machine (by lane where machines have several).
    `result` is null while nothing is ranked.
    """

    lanes: tuple[DocumentLane, ...]
    heats: tuple[HeatStart, ...]
    standing: StandingPayload | None
    winner: str | None
    winner_reason: str | None
    summary: dict[str, Flat]
    remarks: tuple[Reason, ...] = ()
    knees: tuple[Knee, ...] = ()
    result: Result | None = None


def ranked(run: RunDocument) -> list[DocumentLane]:
    """Return the lanes best first, tied ones too; those without a place last, in the run's order.

    Every table of a run is in this order, so that two of them can be compared line by line.
    """
    places = run.standing.places if run.standing else ()
    order = {place.lane_id: at for at, place in enumerate(places) if place.place is not None}
    return sorted(run.lanes, key=lambda lane: order.get(lane.lane_id, len(run.lanes)))


_decoder = structs.decoder(RunDocument)


def document(metadata: RunMetadata, summary: RunSummary) -> RunDocument:
    """Combine metadata and summary; raises `KeyError` where they are of different runs."""
    summaries = {lane.lane_id: lane for lane in summary.lanes}
    fields = msgspec.structs.asdict(metadata)
    return RunDocument(
        **fields
        | {
            "lanes": tuple(_lane(lane, summaries[lane.lane_id]) for lane in metadata.lanes),
            "heats": summary.heats,
            "standing": summary.standing,
            "winner": summary.winner,
            "winner_reason": summary.winner_reason,
            "summary": flat(summary),
            "remarks": summary.remarks,
            "knees": summary.knees,
            "result": summary.result,
            "simulated": metadata.simulated or summary.simulated,
        }
    )


def decode(data: bytes) -> RunDocument:
    """Read a document, leaving out what a newer version added; raises `InvalidInput`."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise InvalidInput(FieldError("", f"invalid run document: {error}")) from error


def _lane(lane: RunLane, summary: LaneSummary) -> DocumentLane:
    return DocumentLane(
        **msgspec.structs.asdict(lane),
        counted=summary.counted,
        discarded=summary.discarded,
        verdict=summary.verdict,
        marks=summary.marks,
        error=summary.error,
        summary=summary.summary,
        rounds=summary.rounds,
        agreement=summary.agreement,
        text=summary.text,
        missing=summary.missing,
        energy=summary.energy,
        likeness=summary.likeness,
        ceiling=summary.ceiling,
        client_loads=summary.client_loads,
    )
