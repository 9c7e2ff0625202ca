"""What this machine is and can do, kept up to date while nothing is measured."""

import logging
from collections.abc import Iterator
from typing import Any

import anyio
import msgspec

from benchrace import __version__
from benchrace.agent.engines.assets import asset_setup
from benchrace.agent.engines.idle import IdleClock
from benchrace.agent.engines.probing import Prober, converted
from benchrace.agent.jobs.devices import devices
from benchrace.agent.jobs.slot import Busy, Slot
from benchrace.agent.machine_settings import SettingsKeeper
from benchrace.agent.one_shot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.agent.surroundings import LookAround, Surroundings
from benchrace.config.agent import AgentConfig, Warned, unknown_tables
from benchrace.errors import BenchraceError, Category
from benchrace.notifier import Notifier
from benchrace.plugin.description import BackendDescription
from benchrace.plugin.engine.device import Device
from benchrace.plugin.readiness import Problem
from benchrace.protocol import timing
from benchrace.protocol.agent_worker import CalibrateOrder, PreflightOrder, WorkerSetup
from benchrace.protocol.capabilities import (
    RESTART,
    BackendStatus,
    Calibrated,
    Capabilities,
    LaneReadiness,
    PreflightAnswer,
)
from benchrace.protocol.timing import Timing
from benchrace.run.lane import JobLane
from benchrace.telemetry.detection import detect
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import Hardware
from benchrace.telemetry.host_id import host_id
from benchrace.telemetry.identity import fingerprint
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.machine_root import Root

