"""What this machine is and can do, kept up to date while nothing is measured."""

import logging
from typing import Any, TypeVar

import anyio
import msgspec

from benchrace import __version__
from benchrace.agent.beacon import Beacon
from benchrace.agent.devices import devices
from benchrace.agent.idle import IdleClock, remembered
from benchrace.agent.oneshot import ask
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.agent.slot import Busy, Slot
from benchrace.config.agent import AgentConfig, unknown_tables
from benchrace.errors import BenchraceError, Category
from benchrace.link import timing
from benchrace.link.capabilities import BackendStatus, Calibrated, Capabilities, LaneReadiness
from benchrace.plugin.description import BackendDescription
from benchrace.plugin.device import Device
from benchrace.plugin.readiness import Probe, Problem
from benchrace.run.control import CalibrateOrder, PreflightOrder, ProbeOrder
from benchrace.run.job import JobLane
from benchrace.telemetry.detection import detect
from benchrace.telemetry.environment import Environment, environment
from benchrace.telemetry.hardware import Hardware
from benchrace.telemetry.identity import fingerprint
from benchrace.telemetry.root import Root

log = logging.getLogger(__name__)
T = TypeVar("T")
_PROBE_S = 60.0
_PREFLIGHT_S = 60.0
_CALIBRATE_S = 300.0
_AFTER_JOB_S = 1.0


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry found."""

    hardware: Hardware
    environment: Environment
    fingerprint: str


def look(root: Root, settings: AgentSettings) -> Machine:
    """Look at the machine. Blocks; raises InvalidInput for overrides that fit no GPU."""
    hardware = detect(root, settings.overrides)
    return Machine(
        hardware=hardware,
        environment=environment(root, hardware),
        fingerprint=fingerprint(hardware),
    )


class Abilities:
    """`current` is None until the plugins are described; `changed` flashes when it is new."""

    def __init__(
        self,
        settings: AgentSettings,
        machine: Machine,
        plugins: Plugins,
        slot: Slot,
        idle: IdleClock,
    ) -> None:
        self._idle = idle
        self._settings = settings
        self._machine = machine
        self._plugins = plugins
        self._slot = slot
        self._probes: dict[str, Probe] = {}
        self._failed: Problem | None = None
        self._timing: timing.Timing | None = None
        self.current: Capabilities | None = None
        self.changed = Beacon()

    async def known(self) -> Capabilities:
        """Give what is known, once the plugins are described."""
        while self.current is None:
            await self.changed.wait(self.changed.count)
        return self.current

    async def keep(self) -> None:
        """Describe and probe, again and again while nothing is measured, until cancelled."""
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
                log.warning("the plugins cannot be described: %s", error)
            await anyio.sleep(self._settings.probe_every_s if self.current else 1.0)

    async def refresh(self) -> Capabilities:
        """Describe what is new, and ask every engine whether it answers; raises Busy."""
        first = self.current is None
        if await self._plugins.refresh() or first:
            self.tell()
            for warning in self._warnings():
                log.warning("agent.yaml: %s", warning)
        await self._probe()
        self._timing = await anyio.to_thread.run_sync(timing.read, self._settings.data)
        return self.tell()

    async def preflight(self, kind: str, lanes: tuple[JobLane, ...]) -> tuple[LaneReadiness, ...]:
        """Ask of each lane whether it can start; raises Busy."""
        order = PreflightOrder(
            plugins=self._for(kind, lanes),
            config=self.tables(),
            log_dir=self._settings.log_dir,
            gpus=self.gpus,
            kind=kind,
            lanes=lanes,
        )
        return converted(await self._ask(order, _PREFLIGHT_S), tuple[LaneReadiness, ...])

    async def calibrate(self, kind: str, lanes: tuple[JobLane, ...]) -> tuple[Calibrated, ...]:
        """Ask for each lane what "auto" comes to; raises Busy."""
        order = CalibrateOrder(
            plugins=self._for(kind, lanes),
            config=self.tables(),
            log_dir=self._settings.log_dir,
            gpus=self.gpus,
            kind=kind,
            lanes=lanes,
        )
        return converted(await self._ask(order, _CALIBRATE_S), tuple[Calibrated, ...])

    @property
    def gpus(self) -> tuple[Device, ...]:
        """The GPUs that a lane may choose."""
        return devices(self._machine.hardware.gpus)

    def tables(self) -> dict[str, dict[str, Any]]:
        """Give the configuration of the backends that are installed."""
        names = {each.name for one in self._plugins.described for each in one.backends}
        return {name: table for name, table in self._settings.tables.items() if name in names}

    def _for(self, kind: str, lanes: tuple[JobLane, ...]) -> Any:
        return self._plugins.for_backends(frozenset(lane.backend for lane in lanes), kind)

    async def _ask(self, order: PreflightOrder | CalibrateOrder | ProbeOrder, limit: float) -> Any:
        async with self._slot.aside():
            return await ask(self._settings.worker, order, limit)

    async def _probe(self) -> None:
        order = ProbeOrder(
            plugins=self._plugins.refs, config=self.tables(), log_dir=self._settings.log_dir
        )
        try:
            result = await self._ask(order, _PROBE_S)
            self._probes = {
                name: remembered(self._probes.get(name), probe)
                for name, probe in converted(result, dict[str, Probe]).items()
            }
            self._failed = None
        except Busy:
            raise
        except BenchraceError as error:
            self._failed = Problem(message=f"probing failed: {error}", remedy=error.remedy)

    def tell(self) -> Capabilities:
        """Put together what is known now, and say it where it is new."""
        told = Capabilities(
            machine_id=self._settings.machine_id,
            label=self._settings.label,
            version=__version__,
            fingerprint=self._machine.fingerprint,
            hardware=self._machine.hardware,
            environment=self._machine.environment,
            plugins=self._plugins.described,
            backends=tuple(
                self._status(backend, plugin.name, self._probes.get(backend.name))
                for plugin in self._plugins.described
                for backend in plugin.backends
            ),
            timing=self._timing,
        )
        if told != self.current:
            self.current = told
            self.changed.flash()
        return told

    def _status(
        self, backend: BackendDescription, plugin: str, probe: Probe | None
    ) -> BackendStatus:
        problems = () if self._failed is None else (self._failed,)
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
            legacy=probe.legacy,
            stops_at=self._idle.stops_at(backend.name) if probe.started else None,
        )

    def _warnings(self) -> tuple[str, ...]:
        names = frozenset(each.name for one in self._plugins.described for each in one.backends)
        return unknown_tables(AgentConfig(tables=self._settings.tables), names)


def converted(result: Any, kind: type[T]) -> T:
    """Convert a worker's answer; raises `plugin_error` where it makes no sense."""
    try:
        return msgspec.convert(result, kind)
    except msgspec.ValidationError as error:
        raise BenchraceError(
            Category.PLUGIN_ERROR,
            f"a worker's answer makes no sense: {error}",
            "Update the plugin.",
        ) from error
