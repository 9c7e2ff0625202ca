"""What a plugin may offer: the rules that every backend, workload and kind must keep."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from benchrace.ids import is_name
from benchrace.kinds import COMPUTE, LLM, SERVE, Kind, Metric, Params, Record
from benchrace.plugin.backend import Backend, Config
from benchrace.plugin.workload import Workload

BUILT_IN = {kind.name: kind for kind in (COMPUTE, LLM, SERVE)}
AUTO = "auto"


class Refused(Exception):
    """An offer that breaks a rule; the text is for the plugin's author."""


def kinds_of(offered: Any) -> tuple[Kind, ...]:
    """Check what `benchrace_kinds` returned; raises `Refused`."""
    kinds = tuple(_each(offered, "benchrace_kinds"))
    for kind in kinds:
        if not isinstance(kind, Kind):
            raise Refused(f"benchrace_kinds returned {_say(kind)}, which is no Kind")
        _check_kind(kind)
    _unique([kind.name for kind in kinds], "kind")
    return kinds


def backends_of(offered: Any) -> tuple[type[Backend], ...]:
    """Check what `benchrace_backends` returned; raises `Refused`."""
    backends = tuple(_each(offered, "benchrace_backends"))
    for backend in backends:
        if not _is_subclass(backend, Backend):
            raise Refused(f"benchrace_backends returned {_say(backend)}, no subclass of Backend")
        _check_backend(backend)
    _unique([backend.name for backend in backends], "backend")
    return backends


def _each(offered: Any, hook: str) -> Iterator[Any]:
    if isinstance(offered, str | bytes | Mapping) or not isinstance(offered, Iterable):
        raise Refused(f"{hook} returned {_say(offered)}: return a list of classes or kinds")
    return iter(offered)


def _check_backend(backend: type[Backend]) -> None:
    where = backend.__name__
    if inspect.isabstract(backend):
        missing = ", ".join(sorted(backend.__abstractmethods__))
        raise Refused(f"{where} is abstract: it lacks {missing}")
    name = getattr(backend, "name", None)
    if not _is_good_name(name):
        raise Refused(f"{where}.name is {name!r}: take 1-64 of A-Z a-z 0-9 . _ -")
    title = getattr(backend, "title", None)
    if not (isinstance(title, str) and title.strip()):
        raise Refused(f"{where}.title is {title!r}: give it a title for people")
    if not isinstance(backend.version, str | None):
        raise Refused(f"{where}.version is {_say(backend.version)}: give a text, or None")
    config = backend.config
    if config is not None and not _is_subclass(config, Config):
        raise Refused(f"{where}.config is {_say(config)}: take a subclass of Config, or None")
    workloads = getattr(backend, "workloads", None)
    if not isinstance(workloads, tuple | list) or not workloads:
        raise Refused(f"{where}.workloads is {_say(workloads)}: give at least one Workload")
    for workload in workloads:
        if not isinstance(workload, Workload):
            raise Refused(f"{where}.workloads holds {_say(workload)}, which is no Workload")
        _check_workload(workload, where)
    _unique([workload.kind.name for workload in workloads], f"kind in {where}.workloads")


def _check_workload(workload: Workload, where: str) -> None:
    if not isinstance(workload.kind, Kind):
        raise Refused(f"a workload of {where} has {_say(workload.kind)} as its kind")
    _check_kind(workload.kind)
    where = f"{where}, workload {workload.kind.name}"
    accepts = workload.accepts
    if not _is_subclass(accepts, workload.kind.params):
        wanted = workload.kind.params.__name__
        raise Refused(f"{where}: params is {_say(accepts)}, no subclass of {wanted}")
    if workload.automatic is not None and workload.automatic not in accepts.__struct_fields__:
        raise Refused(f"{where}: automatic names {workload.automatic!r}, which is no parameter")
    for name, preset in workload.presets.items():
        _check_preset(workload, preset, f"{where}, preset {name!r}")


def _check_preset(workload: Workload, preset: Mapping[str, Any], where: str) -> None:
    types = {field.encode_name: field.type for field in msgspec.structs.fields(workload.accepts)}
    for key, value in preset.items():
        if key not in types:
            raise Refused(f"{where} sets {key!r}, which is no parameter")
        if key == workload.automatic and value == AUTO:
            continue
        try:
            msgspec.convert(value, types[key])
        except msgspec.ValidationError as error:
            raise Refused(f"{where}: {key}: {error}") from error


def _check_kind(kind: Kind) -> None:
    if not _is_good_name(kind.name):
        raise Refused(f"a kind is named {kind.name!r}: take 1-64 of A-Z a-z 0-9 . _ -")
    where = f"kind {kind.name}"
    if BUILT_IN.get(kind.name, kind) is not kind:
        raise Refused(f"{where} is built in: take another name, or use the one that is there")
    for found, base in ((kind.params, Params), (kind.record, Record)):
        if not _is_subclass(found, base):
            raise Refused(f"{where}: {_say(found)} is no subclass of {base.__name__}")
    if not callable(kind.derive):
        raise Refused(f"{where}: derive is {_say(kind.derive)}, which cannot be called")
    for metric in kind.metrics:
        if not isinstance(metric, Metric):
            raise Refused(f"{where}: metrics holds {_say(metric)}, which is no Metric")
        if not (_is_good_name(metric.name) and metric.title):
            raise Refused(f"{where}: the metric {metric.name!r} needs a name and a title")
    _unique([metric.name for metric in kind.metrics], f"metric in {where}")
    if not any(metric.headline for metric in kind.metrics):
        raise Refused(f"{where}: no metric is a headline, so nothing ranks its lanes")


def _is_good_name(name: Any) -> bool:
    return isinstance(name, str) and is_name(name)


def _is_subclass(found: Any, base: type) -> bool:
    return isinstance(found, type) and issubclass(found, base)


def _unique(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"two of one name: {what} {name!r} is there {names.count(name)} times")


def _say(found: Any) -> str:
    return f"{type(found).__name__} {found!r:.80}"
