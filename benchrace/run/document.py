"""The whole document of a run: its metadata, and what its rounds mean, lane by lane."""

import msgspec

from benchrace.errors import Failure, FieldError, InvalidInput
from benchrace.events import Level, Reason
from benchrace.events.payloads import StandingPayload
from benchrace.run.flat import Flat, flat
from benchrace.run.metadata import RunLane, RunMetadata
from benchrace.run.summary import (
    Agreement,
    HeatStart,
    Knee,
    LaneSummary,
    MetricSummary,
    RoundSummary,
    RunSummary,
)
from benchrace.run.text import TextIdentity


class DocumentLane(RunLane, frozen=True, kw_only=True):
    """A lane as it was planned, with what `LaneSummary` says of it."""

    counted: int
    discarded: int
    verdict: Level | None
    marks: tuple[Reason, ...]
    error: Failure | None
    summary: dict[str, MetricSummary]
    rounds: tuple[RoundSummary, ...]
    agreement: Agreement | None = None
    text: TextIdentity | None = None


class RunDocument(RunMetadata, frozen=True, kw_only=True):
    """A run as the API answers it and as `json` exports it.

    `summary` is the older flat form, of medians, by machine (by lane where machines have several).
    """

    lanes: tuple[DocumentLane, ...]
    heats: tuple[HeatStart, ...]
    standing: StandingPayload | None
    winner: str | None
    winner_reason: str | None
    summary: dict[str, Flat]
    remarks: tuple[Reason, ...] = ()
    knees: tuple[Knee, ...] = ()


_decoder = msgspec.json.Decoder(RunDocument)


def document(metadata: RunMetadata, summary: RunSummary) -> RunDocument:
    """Put both together; raises `KeyError` where they are not of one run."""
    said = {lane.lane_id: lane for lane in summary.lanes}
    known = msgspec.structs.asdict(metadata)
    return RunDocument(
        **known
        | {
            "lanes": tuple(_lane(lane, said[lane.lane_id]) for lane in metadata.lanes),
            "heats": summary.heats,
            "standing": summary.standing,
            "winner": summary.winner,
            "winner_reason": summary.winner_reason,
            "summary": flat(summary),
            "remarks": summary.remarks,
            "knees": summary.knees,
        }
    )


def decode(data: bytes) -> RunDocument:
    """Read a document, leaving out what a newer version added; raises `InvalidInput`."""
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise InvalidInput(FieldError("", f"this is no document of a run: {error}")) from error


def _lane(lane: RunLane, said: LaneSummary) -> DocumentLane:
    return DocumentLane(
        lane_id=lane.lane_id,
        label=lane.label,
        machine_id=lane.machine_id,
        backend=lane.backend,
        params=lane.params,
        job_id=lane.job_id,
        counted=said.counted,
        discarded=said.discarded,
        verdict=said.verdict,
        marks=said.marks,
        error=said.error,
        summary=said.summary,
        rounds=said.rounds,
        agreement=said.agreement,
        text=said.text,
    )
