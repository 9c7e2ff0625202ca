"""Fetches the files that rounds made from their machines, when those measure nothing."""

import logging
import time
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread

from benchrace.central.artifacts import refusals
from benchrace.central.disk import REFUSALS, Disk
from benchrace.central.fetch import DiskRefused, Fetch
from benchrace.central.fleet import Fleet
from benchrace.central.machine import Machine
from benchrace.central.runs import Runs
from benchrace.central.session import Session
from benchrace.central.settings import CentralSettings
from benchrace.central.shelf import Key, Shelf
from benchrace.central.signal import Signal
from benchrace.central.stored import summary_of
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import is_run_id
from benchrace.run.artifact import RunArtifact
from benchrace.store import atomic
from benchrace.store.run_folder import RunFolder

log = logging.getLogger(__name__)
# An agent keeps jobs for 14 days.
_KEPT_S = 30 * 86400.0
# A machine whose agent does not answer, or is too old to know the question.
_SILENT_S = 30.0
_SLOW = (Category.TIMEOUT_FIRST, Category.TIMEOUT_CONNECT, Category.TIMEOUT_IDLE)


class Collector:
    """`path` keeps which runs lack files, over a restart. Call `wake` when more may be possible.

    Nothing waits for it: a run is over when its events are here.
    """

    def __init__(
        self,
        path: Path,
        runs_dir: Path,
        settings: CentralSettings,
        fleet: Fleet,
        runs: Runs,
        disk: Disk,
        clock: Clock,
    ) -> None:
        self._path = path
        self._runs_dir = runs_dir
        self._limits = settings.artifacts
        self._retry_s = settings.limits.retry_s
        self._answer_s = settings.limits.send_s
        self._fleet = fleet
        self._runs = runs
        self._disk = disk
        self._clock = clock
        self._moved = Signal()
        self._shelves: dict[str, Shelf] = {}
        self._heard: dict[str, int] = {}
        self._saved: frozenset[str] = frozenset()

    def wake(self) -> None:
        self._moved.notify()

    def why(self, run_id: str, artifact: RunArtifact) -> str | None:
        """Say why a file could not be fetched when that was last tried."""
        shelf = self._shelves.get(artifact.machine_id)
        return None if shelf is None else shelf.why((run_id, artifact.sha256))

    async def run(self) -> None:
        """Fetch for ever, from one machine apart from the other."""
        await self._load()
        async with anyio.create_task_group() as group:
            while True:
                self._hear()
                for machine_id, shelf in self._shelves.items():
                    session = self._free(machine_id)
                    if session is not None and shelf.begin(session, self._clock.monotonic_ns()):
                        group.start_soon(self._empty, machine_id, shelf, session)
                await self._save()
                await self._moved.wait()

    def _hear(self) -> None:
        """Take in what the runs that are on have named meanwhile."""
        for run in self._runs:
            named = run.fold.artifacts.named
            before = self._heard.get(run.run_id, 0)
            if len(named) != before:
                # There are fewer where the log had to go back: they are named once more.
                self._heard[run.run_id] = len(named)
                self._add(run.run_id, tuple(named), before if before < len(named) else 0)
        for run_id in self._heard.keys() - self._runs.live.keys():
            del self._heard[run_id]

    def _add(self, run_id: str, named: tuple[RunArtifact, ...], since: int = 0) -> None:
        refused = refusals(named, self._limits)
        for each in named[since:]:
            if each.sha256 not in refused:
                self._shelves.setdefault(each.machine_id, Shelf()).add(run_id, each)

    def _free(self, machine_id: str) -> Session | None:
        """Give the link of a machine that measures nothing; none while the disk refuses."""
        machine: Machine | None = self._fleet.find(machine_id)
        if machine is None or machine.others or self._disk.trouble is not None:
            return None
        return None if self._runs.run_of(machine_id) is not None else machine.session

    async def _empty(self, machine_id: str, shelf: Shelf, session: Session) -> None:
        """Fetch one file after the other while the machine is free."""
        try:
            while self._free(machine_id) is session and (found := shelf.next()) is not None:
                key, artifact = found
                if not await self._fetch(machine_id, shelf, session, key, artifact):
                    return
        except Exception:
            # A defect here must not end the runs.
            log.exception("files of %s could not be fetched", machine_id)
            shelf.rest(self._clock.monotonic_ns() + int(_SILENT_S * 1e9))
        finally:
            shelf.end()
            self.wake()

    async def _fetch(
        self, machine_id: str, shelf: Shelf, session: Session, key: Key, artifact: RunArtifact
    ) -> bool:
        """Fetch a file, or note why it cannot be; false where the machine should be left alone."""
        fetch = Fetch(self._runs_dir / key[0], artifact, session.asks, self._answer_s)
        try:
            whole = await fetch.run(lambda: self._free(machine_id) is session)
        except DiskRefused as error:
            if error.failure.category in REFUSALS:
                self._disk.refused(error.failure)
                return False
            shelf.forget(key[0])
        except BenchraceError as error:
            if error.category is Category.UNREACHABLE:
                return False
            if error.category is Category.BUSY or error.category in _SLOW:
                rest_s = self._retry_s if error.category is Category.BUSY else _SILENT_S
                shelf.rest(self._clock.monotonic_ns() + int(rest_s * 1e9))
                return False
            log.warning(
                "%s of run %s is not fetched: %s", artifact.sha256[:12], key[0], error.message
            )
            shelf.failed(key, error.message)
        else:
            if whole:
                shelf.done(key)
            return whole
        return True

    async def _load(self) -> None:
        """Find again what runs that are over lack."""
        try:
            kept = await to_thread.run_sync(_read, self._path)
        except BenchraceError as error:
            log.warning("files that runs lack are not known: %s", error.message)
            return
        self._saved = frozenset(kept)
        oldest = time.strftime("%Y-%m-%d", time.localtime(self._clock.wall_s() - _KEPT_S))
        for run_id in kept:
            if run_id in self._runs.live or run_id < oldest:
                continue
            try:
                named = await to_thread.run_sync(_named, self._runs_dir, run_id)
            except NotFound:
                continue
            except (BenchraceError, OSError) as error:
                log.warning("files of run %s are left: %s", run_id, error)
                continue
            self._add(run_id, named)

    async def _save(self) -> None:
        now = frozenset(run_id for shelf in self._shelves.values() for run_id in shelf.runs)
        if now == self._saved or self._disk.trouble is not None:
            return
        try:
            await to_thread.run_sync(_write, self._path, now)
        except BenchraceError as error:
            self._disk.refused(error)
        else:
            self._saved = now


def _named(runs_dir: Path, run_id: str) -> tuple[RunArtifact, ...]:
    return summary_of(RunFolder.open(runs_dir, run_id)).artifacts


def _read(path: Path) -> tuple[str, ...]:
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=tuple[str, ...])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise atomic.failure(path, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BenchraceError(Category.SYSTEM, f"{path} cannot be read: {error}") from error
    return tuple(each for each in kept if is_run_id(each))


def _write(path: Path, run_ids: frozenset[str]) -> None:
    atomic.write(path, msgspec.json.encode(sorted(run_ids)) + b"\n")
