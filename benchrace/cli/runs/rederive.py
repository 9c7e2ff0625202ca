"""Recompute a stored run's numbers in workers with its plugins, and store them beside it."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from benchrace import __version__, structs
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.one_shot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import WORKER
from benchrace.errors import BenchraceError, Category
from benchrace.events import JobStart, decode, head
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.protocol.agent_worker import DeriveOrder, WorkerSetup
from benchrace.run.lane import RunLane
from benchrace.run.rederive import Derivation, DerivedRound, Rederived
from benchrace.stats import rederive
from benchrace.stats.raw import Raw, raw_rounds
from benchrace.store import atomic
from benchrace.store.regular import open_regular
from benchrace.store.run_folder import DERIVED, RunFolder
from benchrace.view.lines import Lines

_PIECE = 1 << 20
_ROUNDS = 100
_BYTES = 4 << 20
_LIMIT_S = 120.0


async def derive(folder: RunFolder, data: Path) -> Derivation:
    """Recompute all rounds and write `derived.json`; log and summary are not touched.

    Raises `validation` where a plugin that the run needs is not installed here.
    """
    lanes = _lanes(folder)
    raw = tuple(raw_rounds(folder.metadata, _lines(folder.log_path)))
    refs = await _plugins(data, frozenset(lane.backend for lane in lanes))
    workloads: dict[str, WorkloadDescription] = {}
    derived: list[DerivedRound] = []
    for rounds in _batches(raw):
        order = DeriveOrder(
            setup=WorkerSetup(plugins=refs),
            kind=folder.metadata.kind,
            lanes=lanes,
            rounds=tuple(round_.round for round_ in rounds),
        )
        answer = structs.convert(await ask(WORKER, order, _LIMIT_S), Rederived)
        workloads |= answer.workloads
        derived += answer.rounds
    derivation = _derivation(folder, raw, derived, workloads)
    text = msgspec.json.format(msgspec.json.encode(derivation), indent=1) + b"\n"
    atomic.write(folder.path / DERIVED, text)
    return derivation


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
    for item in raw:
        then[backends[item.round.lane_id]].add(item.metrics_version)
    return Derivation(
        run_id=metadata.run_id,
        derived_at=time.time(),
        version=__version__,
        metrics_version={name: item.metrics_version for name, item in workloads.items()},
        metrics_version_then={name: tuple(sorted(versions)) for name, versions in then.items()},
        rounds=len(numbers),
        changes=rederive.changes(raw, numbers),
        problems=tuple(
            f"{item.lane_id}, round {item.round}: {item.problem}"
            for item in derived
            if item.problem is not None
        ),
        restamped=rederive.restamped(raw),
        summary=rederive.summary(metadata, _lines(folder.log_path), numbers, workloads),
    )


async def _plugins(data: Path, backends: frozenset[str]) -> tuple[PluginRef, ...]:
    plugins = Plugins(data / "cache" / "describe", WORKER, Slot("this machine", None))
    await plugins.once()
    offered = {one.name for plugin in plugins.described if plugin.ok for one in plugin.backends}
    if missing := sorted(backends - offered):
        raise BenchraceError(
            Category.VALIDATION,
            f"no installed plugin offers {', '.join(missing)}, which measured this run",
            "Install it here: a plugin's own code recomputes its numbers.",
        )
    return plugins.for_backends(backends, None)


def _lanes(folder: RunFolder) -> tuple[RunLane, ...]:
    """Return the lanes with the complete parameters that their jobs ran with."""
    complete: dict[str, dict[str, Any]] = {}
    for line in _lines(folder.log_path):
        try:
            event = decode(line) if head(line).type == "job_start" else None
        except (msgspec.DecodeError, BenchraceError):
            continue
        if isinstance(event, JobStart):
            complete |= {lane.lane_id: lane.params for lane in event.payload.lanes}
    return tuple(
        msgspec.structs.replace(lane, params=complete.get(lane.lane_id, lane.params))
        for lane in folder.metadata.lanes
    )


def _batches(raw: Sequence[Raw]) -> Iterator[list[Raw]]:
    batch: list[Raw] = []
    size = 0
    for recorded in raw:
        batch.append(recorded)
        size += len(msgspec.json.encode(recorded.round))
        if len(batch) == _ROUNDS or size > _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _open(path: Path) -> BinaryIO:
    try:
        return os.fdopen(open_regular(path), "rb")
    except OSError as error:
        raise atomic.failure(path, error) from error


def _lines(path: Path) -> Iterator[bytes]:
    lines = Lines()
    with _open(path) as log:
        while piece := log.read(_PIECE):
            yield from lines.feed(piece)
