"""A run as it is answered: its metadata, what its rounds mean so far, and where its log is."""

from pathlib import Path
from typing import Any

import msgspec
from anyio import to_thread

from benchrace.central.central import Central
from benchrace.errors import Failure
from benchrace.events import Level, Reason
from benchrace.events.payloads import StandingPayload
from benchrace.export import RunDocument
from benchrace.run.metadata import RunLane, RunMetadata
from benchrace.run.summary import HeatStart, LaneSummary, MetricSummary, RoundSummary, RunSummary
from benchrace.stats import Fold
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import StoredLog


class LaneAnswer(RunLane, frozen=True, kw_only=True):
    """A lane as it was planned, with its rounds and what they mean."""

    counted: int = 0
    discarded: int = 0
    verdict: Level | None = None
    marks: tuple[Reason, ...] = ()
    error: Failure | None = None
    summary: dict[str, MetricSummary] = msgspec.field(default_factory=dict)
    rounds: tuple[RoundSummary, ...] = ()


class RunAnswer(RunMetadata, frozen=True, kw_only=True):
    """`offset` and `epoch` say up to where the log is part of this, to read on from there.

    `queue_position` counts from 1 and is null for a run that does not wait.
    """

    lanes: tuple[LaneAnswer, ...]
    heats: tuple[HeatStart, ...]
    standing: StandingPayload | None
    winner: str | None
    winner_reason: str | None
    summary: RunSummary
    offset: int
    queue_position: int | None = None


async def answer(central: Central, run_id: str) -> RunAnswer:
    """Describe a run, live or stored; raises `NotFound`."""
    live = central.live(run_id)
    if live is not None:
        made = _answer(live.metadata, live.fold.summary(), live.log.size)
        return msgspec.structs.replace(made, queue_position=central.queue_position(run_id))
    return await to_thread.run_sync(_stored, central.runs_dir, run_id)


async def document(central: Central, run_id: str) -> RunDocument:
    """Give what exporters take; raises `NotFound`."""
    live = central.live(run_id)
    if live is not None:
        return RunDocument(**msgspec.structs.asdict(live.metadata), summary=live.fold.summary())

    def stored() -> RunDocument:
        folder = RunFolder.open(central.runs_dir, run_id)
        return RunDocument(**msgspec.structs.asdict(folder.metadata), summary=summary_of(folder))

    return await to_thread.run_sync(stored)


def summary_of(folder: RunFolder) -> RunSummary:
    """Read a stored run's summary, or fold its log again where it has none; blocking."""
    try:
        return msgspec.json.decode(folder.summary_path.read_bytes(), type=RunSummary)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fold = Fold(folder.metadata)
        log = StoredLog(folder.log_path, folder.metadata.epoch)
        offset = 0
        while lines := log.read(offset):
            fold.feed(lines)
            offset += len(lines)
        log.close()
        return fold.summary()


def _stored(runs_dir: Path, run_id: str) -> RunAnswer:
    folder = RunFolder.open(runs_dir, run_id)
    log = StoredLog(folder.log_path, folder.metadata.epoch)
    size = log.size
    log.close()
    return _answer(folder.metadata, summary_of(folder), size)


def _answer(metadata: RunMetadata, summary: RunSummary, offset: int) -> RunAnswer:
    meant = {each.lane_id: each for each in summary.lanes}
    known: dict[str, Any] = msgspec.structs.asdict(metadata)
    known["lanes"] = tuple(_lane(each, meant.get(each.lane_id)) for each in metadata.lanes)
    return RunAnswer(
        **known,
        heats=summary.heats,
        standing=summary.standing,
        winner=summary.winner,
        winner_reason=summary.winner_reason,
        summary=summary,
        offset=offset,
    )


def _lane(lane: RunLane, meant: LaneSummary | None) -> LaneAnswer:
    planned: dict[str, Any] = msgspec.structs.asdict(lane)
    return LaneAnswer(**(planned | ({} if meant is None else msgspec.structs.asdict(meant))))
