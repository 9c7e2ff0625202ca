"""Fetches artifacts from their machines while those measure nothing."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread

from benchrace import structs
from benchrace.central.artifacts.catalog import refusals
from benchrace.central.artifacts.download import DiskRefused, Fetch
from benchrace.central.artifacts.pending import Key, PendingArtifacts
from benchrace.central.disk import REFUSALS, Disk
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.machine import Machine
from benchrace.central.fleet.session import Session
from benchrace.central.runs.registry import Runs
from benchrace.central.runs.summaries import summary_of
from benchrace.central.settings import CentralSettings
from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import RunId, is_run_id
from benchrace.notifier import Notifier
from benchrace.run.artifact import RunArtifact
from benchrace.store import atomic, regular
from benchrace.store.run_folder import RunFolder

log = logging.getLogger(__name__)
# An agent keeps jobs for 14 days.
_MAX_AGE_S = 30 * 86400.0
# A machine whose agent does not answer, or is too old to know the question.
_SILENT_S = 30.0
_SLOW = (Category.TIMEOUT_FIRST, Category.TIMEOUT_CONNECT, Category.TIMEOUT_IDLE)


class Collector:
    """`path` keeps which runs lack files, over a restart. Call `wake` when more may be possible.

    `fetched` is called with a run that has a new file.

    Nothing waits for it: a run is over when its events are here.
    """

    def __init__(
        self,
        *,
        path: Path,
        runs_dir: Path,
        settings: CentralSettings,
        fleet: Fleet,
        runs: Runs,
        disk: Disk,
        clock: Clock,
        fetched: Callable[[str], None],
    ) -> None:
        self._path = path
        self._fetched = fetched
        self._runs_dir = runs_dir
        self._limits = settings.artifacts
        self._retry_s = settings.limits.retry_s
        self._answer_s = settings.limits.send_s
        self._fleet = fleet
        self._runs = runs
        self._disk = disk
        self._clock = clock
        self._wakeup = Notifier()
        self._pending: dict[str, PendingArtifacts] = {}
        self._seen: dict[str, int] = {}
        self._saved: frozenset[str] = frozenset()
        self._saving = anyio.Lock()
        self._loaded = False

    def wake(self) -> None:
        self._wakeup.notify()

    async def note_end(self, run_id: RunId, named: tuple[RunArtifact, ...]) -> None:
        """Queue the files that a run has named since the last look, as it is about to end.

        Once this returns, the next central knows that the run lacks files; a disk that refuses is
        waited for.
        """
        self._note(run_id, named)
        await self._disk.retry(self._save)
        self.wake()

    def why(self, run_id: str, artifact: RunArtifact) -> str | None:
        """Return why the last attempt to fetch a file failed."""
        pending = self._pending.get(artifact.machine_id)
        return None if pending is None else pending.why((run_id, artifact.sha256))

    def lacks(self, run_id: str) -> bool:
        """Check whether files of a run are still to come; they may until the rest is loaded."""
        return not self._loaded or any(run_id in pending.runs for pending in self._pending.values())

    async def run(self) -> None:
        """Fetch for ever, from one machine apart from the other."""
        async with self._saving:
            await self._load_once()
        async with anyio.create_task_group() as group:
            while True:
                self._note_named()
                for machine_id, pending in self._pending.items():
                    session = self._free(machine_id)
                    if session is not None and pending.begin(session, self._clock.monotonic_ns()):
                        group.start_soon(self._empty, machine_id, pending, session)
                await self._try_to_save()
                await self._wakeup.wait()

    def _note_named(self) -> None:
        """Queue the files that live runs have named since the last look."""
        for run in self._runs:
            self._note(run.run_id, run.fold.artifacts.named)
        for run_id in self._seen.keys() - self._runs.live.keys():
            del self._seen[run_id]

    def _note(self, run_id: str, named: Sequence[RunArtifact]) -> None:
        """Queue what is new in `named`."""
        before = self._seen.get(run_id, 0)
        if len(named) != before:
            # There are fewer where the log had to go back: they are named once more.
            self._seen[run_id] = len(named)
            self._add(run_id, named, before if before < len(named) else 0)

    def _add(self, run_id: str, named: Sequence[RunArtifact], since: int = 0) -> None:
        refused = refusals(named, self._limits)
        for artifact in named[since:]:
            if artifact.sha256 not in refused:
                self._pending.setdefault(artifact.machine_id, PendingArtifacts()).add(
                    run_id, artifact
                )

    def _free(self, machine_id: str) -> Session | None:
        """Return the link of a machine that measures nothing; none while the disk refuses."""
        machine: Machine | None = self._fleet.find(machine_id)
        if machine is None or machine.others or self._disk.trouble is not None:
            return None
        return None if self._runs.run_of(machine_id) is not None else machine.session

    async def _empty(self, machine_id: str, pending: PendingArtifacts, session: Session) -> None:
        """Fetch one file after the other while the machine is free."""
        try:
            while self._free(machine_id) is session and (entry := pending.next()) is not None:
                key, artifact = entry
                if not await self._fetch(machine_id, pending, session, key, artifact):
                    return
        except Exception:
            # A defect here must not end the runs.
            log.exception("files of %s could not be fetched", machine_id)
            pending.rest(self._clock.monotonic_ns() + int(_SILENT_S * 1e9))
        finally:
            pending.end()
            self.wake()

    async def _fetch(
        self,
        machine_id: str,
        pending: PendingArtifacts,
        session: Session,
        key: Key,
        artifact: RunArtifact,
    ) -> bool:
        """Fetch a file, or note why it cannot be; false where the machine should be left alone."""
        fetch = Fetch(self._runs_dir / key[0], artifact, session.requests, self._answer_s)
        try:
            whole = await fetch.run(lambda: self._free(machine_id) is session)
        except DiskRefused as error:
            if error.failure.category in REFUSALS:
                self._disk.refused(error.failure)
                return False
            pending.forget(key[0])
        except BenchraceError as error:
            if error.category is Category.UNREACHABLE:
                return False
            if error.category is Category.BUSY or error.category in _SLOW:
                rest_s = self._retry_s if error.category is Category.BUSY else _SILENT_S
                pending.rest(self._clock.monotonic_ns() + int(rest_s * 1e9))
                return False
            log.warning(
                "%s of run %s is not fetched: %s", artifact.sha256[:12], key[0], error.message
            )
            pending.failed(key, error.message)
        else:
            if whole:
                pending.done(key)
                self._fetched(key[0])
            return whole
        return True

    async def _load_once(self) -> None:
        if not self._loaded:
            await self._load()
            self._loaded = True

    async def _load(self) -> None:
        """Restore which files finished runs still lack."""
        try:
            run_ids = await to_thread.run_sync(_read, self._path)
        except BenchraceError as error:
            log.warning("files that runs lack are not known: %s", error.message)
            return
        self._saved = frozenset(run_ids)
        oldest = time.strftime("%Y-%m-%d", time.gmtime(self._clock.wall_s() - _MAX_AGE_S))
        for run_id in run_ids:
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

    async def _try_to_save(self) -> None:
        if self._disk.trouble is None:
            try:
                await self._save()
            except BenchraceError as error:
                self._disk.refused(error)

    async def _save(self) -> None:
        """Store which runs lack files; raises what the disk refuses."""
        async with self._saving:
            # What an earlier central has stored must not be overwritten.
            await self._load_once()
            now = frozenset(run_id for pending in self._pending.values() for run_id in pending.runs)
            if now != self._saved:
                await to_thread.run_sync(_write, self._path, now)
                self._saved = now


def _named(runs_dir: Path, run_id: str) -> tuple[RunArtifact, ...]:
    return summary_of(RunFolder.open(runs_dir, run_id)).artifacts


def _read(path: Path) -> tuple[str, ...]:
    try:
        run_ids = structs.decode(regular.read(path), tuple[str, ...])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise atomic.failure(path, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BenchraceError(Category.SYSTEM, f"{path} cannot be read: {error}") from error
    return tuple(run_id for run_id in run_ids if is_run_id(run_id))


def _write(path: Path, run_ids: frozenset[str]) -> None:
    atomic.write(path, msgspec.json.encode(sorted(run_ids)) + b"\n")
