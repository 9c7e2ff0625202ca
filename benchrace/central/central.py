"""Central as an object, without any route or page."""

import os
import secrets

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from benchrace import __version__
from benchrace.api.machines import RejectedAgent
from benchrace.api.service import CentralStatus
from benchrace.central.admission import Admission
from benchrace.central.artifacts.collector import Collector
from benchrace.central.artifacts.likeness import Likenesses
from benchrace.central.auth import tokens
from benchrace.central.auth.link_check import LinkCheck
from benchrace.central.auth.tokens import CentralTokens
from benchrace.central.ceilings.snapshot import RoofsOf
from benchrace.central.disk import Disk
from benchrace.central.fleet.descriptions import wait_for_descriptions
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.here import measures_here
from benchrace.central.fleet.nearby import NearbyAgents
from benchrace.central.fleet.status import MachineStatus
from benchrace.central.fleet.unprobed import probe_unprobed
from benchrace.central.runs.controller import Callbacks, Changed, RunController
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.preflight import Preflight
from benchrace.central.runs.recovery import Recovery
from benchrace.central.runs.registry import LogTraffic, Runs
from benchrace.central.runs.scheduler import Scheduler
from benchrace.central.settings import CentralSettings
from benchrace.central.ticker import Ticker
from benchrace.clock import Clock, SystemClock
from benchrace.config.machine_settings import MachineSettings
from benchrace.config.machines import MachineEntry, read_machines
from benchrace.config.paths import config_dir, runs_dir
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import RunId, new_run_id
from benchrace.notifier import Notifier
from benchrace.run.artifact import RunArtifact
from benchrace.run.metadata import RunMetadata, machine_labels
from benchrace.run.planning import plan
from benchrace.run.spec import RunSpec
from benchrace.run.summary import RunSummary
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import RunLog
from benchrace.telemetry.host_id import host_id
from benchrace.tls.identity import PeerCertificate
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.socket import LinkSocket


