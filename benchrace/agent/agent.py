"""The agent as one object, used by its routes and its link."""

import os
import secrets
from pathlib import Path

import anyio
import msgspec

from benchrace.agent.capabilities import CapabilityMonitor, Machine
from benchrace.agent.engines.idle import IdleClock, stop_idle
from benchrace.agent.engines.operations import Operations
from benchrace.agent.host_lock import HostLock
from benchrace.agent.jobs import devices, standalone_job
from benchrace.agent.jobs.job import Job
from benchrace.agent.jobs.job_runner import RunnerContext
from benchrace.agent.jobs.registry import Jobs, Retention
from benchrace.agent.jobs.sampling import Sampling
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.link.loan import Loans
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.api.jobs import JobRequest
from benchrace.clock import Clock, SystemClock
from benchrace.config.paths import jobs_dir
from benchrace.errors import FieldError, InvalidInput
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.store.regular import open_regular
from benchrace.telemetry.sampler import Sampler

# As often as a batch of lines goes on; while no job runs nothing is looked at.
LOOK_S = 1 / 30


class Agent:
    """`instance` is new for each process; `jobs.changed` notifies when a journal has grown too."""

    def __init__(
        self,
        settings: AgentSettings,
        machine: Machine,
        sampler: Sampler,
        *,
        host_id: str,
        boot_id: str | None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.link_state = self.unlinked_state
        self.loans = Loans()
        self.instance = secrets.token_hex(8)
        self.host_id = host_id
        self.slot = Slot(settings.machine_id, None if settings.share_host else HostLock())
        self.plugins = Plugins(settings.data / "cache/describe", settings.worker, self.slot)
        self.idle = IdleClock(self.clock, settings.tables)
        self.capabilities = CapabilityMonitor(settings, machine, self.plugins, self.slot, self.idle)
        self.sampling = Sampling(sampler, self.clock, lambda: self.jobs.running is not None)
        context = RunnerContext(
            command=settings.worker, sampling=self.sampling, clock=self.clock, boot_id=boot_id
        )
        retention = Retention(keep_jobs=settings.keep_jobs, keep_s=settings.keep_s)
        self.jobs = Jobs(
            jobs_dir(settings.data), settings.machine_id, self.slot, context, retention
        )
        self.operations = Operations(
            settings=settings,
            plugins=self.plugins,
            capabilities=self.capabilities,
            slot=self.slot,
            changed=self.jobs.changed,
            idle=self.idle,
        )

    @property
    def unlinked_state(self) -> str:
        """How the link stands before it is dialled."""
        return "no central is configured" if self.settings.central is None else "dialling"

    async def run(self) -> None:
        """Run jobs, keep the capabilities up to date, and watch journals grow; until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.jobs.run)
            tasks.start_soon(self.operations.run)
            tasks.start_soon(self.plugins.run)
            tasks.start_soon(self.capabilities.follow)
            tasks.start_soon(self.capabilities.keep)
            tasks.start_soon(stop_idle, self.idle, self.operations)
            tasks.start_soon(self._watch)

    async def start(self, spec: JobSpec) -> Job:
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
        )

    async def start_direct(self, request: JobRequest) -> Job:
        """Check a job asked of this machine alone, and start it.

        Raises InvalidInput with each bad field, by its path in the request, or Busy.
        """
        await self.jobs.let_end()
        self.slot.refuse_if_busy()
        capabilities = await self.capabilities.offering(request.kind)
        only = await self._settled(
            request, standalone_job.lane(request, capabilities), capabilities
        )
        settings = self.settings
        spec = standalone_job.spec(request, only, settings.machine_id, settings.sampling_s)
        return await self.start(spec)

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
            now = (_size(job.folder.work), _size(job.folder.agent))
            if now != sizes:
                sizes = now
                self.jobs.changed.notify()
            await anyio.sleep(LOOK_S)


def _size(path: Path) -> int:
    try:
        fd = open_regular(path)
    except OSError:
        return 0
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)
