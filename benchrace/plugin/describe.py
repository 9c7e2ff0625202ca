"""Turn a loaded plugin into a description: plain values that travel and outlive the plugin."""

import traceback
from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.plugin.backend import Backend
from benchrace.plugin.description import (
    BackendDescription,
    PluginDescription,
    WorkloadDescription,
)
from benchrace.plugin.entry_points import PluginRef
from benchrace.plugin.loader import Broken, Loaded, load
from benchrace.plugin.workload import Workload


def describe(ref: PluginRef) -> PluginDescription:
    """Load `ref` and describe it; raises nothing, a broken plugin says so itself."""
    loaded = load(ref)
    try:
        # Through plain values and back: what others could not decode is found out here.
        return msgspec.convert(msgspec.to_builtins(description_of(loaded)), PluginDescription)
    except Exception as error:  # noqa: BLE001 - whatever cannot be told is the plugin's
        text = f"it cannot be described: {error}"
        detail = "".join(traceback.format_exception(error))
        return description_of(Broken(ref=ref, error=text, traceback=detail))


def description_of(loaded: Loaded | Broken) -> PluginDescription:
    """Describe what was loaded."""
    ref = loaded.ref
    about: dict[str, Any] = {
        "name": ref.name,
        "module": ref.module,
        "distribution": ref.distribution,
        "version": ref.version,
    }
    match loaded:
        case Broken(error=error, traceback=trace):
            return PluginDescription(**about, error=error, traceback=trace)
        case Loaded(backends=backends, kinds=kinds):
            return PluginDescription(
                **about,
                backends=tuple(_backend(each) for each in backends),
                kinds=tuple(kind.name for kind in kinds),
            )


def params_schema(of: type[msgspec.Struct]) -> dict[str, Any]:
    """Give a Struct's JSON Schema with no `$ref` left, and its fields in order as `order`.

    Every property has a `title`; `default` is there wherever the field has one.
    """
    schema = msgspec.json.schema(of)
    resolved: dict[str, Any] = _resolve(schema, schema.get("$defs", {}), ())
    resolved.pop("$defs", None)
    properties = resolved.setdefault("properties", {})
    for name, about in properties.items():
        about.setdefault("title", name.replace("_", " ").capitalize())
    resolved["order"] = list(properties)
    return resolved


def _resolve(node: Any, defs: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    match node:
        case {"$ref": str(ref), **beside}:
            name = ref.rpartition("/")[2]
            if name in inside:
                return {"type": "object", "description": f"a {name} again"}
            target = _resolve(defs[name], defs, (*inside, name))
            return {**target, **_resolve(beside, defs, inside)}
        case dict():
            return {key: _resolve(value, defs, inside) for key, value in node.items()}
        case list():
            return [_resolve(value, defs, inside) for value in node]
        case _:
            return node


def _backend(backend: type[Backend]) -> BackendDescription:
    return BackendDescription(
        name=backend.name,
        title=backend.title,
        version=backend.version,
        workloads=tuple(workload_description(each) for each in backend.workloads),
        config_schema=None if backend.config is None else params_schema(backend.config),
        operations=backend.operations(),
    )


def workload_description(workload: Workload) -> WorkloadDescription:
    """Describe one workload."""
    kind = workload.kind
    return WorkloadDescription(
        kind=kind.name,
        title=kind.title,
        params_schema=params_schema(workload.accepts),
        metrics=kind.metrics,
        metrics_version=kind.metrics_version,
        presets={name: dict(preset) for name, preset in workload.presets.items()},
        automatic=workload.automatic,
        saturates=tuple(sorted(workload.saturates)),
        drawing=workload.drawing,
        together=workload.together,
    )