class Central:
    """Await `open`, then run `run`; every other call may come while it runs.

    `folder` is where it keeps what it knows of machines, tokens and sessions.
    `attempts` counts wrong tokens, wherever they are shown.
    `changed` wakes when a machine, the queue or the disk has changed. `nearby` has the agents of
    the local network without a central, while its `watch` runs.
    """

    def __init__(
        self,
        settings: CentralSettings,
        *,
        clock: Clock | None = None,
        on_change: Changed | None = None,
        roofs_of: RoofsOf | None = None,
    ) -> None:
        self.settings = settings
        self.runs_dir = runs_dir(settings.data)
        self.changed = Notifier()
        self.attempts = Attempts()
        self._clock = clock or SystemClock()
        self._on_change = on_change or _no_index
        limits = settings.limits
        folder = settings.data / "central"
        self.fleet = Fleet(folder / "machines.json", settings.keep_alive, self._clock)
        self._runs = Runs(self._wake)
        self._disk = Disk(settings.data, self._wake, limits.retry_s)
        self._preflight = Preflight(self.fleet, limits)
        self._likenesses = Likenesses(self.runs_dir, ready=self._is_whole, quiet=self._is_quiet)
        self._collector = Collector(
            path=folder / "artifacts.json",
            runs_dir=self.runs_dir,
            settings=settings,
            fleet=self.fleet,
            runs=self._runs,
            disk=self._disk,
            clock=self._clock,
            fetched=self._likenesses.note,
        )
        self._scheduler = Scheduler(
            self.fleet,
            RunController(
                fleet=self.fleet,
                preflight=self._preflight,
                runs=self._runs,
                disk=self._disk,
                limits=limits,
                clock=self._clock,
                callbacks=Callbacks(self._on_change, self._collector.note_end),
                roofs_of=roofs_of,
            ),
        )
        self._recovery = Recovery(self.runs_dir, self._runs, self._scheduler, self._live)
        self._ticker = Ticker(
            fleet=self.fleet,
            runs=self._runs,
            disk=self._disk,
            limits=limits,
            clock=self._clock,
            wake=self._tick,
        )
        self.folder = folder
        self._tokens: CentralTokens | None = None
        self._admission: Admission | None = None
        self._listed: tuple[MachineEntry, ...] = ()
        self._host_id = ""
        self.nearby = NearbyAgents()

    async def open(self) -> None:
        """Read what a central before this one left; raises `system` where that is damaged."""
        self._tokens = await to_thread.run_sync(
            tokens.load, self.settings, self.folder, self._clock.wall_s
        )
        await to_thread.run_sync(self.fleet.load)
        self._host_id = await to_thread.run_sync(host_id)
        self._listed = await to_thread.run_sync(_listed, self.settings)
        self.fleet.add(self._listed)
        self._admission = Admission(
            tokens=LinkCheck(self._tokens, self.attempts),
            fleet=self.fleet,
            runs=self._runs,
            recovery=self._recovery,
            disk=self._disk,
            limits=self.settings.limits,
            clock=self._clock,
            on_change=self._wake,
        )
        await self._recovery.take_up()

    async def run(self) -> None:
        """Execute runs until cancelled; the next central takes up what is unfinished then."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._ticker.run)
                group.start_soon(self._collector.run)
                group.start_soon(self._likenesses.run)
                await self._dial(group)
                await self._scheduler.run(group)
        finally:
            for run in self._runs:
                run.log.close()

    async def _dial(self, group: TaskGroup) -> None:
        """Dial the machines of `machines.yaml` that cannot reach this central."""
        entries = [entry for entry in self._listed if entry.dial and self.settings.dials]
        if not entries:
            return
        # Few centrals dial, and the client takes long to import.
        from benchrace.central.fleet.dialling import Dialler

        for entry in entries:
            dialler = Dialler(entry, self.fleet, self._opened().link)
            group.start_soon(dialler.run)

    async def link(
        self,
        socket: LinkSocket,
        address: str | None = None,
        *,
        local: bool = False,
        certificate: PeerCertificate | None = None,
        tls: bool = False,
    ) -> None:
        """Serve one agent's WebSocket until it closes; `local` for one of this very machine.

        `certificate` is the one that it presented, where it had to.
        """
        await self._opened().link(socket, address, local=local, certificate=certificate, tls=tls)

    @property
    def tokens(self) -> CentralTokens:
        """What agents and people show; there once central is open."""
        if self._tokens is None:
            raise RuntimeError("open() comes first")
        return self._tokens

    # What people ask

    async def submit(self, spec: RunSpec) -> RunId:
        """Store a run and put it in the queue.

        Raises `InvalidInput` with the bad fields, `busy` where the queue is full, and `disk_full`
        or `system` while the disk refuses.
        """
        self._disk.check()
        if self._scheduler.waiting >= self.settings.limits.max_queued:
            raise BenchraceError(
                Category.BUSY,
                f"{self._scheduler.waiting} runs are already waiting",
                "Cancel some of them, or wait until one has ended.",
            )
        metadata, checked = await self._plan(spec)
        with anyio.CancelScope(shield=True):
            run = await to_thread.run_sync(self._create, metadata)
            self._runs.add(run)
            self._scheduler.add(run, checked=checked)
            await self._on_change(metadata, None)
        return metadata.run_id

    async def dry_run(self, spec: RunSpec, *, check: bool = True) -> RunMetadata:
        """Plan and check a run as `submit` does, and store nothing.

        Without `check` no machine is asked whether it can run its lanes.
        """
        metadata, _ = await self._plan(spec, check=check)
        return metadata

    async def cancel(self, run_id: str, reason: str) -> None:
        """Cancel a run in whatever phase it is; one that is over stays as it is.

        Raises `NotFound`.
        """
        run = self._runs.live.get(run_id)
        if run is None:
            await to_thread.run_sync(RunFolder.open, self.runs_dir, run_id)
            return
        if run.reopened:
            return
        run.ask_cancel(reason)
        self._scheduler.wake()

    async def exclude(self, machine_id: str, excluded: bool) -> None:
        """Exclude a machine from new runs, or include it again; raises `NotFound`."""
        self.fleet.get(machine_id).excluded = excluded
        await self.fleet.save()
        self._wake()

    async def forget(self, machine_id: str) -> None:
        """Remove a machine, and the token that was created for it; its runs keep their data.

        Raises `NotFound`, `busy` for one that is linked or that a run waits for, and what the disk
        refuses.
        """
        self._check_unused(machine_id)
        # First the token: with it, its agent could link again in between, as a new machine.
        await to_thread.run_sync(self.tokens.revoke_machine, machine_id)
        try:
            await self.fleet.end_link(machine_id, self.tokens.is_agent)
            # Meanwhile its agent can have linked by another token, and a run can have begun.
            self._check_unused(machine_id)
            await self.fleet.forget(machine_id)
        except NotFound:
            raise
        except BenchraceError as error:
            message = f"{error.message}; the machine's own token is revoked all the same"
            raise BenchraceError(error.category, message, error.remedy) from error
        self._wake()

    def _check_unused(self, machine_id: str) -> None:
        """Raise `NotFound`, or `busy` for a machine that is linked or that a run waits for."""
        for run in self._runs:
            if machine_id in run.machine_ids:
                raise BenchraceError(
                    Category.BUSY,
                    f"run {run.run_id} uses {machine_id} and has not ended",
                    "Cancel the run, or wait for its end.",
                )
        self.fleet.check_unlinked(machine_id)

    async def set_machine_settings(
        self, machine_id: str, version: int, settings: MachineSettings
    ) -> None:
        """Replace the settings of `version` that central wants for a machine.

        Raises `NotFound`, `busy` where they have another version by now, or what the disk refuses.
        """
        machine = self.fleet.get(machine_id)
        await self.fleet.settings.put(machine_id, version, settings)
        self.fleet.settings.post(machine)

    async def probe(self, machine_id: str) -> None:
        """Make a machine probe its engines again; raises `unreachable` or its failure."""
        await self.fleet.probe(machine_id, self.settings.limits.probe_s)
        self._wake()

    def machines(self) -> tuple[MachineStatus, ...]:
        return self.fleet.statuses(self._runs.run_of)

    def refused(self) -> tuple[RejectedAgent, ...]:
        """Return the agents that were refused recently."""
        return self._opened().refusals.recent()

    def live(self, run_id: str) -> LiveRun | None:
        """Return a run that is not over, with its metadata, log and fold."""
        return self._runs.live.get(run_id)

    def queue_position(self, run_id: str) -> int | None:
        """Return a waiting run's position in the queue, from 1."""
        return self._scheduler.position(run_id)

    def why_not_here(self, run_id: str, artifact: RunArtifact) -> str | None:
        """Return why the last attempt to fetch a run's file failed."""
        return self._collector.why(run_id, artifact)

    def compare_images(self, run_id: str) -> None:
        """Compare the images of a run's lanes, once they are here and nothing is disturbed."""
        self._likenesses.note(run_id)

    def traffic(self) -> LogTraffic:
        """Return how much was written to logs since the start."""
        return self._runs.traffic()

    def status(self) -> CentralStatus:
        return CentralStatus(
            instance=self._opened().instance,
            version=__version__,
            running=self._scheduler.running,
            queued=self._scheduler.waiting,
            degraded=self._disk.trouble is not None,
            banner=self._disk.banner,
        )

    # Within

    def _opened(self) -> Admission:
        if self._admission is None:
            raise RuntimeError("open() comes first")
        return self._admission

    def _wake(self) -> None:
        self._tick()
        self.changed.notify()

    async def _plan(self, spec: RunSpec, *, check: bool = True) -> tuple[RunMetadata, bool]:
        """Plan a run, and preflight it unless its machines are measuring something else now."""
        await wait_for_descriptions(spec, self.fleet, self.settings.limits.describe_s)
        if check:
            await probe_unprobed(spec, self.fleet, self.settings.limits.probe_s)
        now_s = self._clock.wall_s()
        planned = plan.resolve(
            spec,
            [machine.view for machine in self.machines()],
            run_id=new_run_id(now_s),
            version=__version__,
            created_at=now_s,
            salt=secrets.token_hex(8),
        )
        if not check or not self._scheduler.is_free(machine_labels(planned).keys()):
            return planned, False
        try:
            return await self._preflight.check(planned), True
        except BenchraceError as error:
            if error.category is not Category.BUSY:
                raise
            # Another run has begun meanwhile: this one waits for its turn, and is checked then.
            return planned, False

    def _create(self, metadata: RunMetadata) -> LiveRun:
        folder = RunFolder.create(self.runs_dir, metadata)
        return self._live(folder, RunLog.open(folder))

    def _live(self, folder: RunFolder, log: RunLog) -> LiveRun:
        return LiveRun(folder, log, self._disk, self.settings.limits, self._clock)

    def _tick(self) -> None:
        self._scheduler.wake()
        self._collector.wake()
        self._likenesses.wake()

    def _is_whole(self, run_id: str) -> bool:
        """Check whether a run is over, and its files are here as far as they come."""
        return run_id not in self._runs.live and not self._collector.lacks(run_id)

    def _is_quiet(self) -> bool:
        """Check whether nothing measures on this very computer."""
        return not measures_here(self.fleet, self._runs.run_of, self._host_id)


def _listed(settings: CentralSettings) -> tuple[MachineEntry, ...]:
    return read_machines(config_dir(settings.config) / "machines.yaml", os.environ)


async def _no_index(_metadata: RunMetadata, _summary: RunSummary | None) -> None:
    """Nobody keeps an index."""
