"""What a machine is and can do, as its agent tells it."""

from typing import Any

import msgspec

from benchrace.errors import FieldError
from benchrace.link.timing import Timing
from benchrace.plugin.description import BackendDescription, PluginDescription
from benchrace.plugin.readiness import Model, Problem
from benchrace.telemetry.environment import Environment
from benchrace.telemetry.hardware import Hardware


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
    legacy: dict[str, Any] = {}
    stops_at: float | None = None


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """All that central knows of a machine; copied into the metadata of each run on it.

    `timing` is null until the machine has certified itself.
    """

    machine_id: str
    label: str
    version: str
    fingerprint: str
    hardware: Hardware
    environment: Environment
    plugins: tuple[PluginDescription, ...] = ()
    backends: tuple[BackendStatus, ...] = ()
    timing: Timing | None = None


class LaneReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's answer to preflight: ready where both are empty; `params` are then complete."""

    lane_id: str
    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()
    params: dict[str, Any] | None = None

    @property
    def ready(self) -> bool:
        return not self.fields and not self.problems


class Calibrated(msgspec.Struct, frozen=True, kw_only=True):
    """What "auto" comes to in a lane: parameter values by name."""

    lane_id: str
    params: dict[str, Any]
