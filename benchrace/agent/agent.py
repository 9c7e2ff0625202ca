"""The agent as one object, used by its routes and its link."""

import secrets

import anyio
import msgspec

from benchrace.agent.capabilities import CapabilityMonitor, Machine
from benchrace.agent.delivery import archive
from benchrace.agent.delivery.reporter import Reporter
from benchrace.agent.engines.after_run import clean_up_after_runs
from benchrace.agent.engines.assets import asset_setup, remove_after_runs
from benchrace.agent.engines.idle import IdleClock, stop_idle
from benchrace.agent.engines.operation_runner import OperationRunner
from benchrace.agent.engines.operations import Operations
from benchrace.agent.host_lock import HostLock
from benchrace.agent.jobs import devices, standalone_job
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_folder import JobSender
from benchrace.agent.jobs.job_runner import RunnerContext
from benchrace.agent.jobs.keep_awake import KeepAwake
from benchrace.agent.jobs.registry import Direct, Jobs, Retention
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.link.loan import Loans
from benchrace.agent.machine_settings import NOTHING, CentralSettings, SettingsKeeper
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.agent.surroundings import LookAround
from benchrace.api.jobs import JobRequest
from benchrace.clock import Clock, SystemClock
from benchrace.config.machine_settings import DAY_S
from benchrace.config.paths import jobs_dir
from benchrace.errors import FieldError, InvalidInput
from benchrace.plugin.host.entry_points import GROUP, SIMULATED_GROUP
from benchrace.protocol.assets import AssetSetup
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.store.regular import file_bytes
from benchrace.telemetry.sampler import Sampler

# As often as a batch of lines goes on; while no job runs nothing is looked at.
LOOK_S = 1 / 30


