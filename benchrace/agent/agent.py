"""The agent as one object: what its routes, its link and its older routes are written in."""

import os
import secrets
from pathlib import Path

import anyio
import msgspec

from benchrace.agent import devices, direct
from benchrace.agent.abilities import Abilities, Machine
from benchrace.agent.direct import JobRequest
from benchrace.agent.host import HostLock
from benchrace.agent.idle import IdleClock, stop_idle
from benchrace.agent.job import Job
from benchrace.agent.jobs import Jobs, Needs, Retention
from benchrace.agent.operations import Operations
from benchrace.agent.plugins import Plugins
from benchrace.agent.running import Bench
from benchrace.agent.sampling import Sampling
from benchrace.agent.settings import AgentSettings
from benchrace.agent.slot import Slot
from benchrace.clock import Clock, SystemClock
from benchrace.config.places import jobs_dir
from benchrace.errors import FieldError, InvalidInput
from benchrace.link.capabilities import Capabilities
from benchrace.run.job import JobLane, JobSpec
from benchrace.telemetry.sampler import Sampler

# As often as a batch of lines goes on; while no job runs nothing is looked at.
LOOK_S = 1 / 30


class Agent:
    """`instance` is new for each process; `jobs.changed` flashes when a journal has grown too."""

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
        self.link_state = "no central is configured" if settings.central is None else "dialling"
        self.instance = secrets.token_hex(8)
        self.host_id = host_id
        self.slot = Slot(settings.machine_id, None if settings.share_host else HostLock())
        self.plugins = Plugins(settings.data / "cache/describe", settings.worker, self.slot)
        self.idle = IdleClock(self.clock, settings.tables)
        self.abilities = Abilities(settings, machine, self.plugins, self.slot, self.idle)
        self.sampling = Sampling(sampler, self.clock)
        bench = Bench(
            command=settings.worker, sampling=self.sampling, clock=self.clock, boot_id=boot_id
        )
        retention = Retention(keep_jobs=settings.keep_jobs, keep_s=settings.keep_s)
        self.jobs = Jobs(jobs_dir(settings.data), settings.machine_id, self.slot, bench, retention)
        self.operations = Operations(
            settings, self.plugins, self.abilities, self.slot, self.jobs.changed, self.idle
        )

    async def run(self) -> None:
        """Run jobs, keep the capabilities up to date, and watch journals grow; until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.jobs.run)
            tasks.start_soon(self.operations.run)
            tasks.start_soon(self.abilities.keep)
            tasks.start_soon(stop_idle, self.idle, self.operations)
            tasks.start_soon(self._watch)

    async def start(self, spec: JobSpec) -> Job:
        """Start a job as it is; raises Busy, `disk_full`, or InvalidInput for a foreign machine."""
        if spec.machine_id != self.settings.machine_id:
            message = f"this is the machine {self.settings.machine_id}, not {spec.machine_id[:64]}"
            raise InvalidInput(FieldError("machine_id", message))
        known = await self.abilities.known()
        names = frozenset(lane.backend for lane in spec.lanes)
        needs = Needs(
            plugins=self.plugins.for_backends(names, spec.kind),
            config=self.abilities.tables(),
            log_dir=self.settings.log_dir,
            gpus=self.abilities.gpus,
            chosen=devices.chosen(spec, known, self.abilities.gpus),
        )
        return await self.jobs.start(spec, needs)

    async def start_direct(self, request: JobRequest) -> Job:
        """Check a job asked of this machine alone, and start it.

        Raises InvalidInput with each bad field, by its path in the request, or Busy.
        """
        await self.jobs.let_end()
        self.slot.refuse_if_busy()
        known = await self.abilities.known()
        only = await self._settled(request, direct.lane(request, known), known)
        settings = self.settings
        spec = direct.spec(request, only, settings.machine_id, settings.sampling_s)
        return await self.start(spec)

    async def _settled(self, request: JobRequest, only: JobLane, known: Capabilities) -> JobLane:
        """Find what "auto" comes to, and check the parameters, in workers that measure nothing."""
        offered = direct.workload(known, only.backend, request.kind)
        automatic = None if offered is None else offered.automatic
        if automatic is not None and only.params.get(automatic) == "auto":
            found = await self.abilities.calibrate(request.kind, (only,))
            params = {**only.params, **(found[0].params if found else {})}
            only = msgspec.structs.replace(only, params=params)
        readiness = (await self.abilities.preflight(request.kind, (only,)))[0]
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
                    self.abilities.tell()
                ran = False
                await self.jobs.changed.wait(self.jobs.changed.count)
                continue
            ran = True
            self.idle.used(lane.backend for lane in job.spec.lanes)
            now = (_size(job.folder.work), _size(job.folder.agent))
            if now != sizes:
                sizes = now
                self.jobs.changed.flash()
            await anyio.sleep(LOOK_S)


def _size(path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return os.fstat(fd).st_size
    finally:
        os.close(fd)
