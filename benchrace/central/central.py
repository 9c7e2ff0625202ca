"""Central as an object: what people and agents ask of it, without any route or page."""

import secrets

import anyio
import msgspec
from anyio import to_thread

from benchrace import __version__
from benchrace.central import link_token
from benchrace.central.collector import Collector
from benchrace.central.conductor import Changed, Conductor
from benchrace.central.disk import Disk
from benchrace.central.door import Door
from benchrace.central.fleet import Fleet
from benchrace.central.link_token import LinkToken
from benchrace.central.live import LiveRun
from benchrace.central.machine import MachineStatus
from benchrace.central.preflight import Preflight
from benchrace.central.recovery import Recovery
from benchrace.central.refused import RefusedAgent
from benchrace.central.runs import Runs
from benchrace.central.session import Socket
from benchrace.central.settings import CentralSettings
from benchrace.central.signal import Signal
from benchrace.central.turns import Turns
from benchrace.clock import Clock, SystemClock
from benchrace.config.places import runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.ids import RunId, new_run_id
from benchrace.run import plan
from benchrace.run.artifact import RunArtifact
from benchrace.run.draft import Draft
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import RunSpec
from benchrace.run.summary import RunSummary
from benchrace.store.run_folder import RunFolder
from benchrace.store.run_log import RunLog


class CentralStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`banner` is what people should see now; `disk_full` that new runs are refused."""

    instance: str
    version: str
    running: tuple[str, ...]
    queued: int
    degraded: bool
    banner: str | None


class Central:
    """Await `open`, then have `run` running; every other call may come while it runs.

    `token` is the agents' new token, to be shown once; null where one was given or kept.
    `folder` is where it keeps what it knows of machines, tokens and sessions.
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
        self.changed = Signal()
        self.token: str | None = None
        self._clock = clock or SystemClock()
        self._on_change = on_change or _unheard
        limits = settings.limits
        folder = settings.data / "central"
        self.fleet = Fleet(folder / "machines.json", settings.keep_alive, self._clock)
        self._runs = Runs(self._moved)
        self._disk = Disk(settings.data, self._moved)
        self._preflight = Preflight(self.fleet, limits)
        self._turns = Turns(
            self.fleet,
            Conductor(self.fleet, self._runs, self._disk, limits, self._clock, self._on_change),
        )
        self._recovery = Recovery(self.runs_dir, self._runs, self._turns, self._live)
        self._collector = Collector(
            folder / "artifacts.json",
            self.runs_dir,
            settings,
            self.fleet,
            self._runs,
            self._disk,
            self._clock,
        )
        self.folder = folder
        self._link_token: LinkToken | None = None
        self._door: Door | None = None

    async def open(self) -> None:
        """Read what a central before this one left; raises `system` where that is damaged."""
        token, self.token = await to_thread.run_sync(
            link_token.load, self.folder / "token.sha256", self.settings.token
        )
        self._link_token = token
        await to_thread.run_sync(self.fleet.load)
        self._door = Door(
            token,
            self.fleet,
            self._runs,
            self._recovery,
            self._disk,
            self.settings.limits,
            self._clock,
            self._moved,
        )
        await self._recovery.take_up()

    async def run(self) -> None:
        """Conduct runs until cancelled; what is unfinished then is taken up by the next central."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._tick)
                group.start_soon(self._collector.run)
                await self._turns.run(group)
        finally:
            for run in self._runs:
                run.log.close()

    async def link(self, socket: Socket, address: str | None = None) -> None:
        """Serve one agent's WebSocket until it closes."""
        await self._opened().link(socket, address)

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
        if self._turns.waiting >= self.settings.limits.most_queued:
            raise BenchraceError(
                Category.BUSY, f"{self._turns.waiting} runs are waiting already", "Cancel some."
            )
        draft, checked = await self._draft(spec)
        metadata = self._metadata(draft)
        with anyio.CancelScope(shield=True):
            run = await to_thread.run_sync(self._create, metadata)
            self._runs.add(run)
            self._turns.add(run, checked=checked)
            await self._on_change(metadata, None)
        return RunId(metadata.run_id)

    async def dry_run(self, spec: RunSpec) -> RunMetadata:
        """Plan and check a run as `submit` does, and store nothing."""
        draft, _ = await self._draft(spec)
        return self._metadata(draft)

    async def cancel(self, run_id: str, reason: str) -> None:
        """End a run in whatever phase it is; one that is over stays as it is.

        Raises `NotFound`.
        """
        run = self._runs.live.get(run_id)
        if run is None:
            await to_thread.run_sync(RunFolder.open, self.runs_dir, run_id)
            return
        if run.reopened:
            return
        run.ask_cancel(reason)
        self._turns.wake()

    async def exclude(self, machine_id: str, excluded: bool) -> None:
        """Keep a machine out of new runs, or let it in again; raises `NotFound`."""
        self.fleet.get(machine_id).excluded = excluded
        await self.fleet.save()
        self._moved()

    async def probe(self, machine_id: str) -> None:
        """Have a machine look at its engines again; raises `unreachable` or its failure."""
        await self.fleet.probe(machine_id, self.settings.limits.probe_s)
        self._moved()

    def machines(self) -> tuple[MachineStatus, ...]:
        return self.fleet.statuses(self._runs.run_of)

    def refused(self) -> tuple[RefusedAgent, ...]:
        """Give the agents that were refused lately."""
        return self._opened().refusals.recent()

    def live(self, run_id: str) -> LiveRun | None:
        """Give a run that is not over: its metadata, log and fold."""
        return self._runs.live.get(run_id)

    def queue_position(self, run_id: str) -> int | None:
        """Give a waiting run's place, from 1."""
        return self._turns.position(run_id)

    def why_not_here(self, run_id: str, artifact: RunArtifact) -> str | None:
        """Say why a run's file could not be fetched when that was last tried."""
        return self._collector.why(run_id, artifact)

    def status(self) -> CentralStatus:
        return CentralStatus(
            instance=self._opened().instance,
            version=__version__,
            running=self._turns.running,
            queued=self._turns.waiting,
            degraded=self._disk.trouble is not None,
            banner=self._disk.banner,
        )

    # Within

    def _opened(self) -> Door:
        if self._door is None:
            raise RuntimeError("open() comes first")
        return self._door

    def _moved(self) -> None:
        self._turns.wake()
        self._collector.wake()
        self.changed.notify()

    async def _draft(self, spec: RunSpec) -> tuple[Draft, bool]:
        """Plan a run, and preflight it unless its machines are measuring something else now."""
        draft = plan.resolve(spec, [each.view for each in self.machines()])
        if not self._turns.is_free({lane.machine_id for lane in draft.lanes}):
            return draft, False
        try:
            checked = await self._preflight.check(
                spec.kind, draft.lanes, draft.path, spec.only_ready
            )
        except BenchraceError as error:
            if error.category is not Category.BUSY:
                raise
            # Another run has begun meanwhile: this one waits for its turn, and is checked then.
            return draft, False
        return plan.with_params(plan.leave_out(draft, checked.left), checked.complete), True

    def _metadata(self, draft: Draft) -> RunMetadata:
        now_s = self._clock.wall_s()
        return plan.metadata(
            draft,
            run_id=new_run_id(now_s),
            version=__version__,
            created_at=now_s,
            salt=secrets.token_hex(8),
        )

    def _create(self, metadata: RunMetadata) -> LiveRun:
        folder = RunFolder.create(self.runs_dir, metadata)
        return self._live(folder, RunLog.open(folder))

    def _live(self, folder: RunFolder, log: RunLog) -> LiveRun:
        return LiveRun(folder, log, self._disk, self.settings.limits, self._clock)

    async def _tick(self) -> None:
        """Let time pass for all who wait: for a machine that is silent, for the disk."""
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
                run.changed.notify()
            self._turns.wake()
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


async def _unheard(_metadata: RunMetadata, _summary: RunSummary | None) -> None:
    """Nobody keeps an index."""