log = logging.getLogger(__name__)
# A plugin that takes longer to be described is announced when it is.
_REFRESH_S = 5.0
_PREFLIGHT_S = 60.0
_CALIBRATE_S = 300.0
_AFTER_JOB_S = 1.0


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry found; `timing` is what the machine has certified of itself.

    `host_id` is the same for all agents of a host.
    """

    hardware: Hardware
    environment: Environment
    fingerprint: str
    timing: Timing | None = None
    host_id: str = ""


def look(root: Root, settings: AgentSettings) -> Machine:
    """Look at the machine. Blocks; raises InvalidInput for overrides that fit no GPU."""
    hardware = detect(root, settings.overrides)
    return Machine(
        hardware=hardware,
        environment=environment(root, hardware),
        fingerprint=fingerprint(hardware),
        timing=timing.read(settings.data),
        host_id=host_id(),
    )


class CapabilityMonitor:
    """`current` is there from the start, with the plugins described so far; `changed` notifies
    when it is new.
    """

    def __init__(
        self,
        settings: AgentSettings,
        machine: Machine,
        plugins: Plugins,
        slot: Slot,
        idle: IdleClock,
        keeper: SettingsKeeper,
        look_around: LookAround | None = None,
    ) -> None:
        self._surroundings = Surroundings(machine.environment, look_around)
        self._idle = idle
        self._keeper = keeper
        self._failed: dict[str, Problem] = {}
        self._settings = settings
        self._machine = machine
        self._plugins = plugins
        self._slot = slot
        self._agent_id = f"{machine.host_id}-{settings.machine_id}"
        self._prober = Prober(settings, plugins, slot)
        self._timing = machine.timing
        self._warnings: tuple[Warned, ...] = ()
        self.changed = Notifier()
        self.current = self._put_together()

    async def ready(self) -> Capabilities:
        """Return the capabilities once every plugin that is not slow is described."""
        await self._plugins.ready()
        return self._with_plugins()

    async def listed(self) -> Capabilities:
        """Return the capabilities once the installed plugins are listed."""
        await self._plugins.listed()
        return self._with_plugins()

    async def offering(self, kind: str) -> Capabilities:
        """Return the capabilities once a plugin offers `kind`, or all are described."""
        # Which backends offer it must not depend on which plugin is described first.
        await self._plugins.ready()
        while (
            not any(
                work.kind == kind
                for plugin in self._plugins.described
                for backend in plugin.backends
                for work in backend.workloads
            )
            and self._plugins.waiting
        ):
            await self._plugins.changed.wait()
        return self._with_plugins()

    async def follow(self) -> None:
        """Announce each plugin as soon as it is described, until cancelled."""
        while True:
            seen = self._plugins.changed.count
            self._with_plugins()
            await self._check_tables()
            self.publish()
            await self._plugins.changed.wait(seen)

    async def keep(self) -> None:
        """Describe and probe, again and again while nothing is measured, until cancelled."""
        if not self._settings.probe_at_start:
            await self._slot.used.wait()
            await anyio.sleep(_AFTER_JOB_S)
        while True:
            try:
                await self.refresh()
            except Busy:
                log.debug("not probed: the machine is measuring")
                # What is asked next is what it has now, not what it had before.
                await self._slot.free()
                await anyio.sleep(_AFTER_JOB_S)
                continue
            except (BenchraceError, OSError) as error:
                log.warning("the engines cannot be probed: %s", error)
            with anyio.move_on_after(self._keeper.current.heartbeat_interval_s):
                await self._plugins.usable_changed(self._prober.refs)

    async def refresh(self) -> Capabilities:
        """Describe what is new, and ask every engine whether it answers; raises Busy."""
        self._slot.refuse_if_busy()
        await self._plugins.refresh(_REFRESH_S)
        await self._prober.probe(self.tables(), self.publish)
        self._timing = await anyio.to_thread.run_sync(timing.read, self._settings.data)
        await self._keeper.look()
        await self._check_tables()
        async with self._slot.aside():
            await self._surroundings.look()
        return self.publish()

    def note_start(self, backend: str, error: BenchraceError | None) -> None:
        """Note whether the last attempt to start a backend's engine failed."""
        self._failed.pop(backend, None)
        if error is not None:
            what = f"the engine of {backend} did not start: {error.message}"
            self._failed[backend] = Problem(message=what, remedy=error.remedy)
        self.publish()

    async def preflight(self, kind: str, lanes: tuple[JobLane, ...]) -> tuple[LaneReadiness, ...]:
        """Check whether each lane can start, and probe what lacks a probe; raises Busy."""
        if self._plugins.restart is not None:
            problem = self._plugins.restart
            raise BenchraceError(Category.SYSTEM, problem.message, problem.remedy)
        order = PreflightOrder(
            setup=self._setup_of(kind, lanes),
            kind=kind,
            lanes=lanes,
            probe=self._prober.unprobed(lane.backend for lane in lanes),
            asset_setup=await anyio.to_thread.run_sync(
                asset_setup, self._settings, self._keeper.current
            ),
        )
        answer = converted(await self._ask(order, _PREFLIGHT_S), PreflightAnswer)
        self._prober.learn(answer.probes)
        self.publish()
        return answer.lanes

    async def calibrate(self, kind: str, lanes: tuple[JobLane, ...]) -> tuple[Calibrated, ...]:
        """Calibrate the "auto" parameter of each lane; raises Busy."""
        order = CalibrateOrder(setup=self._setup_of(kind, lanes), kind=kind, lanes=lanes)
        return converted(await self._ask(order, _CALIBRATE_S), tuple[Calibrated, ...])

    @property
    def gpus(self) -> tuple[Device, ...]:
        """The GPUs that a lane may choose."""
        return devices(self._machine.hardware.gpus)

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the configuration of the backends that are installed."""
        names = {backend.name for one in self._plugins.described for backend in one.backends}
        return {name: table for name, table in self._settings.tables.items() if name in names}

    def setup(self, backends: frozenset[str], kind: str | None) -> WorkerSetup:
        """Return what a worker needs that works with these backends, and derives `kind`."""
        return WorkerSetup(
            plugins=self._plugins.for_backends(backends, kind),
            config=self.tables(),
            log_dir=self._settings.log_dir,
            gpus=self.gpus,
            simulated=self._settings.simulated,
            agent_id=self._agent_id,
        )

    def _setup_of(self, kind: str, lanes: tuple[JobLane, ...]) -> WorkerSetup:
        return self.setup(frozenset(lane.backend for lane in lanes), kind)

    async def _ask(self, order: PreflightOrder | CalibrateOrder, limit: float) -> Any:
        async with self._slot.aside():
            return await ask(self._settings.worker_command, order, limit)

    def _with_plugins(self) -> Capabilities:
        """Publish new descriptions only: a request must not wake those who wait for a probe."""
        restart = self._plugins.restart
        announced = (self.current.plugins, self.current.restart)
        if announced != (self._plugins.described, None if restart is None else restart.message):
            return self.publish()
        return self.current

    def publish(self) -> Capabilities:
        """Return the current capabilities, and notify where they have changed."""
        capabilities = self._put_together()
        if capabilities != self.current:
            self.current = capabilities
            self.changed.notify()
        return capabilities

    def _put_together(self) -> Capabilities:
        restart = self._plugins.restart
        return Capabilities(
            machine_id=self._settings.machine_id,
            label=self._settings.label,
            version=__version__,
            fingerprint=self._machine.fingerprint,
            hardware=self._machine.hardware,
            environment=self._surroundings.current,
            plugins=self._plugins.described,
            backends=tuple(
                self._status(backend, plugin.name)
                for plugin in self._plugins.described
                for backend in plugin.backends
            ),
            timing=self._timing,
            restart=None if restart is None else restart.message,
            restart_remedy=RESTART if restart is None else restart.remedy,
            problems=tuple(self._problems()),
            simulated=self._settings.simulated,
            renewed=self._surroundings.renewed,
        )

    def _problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the machine, though it can race."""
        yield from self._keeper.folders.problems
        for message, remedy in self._warnings:
            yield Problem(message=f"agent.yaml: {message}", remedy=remedy)
        for name, problem in self._failed.items():
            probe = self._prober.probes.get(name)
            if probe is None or not probe.reachable:
                yield problem
        for problems in self._prober.problems.values():
            yield from problems

    def _status(self, backend: BackendDescription, plugin: str) -> BackendStatus:
        probe = self._prober.probes.get(backend.name)
        problems = self._prober.problems.get(plugin, ())
        if probe is None:
            return BackendStatus(
                description=backend, plugin=plugin, reachable=None, problems=problems
            )
        return BackendStatus(
            description=backend,
            plugin=plugin,
            reachable=probe.reachable,
            engine_version=probe.version,
            models=probe.models,
            problems=(*probe.problems, *problems),
            startable=probe.startable,
            choices=probe.choices,
            legacy=probe.legacy,
            stops_at=self._idle.stops_at(backend.name) if probe.started else None,
        )

    async def _check_tables(self) -> None:
        """Look for tables of agent.yaml that no backend reads, and log those that are new."""
        plugins = self._plugins.described
        if self._plugins.waiting or any(plugin.error is not None for plugin in plugins):
            # Which tables the backends of a broken plugin read is not known.
            self._warnings = ()
            return
        names = frozenset(backend.name for one in plugins for backend in one.backends)
        config = AgentConfig(tables=self._settings.tables)
        before = self._warnings
        self._warnings = await anyio.to_thread.run_sync(unknown_tables, config, names)
        for message, remedy in self._warnings:
            if (message, remedy) not in before:
                log.warning("agent.yaml: %s. %s", message, remedy)
