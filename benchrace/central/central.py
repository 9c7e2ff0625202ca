"""Central as an object, without any route or page."""

import secrets

import anyio
from anyio import to_thread

from benchrace import __version__
from benchrace.api.machines import RejectedAgent
from benchrace.api.service import CentralStatus
from benchrace.central.admission import Admission
from benchrace.central.artifacts.collector import Collector
from benchrace.central.auth import link_token
from benchrace.central.auth.link_token import LinkCheck, LinkToken
from benchrace.central.disk import Disk
from benchrace.central.fleet.descriptions import wait_for_descriptions
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.fleet.machine import MachineStatus
from benchrace.central.fleet.session import Socket
from benchrace.central.fleet.unprobed import probe_unprobed
from benchrace.central.runs.controller import Changed, RunController
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.preflight import Preflight
from benchrace.central.runs.recovery import Recovery
from benchrace.central.runs.registry import Runs
from benchrace.central.runs.scheduler import Scheduler
from benchrace.central.settings import CentralSettings
from benchrace.clock import Clock, SystemClock
from benchrace.config.machines import MachineEntry, read_machines
from benchrace.config.paths import config_dir, runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.ids import RunId, new_run_id
from benchrace.notifier import Notifier
from benchrace.run.artifact import RunArtifact
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning import plan
from benchrace.run.spec import RunSpec
from benchrace.run.summary import RunSummary
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import RunLog
from benchrace.web.auth.login_rate_limit import Attempts


class Central:
    """Await `open`, then run `run`; every other call may come while it runs.

    `token` is the agents' new token, to be shown once; null where one was configured or stored.
    `folder` is where it keeps what it knows of machines, tokens and sessions.
    `attempts` counts wrong tokens, wherever they are shown.
    `changed` wakes when a machine, the queue or the disk has changed.
    """

    def __init__(
        self,
        settings: CentralSettings,
        *,
        clock: Clock | None = None,
        on_change: Changed | None = None,
    ) -> None:
        self.settings = settings
        self.runs_dir = runs_dir(settings.data)
        self.changed = Notifier()
        self.token: str | None = None
        self.attempts = Attempts()
        self._clock = clock or SystemClock()
        self._on_change = on_change or _no_index
        limits = settings.limits
        folder = settings.data / "central"
        self.fleet = Fleet(folder / "machines.json", settings.keep_alive, self._clock)
        self._runs = Runs(self._wake)
        self._disk = Disk(settings.data, self._wake, limits.retry_s)
        self._preflight = Preflight(self.fleet, limits)
        self._scheduler = Scheduler(
            self.fleet,
            RunController(
                fleet=self.fleet,
                preflight=self._preflight,
                runs=self._runs,
                disk=self._disk,
                limits=limits,
                clock=self._clock,
                changed=self._on_change,
            ),
        )
        self._recovery = Recovery(self.runs_dir, self._runs, self._scheduler, self._live)
        self._collector = Collector(
            path=folder / "artifacts.json",
            runs_dir=self.runs_dir,
            settings=settings,
            fleet=self.fleet,
            runs=self._runs,
            disk=self._disk,
            clock=self._clock,
        )
        self.folder = folder
        self._link_token: LinkToken | None = None
        self._admission: Admission | None = None

    async def open(self) -> None:
        """Read what a central before this one left; raises `system` where that is damaged."""
        token, self.token = await to_thread.run_sync(
            link_token.load, self.folder / "token.sha256", self.settings.token
        )
        self._link_token = token
        await to_thread.run_sync(self.fleet.load)
        self.fleet.add(await to_thread.run_sync(_listed, self.settings))
        self._admission = Admission(
            tokens=LinkCheck(token, self.attempts),
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
                group.start_soon(self._tick)
                group.start_soon(self._collector.run)
                await self._scheduler.run(group)
        finally:
            for run in self._runs:
                run.log.close()

    async def link(
        self, socket: Socket, address: str | None = None, *, local: bool = False
    ) -> None:
        """Serve one agent's WebSocket until it closes; `local` for one of this very machine."""
        await self._opened().link(socket, address, local=local)

    @property
    def link_token(self) -> LinkToken:
        """What agents show; there once central is open."""
        if self._link_token is None:
            raise RuntimeError("open() comes first")
        return self._link_token

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

        Raises `NotFound`, and `busy` for one that is linked or that a run waits for.
        """
        for run in self._runs:
            if machine_id in run.machine_ids:
                raise BenchraceError(
                    Category.BUSY,
                    f"run {run.run_id} uses {machine_id} and has not ended",
                    "Cancel the run, or wait for its end.",
                )
        await self.fleet.forget(machine_id)
        await to_thread.run_sync(self.link_token.forget, machine_id)
        self._wake()

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
        self._scheduler.wake()
        self._collector.wake()
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
        if not check or not self._scheduler.is_free({lane.machine_id for lane in planned.lanes}):
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

    async def _tick(self) -> None:
        """Wake periodically whatever depends on elapsed time: silent machines, a full disk."""
        keep = self.settings.keep_alive
        probed_ns = 0
        while True:
            await anyio.sleep(self.settings.limits.tick_s)
            now_ns = self._clock.monotonic_ns()
            for machine in self.fleet:
                session, heard_ns = machine.session, machine.heard_ns
                if session and heard_ns is not None and keep.must_close(heard_ns, now_ns):
                    session.close()
            for run in self._runs:
                run.note_clock()
                run.changed.notify()
            self._scheduler.wake()
            self._collector.wake()
            if self._disk.trouble and now_ns - probed_ns >= self.settings.limits.retry_s * 1e9:
                probed_ns = now_ns
                await self._probe_disk()

    async def _probe_disk(self) -> None:
        try:
            await to_thread.run_sync(self._disk.probe)
        except BenchraceError as error:
            self._disk.refused(error)
        else:
            self._disk.healed()


def _listed(settings: CentralSettings) -> tuple[MachineEntry, ...]:
    return read_machines(config_dir(settings.config) / "machines.yaml")


async def _no_index(_metadata: RunMetadata, _summary: RunSummary | None) -> None:
    """Nobody keeps an index."""
