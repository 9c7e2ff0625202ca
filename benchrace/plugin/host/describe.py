"""Turn a loaded plugin into a description, which needs none of the plugin's code."""

import traceback
from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace import structs
from benchrace.plugin.backend import Backend
from benchrace.plugin.description import (
    BackendDescription,
    PluginDescription,
    WorkloadDescription,
)
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.plugin.host.loader import BrokenPlugin, LoadedPlugin, load
from benchrace.plugin.workload import Workload


def describe(ref: PluginRef) -> PluginDescription:
    """Load `ref` and describe it; a broken plugin yields a description with its error."""
    loaded = load(ref)
    try:
        # Through plain values and back, to catch here what other processes could not decode.
        return structs.convert(msgspec.to_builtins(description_of(loaded)), PluginDescription)
    except Exception as error:  # noqa: BLE001 - the plugin's fault, whatever it is
        text = f"it cannot be described: {error}"
        detail = "".join(traceback.format_exception(error))
        return description_of(BrokenPlugin(ref=ref, error=text, traceback=detail))


def description_of(loaded: LoadedPlugin | BrokenPlugin) -> PluginDescription:
    """Describe a loaded plugin, or why it is broken."""
    ref = loaded.ref
    fields: dict[str, Any] = {
        "name": ref.name,
        "module": ref.module,
        "distribution": ref.distribution,
        "version": ref.version,
    }
    match loaded:
        case BrokenPlugin(error=error, traceback=trace):
            return PluginDescription(**fields, error=error, traceback=trace)
        case LoadedPlugin(backends=backends, kinds=kinds):
            return PluginDescription(
                **fields,
                backends=tuple(_backend(backend) for backend in backends),
                kinds=tuple(kind.name for kind in kinds),
            )


def params_schema(of: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a Struct's JSON Schema without any `$ref`, with its fields in order as `order`.

    Every property has a `title`, and a `default` if the field has one.
    """
    schema = msgspec.json.schema(of)
    resolved: dict[str, Any] = _resolve(schema, schema.get("$defs", {}), ())
    resolved.pop("$defs", None)
    properties = resolved.setdefault("properties", {})
    for name, schema_of_field in properties.items():
        schema_of_field.setdefault("title", name.replace("_", " ").capitalize())
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
        workloads=tuple(workload_description(workload) for workload in backend.workloads),
        config_schema=None if backend.config is None else params_schema(backend.config),
        operations=backend.operations(),
        assets=backend.assets,
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
        load_params=workload.load_params,
        work=kind.work,
        energy=kind.energy,
        spans=workload.spans,
        shared_load=workload.shared_load,
    )