class Agent:
    """`instance` is new for each process; `run` notifies `jobs.written` as journals grow.

    `look_around` looks at the machine's power, clocks and heat again.
    """

    def __init__(
        self,
        settings: AgentSettings,
        machine: Machine,
        sampler: Sampler,
        *,
        host_id: str,
        boot_id: str | None,
        central: CentralSettings = NOTHING,
        clock: Clock | None = None,
        look_around: LookAround | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.link_state = self.unlinked_state
        self.loans = Loans()
        self.instance = secrets.token_hex(8)
        self.host_id = host_id
        self.slot = Slot(settings.machine_id, None if settings.share_host else HostLock())
        self.plugins = Plugins(
            settings.data / "cache/describe",
            settings.worker_command,
            self.slot,
            group=SIMULATED_GROUP if settings.simulated else GROUP,
        )
        self.settings_keeper = keeper = SettingsKeeper(settings, self.slot, central)
        self.idle = IdleClock(self.clock, settings.tables, lambda: keeper.current.idle_stop_s)
        self.capabilities = CapabilityMonitor(
            settings, machine, self.plugins, self.slot, self.idle, keeper, look_around
        )
        self.sampling = Sampling(sampler, self.clock, lambda: self.jobs.running is not None)
        awake = None if settings.simulated else KeepAwake()
        context = RunnerContext(
            command=settings.worker_command,
            sampling=self.sampling,
            clock=self.clock,
            boot_id=boot_id,
            awake=awake,
            archive=archive.build,
        )
        self.jobs = Jobs(
            jobs_dir(settings.data), settings.machine_id, self.slot, context, self._retention
        )
        self.reporter = Reporter(
            settings.data / "callbacks" / f"{settings.machine_id}.sqlite",
            settings.callbacks,
            self.jobs,
            self.clock,
            settings.assets.s3,
        )
        self.operations = Operations(
            settings=settings,
            capabilities=self.capabilities,
            slot=self.slot,
            changed=self.jobs.changed,
            runner=self._operation_runner(awake),
        )

    def _operation_runner(self, awake: KeepAwake | None) -> OperationRunner:
        return OperationRunner(
            settings=self.settings,
            capabilities=self.capabilities,
            slot=self.slot,
            idle=self.idle,
            asset_setup=self._asset_setup,
            awake=awake,
        )

    def _asset_setup(self) -> AssetSetup:
        return asset_setup(self.settings, self.settings_keeper.current)

    @property
    def unlinked_state(self) -> str:
        """How the link stands before it is dialled."""
        return "no central is configured" if self.settings.central is None else "dialling"

    async def run(self) -> None:
        """Run jobs, keep the capabilities up to date, and watch journals grow; until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.jobs.run)
            tasks.start_soon(self.reporter.run)
            tasks.start_soon(self.operations.run)
            tasks.start_soon(self.plugins.run)
            tasks.start_soon(self.capabilities.follow)
            tasks.start_soon(self.capabilities.keep)
            tasks.start_soon(stop_idle, self.idle, self.operations)
            tasks.start_soon(self._watch)
            tasks.start_soon(self._follow_settings)
            tasks.start_soon(remove_after_runs, self.jobs, self.settings, self.settings_keeper)
            tasks.start_soon(
                clean_up_after_runs,
                self.jobs,
                self.operations,
                lambda: self.settings_keeper.current.after_run,
            )

    async def start(self, spec: JobSpec, direct: Direct | None = None) -> Job:
        """Start a job as it is; raises Busy, `disk_full`, or InvalidInput for a foreign machine."""
        if spec.machine_id != self.settings.machine_id:
            message = f"this is the machine {self.settings.machine_id}, not {spec.machine_id[:64]}"
            raise InvalidInput(FieldError("machine_id", message))
        capabilities = await self.capabilities.ready()
        await self.jobs.let_end()
        names = frozenset(lane.backend for lane in spec.lanes) | self.jobs.unsettled_backends
        return await self.jobs.start(
            spec,
            self.capabilities.setup(names, spec.kind),
            devices.chosen(spec, capabilities, self.capabilities.gpus),
            direct,
            await anyio.to_thread.run_sync(self._asset_setup),
        )

    async def start_direct(self, request: JobRequest, sender: JobSender | None = None) -> Job:
        """Check a job asked of this machine alone, and start it.

        Raises InvalidInput with each bad field, by its path in the request, or Busy.
        """
        await self.jobs.let_end()
        self.slot.refuse_if_busy()
        callbacks = await self.reporter.checked(request.callbacks)
        await self.reporter.check_output(request.output)
        capabilities = await self.capabilities.offering(request.kind)
        only = await self._settled(
            request, standalone_job.lane(request, capabilities), capabilities
        )
        settings = self.settings
        sampling_s = self.settings_keeper.current.sampling_s
        spec = standalone_job.spec(request, only, settings.machine_id, sampling_s)
        metadata = standalone_job.metadata(request, spec, capabilities, self.clock.wall_s())
        sender = msgspec.structs.replace(
            sender or JobSender(), callbacks=callbacks, output=request.output
        )
        job = await self.start(spec, Direct(sender=sender, metadata=metadata))
        self.reporter.follow(job)
        return job

    async def _settled(
        self, request: JobRequest, only: JobLane, capabilities: Capabilities
    ) -> JobLane:
        """Calibrate an "auto" parameter, and check all, in workers that measure nothing."""
        offered = standalone_job.workload(capabilities, only.backend, request.kind)
        automatic = None if offered is None else offered.automatic
        if automatic is not None and only.params.get(automatic) == "auto":
            calibrated = await self.capabilities.calibrate(request.kind, (only,))
            params = {**only.params, **(calibrated[0].params if calibrated else {})}
            only = msgspec.structs.replace(only, params=params)
        readiness = (await self.capabilities.preflight(request.kind, (only,)))[0]
        if readiness.fields:
            raise InvalidInput(
                [FieldError(f"params.{bad.path}", bad.message) for bad in readiness.fields]
            )
        # An engine that is not ready fails the job itself: with a category, and in its log.
        params = only.params if readiness.params is None else readiness.params
        return msgspec.structs.replace(only, params=params)

    def _retention(self) -> Retention:
        current = self.settings_keeper.current
        return Retention(keep_jobs=current.keep_jobs, keep_s=current.keep_days * DAY_S)

    async def _follow_settings(self) -> None:
        """Apply new settings to what the old ones had decided, until cancelled."""
        keeper = self.settings_keeper
        current, seen = keeper.current, keeper.changed.count
        while True:
            seen = await keeper.changed.wait(seen)
            if keeper.current != current:
                current = keeper.current
                # It tells when idle engines are stopped, and how the new folders stand.
                self.capabilities.publish()
                await self.jobs.tidy()

    async def _watch(self) -> None:
        sizes, ran = (0, 0), False
        while True:
            job = self.jobs.running
            if job is None:
                if ran:
                    # From here on its engines idle.
                    self.capabilities.publish()
                ran = False
                await self.jobs.changed.wait()
                continue
            ran = True
            self.idle.used(lane.backend for lane in job.spec.lanes)
            now = (file_bytes(job.folder.work), file_bytes(job.folder.agent))
            if now != sizes:
                sizes = now
                self.jobs.written.notify()
            await anyio.sleep_until(next_look(anyio.current_time()))


def next_look(now: float) -> float:
    """Return when to look again: all agents of one process at once, so that they wake it once."""
    return (now // LOOK_S + 1) * LOOK_S
