"""What the rest of benchrace knows of a plugin, as values: no process but a worker imports one."""

from typing import Any

import msgspec

from benchrace.kinds import Metric
from benchrace.plugin.operations import Operation
from benchrace.plugin.workload import Drawing, Resource


class WorkloadDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A workload without its code; `params_schema` is JSON Schema with defaults and help."""

    kind: str
    title: str
    params_schema: dict[str, Any]
    metrics: tuple[Metric, ...]
    metrics_version: int
    presets: dict[str, dict[str, Any]]
    automatic: str | None
    saturates: tuple[Resource, ...]
    drawing: Drawing
    together: bool


class BackendDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A backend without its code; `config_schema` is null where it takes no configuration."""

    name: str
    title: str
    version: str | None
    workloads: tuple[WorkloadDescription, ...]
    config_schema: dict[str, Any] | None = None
    operations: tuple[Operation, ...] = ()


class PluginDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One entry point: its backends, or the error that keeps it out."""

    name: str
    module: str
    distribution: str | None
    version: str | None
    backends: tuple[BackendDescription, ...] = ()
    kinds: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None

    @property
    def ok(self) -> bool:
        return self.error is None
