"""What a machine is and can do, as its agent reports it."""

from typing import Any

import msgspec

from benchrace.errors import FieldError
from benchrace.ids import LaneId, MachineId
from benchrace.plugin.description import BackendDescription, PluginDescription
from benchrace.plugin.readiness import Model, Probe, Problem, Startable
from benchrace.protocol.timing import Timing
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import Hardware

RESTART = "Restart the agent of this machine."


class BackendStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A backend on this machine: what it offers, and whether its engine answers.

    `reachable` is null until the first probe has ended; `legacy` is the backend's part of the
    older capabilities answer. `stops_at` is the wall time at which the agent stops the engine, if
    nobody uses it until then.
    """

    description: BackendDescription
    plugin: str
    reachable: bool | None
    engine_version: str | None = None
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    startable: tuple[Startable, ...] = ()
    choices: dict[str, tuple[str, ...]] = {}
    legacy: dict[str, Any] = {}
    stops_at: float | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """All that central knows of a machine; copied into the metadata of each run on it.

    `renewed` says that `environment` is looked at again while nothing is measured; older agents
    report how it was when they began. `timing` is null until the machine has certified itself;
    `restart` says why the agent has to be started again before it can measure, null where it need
    not, and `restart_remedy` what to do. `problems` are those of the machine itself: it can race,
    and somebody should look after it. `simulated` machines run a script: their hardware and their
    speed are invented.
    """

    machine_id: MachineId
    label: str
    version: str
    fingerprint: str
    hardware: Hardware
    environment: Environment
    plugins: tuple[PluginDescription, ...] = ()
    backends: tuple[BackendStatus, ...] = ()
    timing: Timing | None = None
    restart: str | None = None
    restart_remedy: str = RESTART
    problems: tuple[Problem, ...] = ()
    simulated: bool = False
    renewed: bool = False


class LaneReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's answer to preflight: ready where both are empty; `params` are then complete."""

    lane_id: LaneId
    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()
    params: dict[str, Any] | None = None

    @property
    def ready(self) -> bool:
        return not self.fields and not self.problems


class PreflightAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The readiness of each lane, and the probes that were asked for, by backend."""

    lanes: tuple[LaneReadiness, ...]
    probes: dict[str, Probe] = {}


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """The value of "auto" in a lane: parameter values by name."""

    lane_id: LaneId
    params: dict[str, Any]
