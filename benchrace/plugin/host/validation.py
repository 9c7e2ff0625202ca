"""Check that the backends, workloads and kinds of a plugin follow the rules."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from benchrace import structs
from benchrace.ids import is_name
from benchrace.kinds import Better, EnergyWork, Kind, Metric, Params, Record
from benchrace.kinds.built_in import built_in
from benchrace.plugin.backend import Backend, Config
from benchrace.plugin.workload import Workload

AUTO = "auto"


class InvalidPlugin(Exception):
    """A plugin that breaks a rule; the text is for its author."""


def kinds_of(result: Any) -> tuple[Kind, ...]:
    """Check the result of `benchrace_kinds`; raises `InvalidPlugin`."""
    kinds = tuple(_items(result, "benchrace_kinds"))
    for kind in kinds:
        if not isinstance(kind, Kind):
            raise InvalidPlugin(f"benchrace_kinds returned {_format(kind)}: expected a Kind")
        _check_kind(kind)
    _check_unique([kind.name for kind in kinds], "kind")
    return kinds


def backends_of(result: Any) -> tuple[type[Backend], ...]:
    """Check the result of `benchrace_backends`; raises `InvalidPlugin`."""
    backends = tuple(_items(result, "benchrace_backends"))
    for backend in backends:
        if not _is_subclass(backend, Backend):
            raise InvalidPlugin(
                f"benchrace_backends returned {_format(backend)}: expected a subclass of Backend"
            )
        _check_backend(backend)
    _check_unique([backend.name for backend in backends], "backend")
    return backends


def _items(result: Any, hook: str) -> Iterator[Any]:
    if isinstance(result, str | bytes | Mapping) or not isinstance(result, Iterable):
        raise InvalidPlugin(f"{hook} returned {_format(result)}: return a list of classes or kinds")
    return iter(result)


def _check_backend(backend: type[Backend]) -> None:
    where = backend.__name__
    if inspect.isabstract(backend):
        missing = ", ".join(sorted(backend.__abstractmethods__))
        raise InvalidPlugin(f"{where} is abstract: it lacks {missing}")
    name = getattr(backend, "name", None)
    if not _is_good_name(name):
        raise InvalidPlugin(f"invalid {where}.name {name!r}: use 1-64 of A-Z a-z 0-9 . _ -")
    title = getattr(backend, "title", None)
    if not (isinstance(title, str) and title.strip()):
        raise InvalidPlugin(f"invalid {where}.title {title!r}: use a title for people")
    if not isinstance(backend.version, str | None):
        raise InvalidPlugin(f"{where}.version is {_format(backend.version)}: use a str, or None")
    _check_constructor(backend)
    config = backend.config
    if config is not None and not _is_subclass(config, Config):
        raise InvalidPlugin(
            f"{where}.config is {_format(config)}: use a subclass of Config, or None"
        )
    workloads = getattr(backend, "workloads", None)
    if not isinstance(workloads, tuple | list) or not workloads:
        raise InvalidPlugin(
            f"{where}.workloads is {_format(workloads)}: list at least one Workload"
        )
    for workload in workloads:
        if not isinstance(workload, Workload):
            raise InvalidPlugin(f"{where}.workloads has {_format(workload)}: expected a Workload")
        _check_workload(workload, where)
    _check_unique([workload.kind.name for workload in workloads], f"kind in {where}.workloads")


def _check_constructor(backend: type[Backend]) -> None:
    """Check that a worker can create one: it passes the configuration, or None."""
    try:
        inspect.signature(backend).bind(None)
    except (TypeError, ValueError) as error:
        raise InvalidPlugin(
            f"{backend.__name__}.__init__ cannot be called with the configuration ({error}): "
            "write `def __init__(self, config=None)`, and call `super().__init__(config)` in it"
        ) from error


def _check_workload(workload: Workload, where: str) -> None:
    if not isinstance(workload.kind, Kind):
        raise InvalidPlugin(
            f"a workload of {where} has the kind {_format(workload.kind)}: expected a Kind"
        )
    _check_kind(workload.kind)
    where = f"{where}, workload {workload.kind.name}"
    accepts = workload.accepts
    if not _is_subclass(accepts, workload.kind.params):
        base = workload.kind.params.__name__
        raise InvalidPlugin(f"{where}: params is {_format(accepts)}: expected a subclass of {base}")
    if workload.automatic is not None and workload.automatic not in accepts.__struct_fields__:
        raise InvalidPlugin(f"{where}: automatic names unknown parameter {workload.automatic!r}")
    for name, preset in workload.presets.items():
        _check_preset(workload, preset, f"{where}, preset {name!r}")


def _check_preset(workload: Workload, preset: Mapping[str, Any], where: str) -> None:
    types = {field.encode_name: field.type for field in msgspec.structs.fields(workload.accepts)}
    for key, value in preset.items():
        if key not in types:
            raise InvalidPlugin(f"{where} sets unknown parameter {key!r}")
        if key == workload.automatic and value == AUTO:
            continue
        try:
            structs.convert(value, types[key])
        except msgspec.ValidationError as error:
            raise InvalidPlugin(f"{where}: {key}: {error}") from error


def _check_kind(kind: Kind) -> None:
    if not _is_good_name(kind.name):
        raise InvalidPlugin(f"invalid kind name {kind.name!r}: use 1-64 of A-Z a-z 0-9 . _ -")
    where = f"kind {kind.name}"
    if (built_in(kind.name) or kind) is not kind:
        raise InvalidPlugin(f"{where} is built in: choose another name, or use the built-in kind")
    for struct, base in ((kind.params, Params), (kind.record, Record)):
        if not _is_subclass(struct, base):
            raise InvalidPlugin(
                f"{where}: {_format(struct)}: expected a subclass of {base.__name__}"
            )
    if not callable(kind.derive):
        raise InvalidPlugin(f"{where}: derive is {_format(kind.derive)}: expected a function")
    for metric in kind.metrics:
        _check_metric(metric, where)
    _check_unique([metric.name for metric in kind.metrics], f"metric in {where}")
    _check_energy(kind, where)
    if not any(metric.headline for metric in kind.metrics):
        raise InvalidPlugin(f"{where}: no metric is a headline, so its lanes cannot be ranked")


def _check_metric(metric: Metric, where: str) -> None:
    if not isinstance(metric, Metric):
        raise InvalidPlugin(f"{where}: metrics has {_format(metric)}: expected a Metric")
    if not (_is_good_name(metric.name) and metric.title):
        raise InvalidPlugin(f"{where}: the metric {metric.name!r} needs a name and a title")
    if metric.headline and metric.better is Better.NONE:
        raise InvalidPlugin(
            f"{where}: the headline metric {metric.name!r} has no better direction: "
            "set `better` to HIGHER or LOWER, or `headline` to False"
        )


def _check_energy(kind: Kind, where: str) -> None:
    energy, names = kind.energy, [metric.name for metric in kind.metrics]
    if energy is None:
        return
    if not isinstance(energy, EnergyWork):
        raise InvalidPlugin(f"{where}: energy is {_format(energy)}: expected an EnergyWork")
    if energy.counted_by not in names:
        raise InvalidPlugin(
            f"{where}: energy is counted by {energy.counted_by!r}, which is not one of its metrics"
        )
    if not energy.size > 0:
        raise InvalidPlugin(f"{where}: energy has size {energy.size!r}: expected more than 0")
    _check_unique([*names, *(metric.name for metric in energy.metrics)], f"metric in {where}")


def _is_good_name(name: Any) -> bool:
    return isinstance(name, str) and is_name(name)


def _is_subclass(value: Any, base: type) -> bool:
    return isinstance(value, type) and issubclass(value, base)


def _check_unique(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InvalidPlugin(f"duplicate {what} {name!r}: listed {names.count(name)} times")


def _format(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.80}"
