"""Descriptions of plugins as plain values, since only workers import plugins."""

from typing import Any

import msgspec

from benchrace.kinds import EnergyWork, Metric
from benchrace.plugin.assets import AssetKind
from benchrace.plugin.operations import Operation
from benchrace.plugin.workload import Drawing, Resource

_MAX_REASON_CHARS = 200


class WorkloadDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A workload without its code; `params_schema` is a JSON Schema with defaults and help.

    `work` names the parameters that set how much a round has to do, `energy` what its energy is
    divided by. `spans` says that its lanes may have workers on other machines, `shared_load` that
    they may have clients there.
    """

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
    load_params: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    energy: EnergyWork | None = None
    spans: bool = False
    shared_load: bool = False


class BackendDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A backend without its code; `config_schema` is null if it takes no configuration.

    `assets` are the kinds of files that it brings to its engine, with the operation `sync`.
    """

    name: str
    title: str
    version: str | None
    workloads: tuple[WorkloadDescription, ...]
    config_schema: dict[str, Any] | None = None
    operations: tuple[Operation, ...] = ()
    assets: tuple[AssetKind, ...] = ()


class PluginDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One entry point: its backends, or the error that makes it unusable.

    `pending` means that it has not been described yet.
    """

    name: str
    module: str
    distribution: str | None
    version: str | None
    backends: tuple[BackendDescription, ...] = ()
    kinds: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None
    pending: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None and not self.pending

    @property
    def unusable(self) -> str | None:
        """Why it cannot be used now, in one line with its name; None if it can."""
        if self.pending:
            return f"{self.name} (still being described)"
        if self.error is None:
            return None
        first = next(iter(self.error.strip().splitlines()), "no reason given")
        return f"{self.name} ({first[:_MAX_REASON_CHARS]})"
