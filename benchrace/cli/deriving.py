"""Derive a stored run's numbers again, in workers that have its plugins, and keep them beside."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from benchrace import __version__
from benchrace.agent.oneshot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import WORKER
from benchrace.agent.slot import Slot
from benchrace.errors import BenchraceError, Category
from benchrace.events import JobStart, decode, head
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.entry_points import PluginRef
from benchrace.run.control import DeriveOrder
from benchrace.run.job import JobLane
from benchrace.run.lines import Lines
from benchrace.run.rederive import Derivation, DerivedRound, Rederived
from benchrace.stats import rederive
from benchrace.stats.raw import Raw, raw_rounds
from benchrace.store import atomic
from benchrace.store.run_folder import DERIVED, RunFolder

_PIECE = 1 << 20
_ROUNDS = 100
_BYTES = 4 << 20
_LIMIT_S = 120.0


async def derive(folder: RunFolder, data: Path) -> Derivation:
    """Derive all rounds again and write `derived.json`; the log and the summary are not touched.

    Raises `validation` where a plugin that the run needs is not installed here.
    """
    lanes = _lanes(folder)
    raw = tuple(raw_rounds(folder.metadata, _lines(folder.log_path)))
    refs = await _plugins(data, frozenset(lane.backend for lane in lanes))
    workloads: dict[str, WorkloadDescription] = {}
    derived: list[DerivedRound] = []
    for rounds in _batches(raw):
        order = DeriveOrder(
            plugins=refs,
            kind=folder.metadata.kind,
            lanes=lanes,
            rounds=tuple(each.round for each in rounds),
        )
        answer = msgspec.convert(await ask(WORKER, order, _LIMIT_S), Rederived)
        workloads |= answer.workloads
        derived += answer.rounds
    made = _derivation(folder, raw, derived, workloads)
    text = msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"
    atomic.write(folder.path / DERIVED, text)
    return made


def _derivation(
    folder: RunFolder,
    raw: Sequence[Raw],
    derived: Sequence[DerivedRound],
    workloads: dict[str, WorkloadDescription],
) -> Derivation:
    metadata = folder.metadata
    numbers = rederive.merged(raw, derived)
    backends = {lane.lane_id: lane.backend for lane in metadata.lanes}
    then: defaultdict[str, set[int]] = defaultdict(set)
    for each in raw:
        then[backends[each.round.lane_id]].add(each.metrics_version)
    return Derivation(
        run_id=metadata.run_id,
        derived_at=time.time(),
        version=__version__,
        metrics_version={name: each.metrics_version for name, each in workloads.items()},
        metrics_version_then={name: tuple(sorted(found)) for name, found in then.items()},
        rounds=len(numbers),
        changes=rederive.changes(raw, numbers),
        problems=tuple(
            f"{each.lane_id}, round {each.round}: {each.problem}"
            for each in derived
            if each.problem is not None
        ),
        restamped=rederive.restamped(raw),
        summary=rederive.summary(metadata, _lines(folder.log_path), numbers, workloads),
    )


async def _plugins(data: Path, backends: frozenset[str]) -> tuple[PluginRef, ...]:
    plugins = Plugins(data / "cache" / "describe", WORKER, Slot("this machine", None))
    await plugins.refresh()
    known = {one.name for each in plugins.described if each.ok for one in each.backends}
    if missing := sorted(backends - known):
        raise BenchraceError(
            Category.VALIDATION,
            f"no plugin here offers {', '.join(missing)}, which measured this run",
            "Install it here: numbers are derived by the plugin's own kind of work.",
        )
    return plugins.for_backends(backends, None)


def _lanes(folder: RunFolder) -> tuple[JobLane, ...]:
    """Give the lanes with the complete parameters that their jobs ran with."""
    complete: dict[str, dict[str, Any]] = {}
    for line in _lines(folder.log_path):
        try:
            event = decode(line) if head(line).type == "job_start" else None
        except (msgspec.DecodeError, BenchraceError):
            continue
        if isinstance(event, JobStart):
            complete |= {each.lane_id: each.params for each in event.payload.lanes}
    return tuple(
        JobLane(
            lane_id=lane.lane_id,
            label=lane.label,
            backend=lane.backend,
            params=complete.get(lane.lane_id, lane.params),
        )
        for lane in folder.metadata.lanes
    )


def _batches(raw: Sequence[Raw]) -> Iterator[list[Raw]]:
    batch: list[Raw] = []
    size = 0
    for each in raw:
        batch.append(each)
        size += len(msgspec.json.encode(each.round))
        if len(batch) == _ROUNDS or size > _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lines(path: Path) -> Iterator[bytes]:
    lines = Lines()
    with path.open("rb") as log:
        while piece := log.read(_PIECE):
            yield from lines.feed(piece)
