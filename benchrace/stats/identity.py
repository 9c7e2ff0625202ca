"""What makes two results comparable: the facts beside the figures, and which of them differ.

A fact that differs is a controlled variable where one of the two specifications names it, and a
confounder where nobody asked for the difference.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from benchrace.run.document import DocumentLane, RunDocument

# They change by themselves, or follow from what is listed.
_LEFT_OUT = frozenset(
    {
        "hardware.notes",
        "hardware.overridden",
        "hardware.accelerator_memory_gb",
        "environment.notes",
        "environment.problems",
        "environment.power.battery_percent",
        "environment.power.thermal_c",
    }
)
_PROMPT = ("prompt digest",)
# Backend and model bring what they are; their settings and versions are for a reader to judge.
_FOLLOWS = {
    "backend": ("plugin version", "engine", "engine version"),
    "params.model": ("model", "model digest", "model size", "quantisation", "tokenizer"),
    "params.prompt": _PROMPT,
    "params.prompts": _PROMPT,
    "params.prompt_tokens": _PROMPT,
    "params.system": _PROMPT,
    "params.rendering": _PROMPT,
    "params.residence": ("cache state",),
    "params.prefix": ("cache state",),
}
_MOST = 200
_LONGEST = 200


class Role(StrEnum):
    CONTROLLED = "controlled variable"
    CONFOUNDER = "confounder"


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A field of identity that is not the same; a value is null where that side has none."""

    field: str
    a: str | None
    b: str | None
    role: Role


def differing(
    one: tuple[RunDocument, DocumentLane], other: tuple[RunDocument, DocumentLane]
) -> tuple[Differing, ...]:
    """List the fields in which two lanes differ, controlled variables first."""
    a, b = dict(_facts(*one)), dict(_facts(*other))
    chosen = _chosen(*one) | _chosen(*other)
    # Another machine brings its own hardware and system: that was asked for with the machine.
    with_machine = "machine" in chosen and a["machine"] != b["machine"]
    followed = _followed(a, b, chosen)
    found = [
        Differing(
            field=field,
            a=_said(a.get(field)),
            b=_said(b.get(field)),
            role=_role(field, chosen | followed, with_machine),
        )
        for field in dict.fromkeys((*a, *b))
        if a.get(field) != b.get(field)
    ]
    return tuple(sorted(found, key=lambda each: each.role is Role.CONFOUNDER))[:_MOST]


def _followed(a: Mapping[str, Any], b: Mapping[str, Any], chosen: frozenset[str]) -> frozenset[str]:
    """Name what was asked for with something else: another model has a digest of its own."""
    return frozenset(
        field
        for cause, fields in _FOLLOWS.items()
        if cause in chosen and a.get(cause) != b.get(cause)
        for field in fields
    ) | frozenset(
        f"engine settings.{name}"
        for cause in chosen
        if (name := cause.removeprefix("params.")) != cause and a.get(cause) != b.get(cause)
    )


def _role(field: str, chosen: frozenset[str], with_machine: bool) -> Role:
    if field in chosen:
        return Role.CONTROLLED
    if with_machine and field.startswith(("hardware.", "environment.", "fingerprint")):
        return Role.CONTROLLED
    return Role.CONFOUNDER


def _facts(run: RunDocument, lane: DocumentLane) -> Iterator[tuple[str, Any]]:
    yield "kind", run.kind
    yield "machine", lane.machine_id
    yield "backend", lane.backend
    for name, value in lane.params.items():
        yield f"params.{name}", value
    workload = run.workloads.get(lane.backend)
    yield "metrics version", None if workload is None else workload.metrics_version
    yield "order", run.order.value
    yield "sync", run.sync.value
    yield "resident", run.spec.resident.value
    yield "warm-up rounds", run.warmup
    yield "staggered start", run.staggered
    yield "benchrace", run.version
    told = run.machines.get(lane.machine_id)
    machine = msgspec.to_builtins(told) if told is not None else {}
    if not isinstance(machine, Mapping):
        return
    yield "fingerprint", machine.get("fingerprint")
    yield "agent", machine.get("version")
    yield from _engine(machine, lane)
    yield from _text(lane)
    for part in ("hardware", "environment"):
        yield from _leaves(part, machine.get(part))


def _engine(machine: Mapping[str, Any], lane: DocumentLane) -> Iterator[tuple[str, Any]]:
    for each in _list(machine.get("backends")):
        described = each.get("description")
        if not isinstance(described, Mapping) or described.get("name") != lane.backend:
            continue
        yield "plugin version", described.get("version")
        yield "engine version", each.get("engine_version")
        for model in _list(each.get("models")):
            if model.get("name") == lane.params.get("model"):
                yield "model digest", model.get("digest")
                yield "model size", model.get("size")


def _text(lane: DocumentLane) -> Iterator[tuple[str, Any]]:
    """What rounds of text told; several values of one fact are one list."""
    told = lane.text
    if told is None:
        return
    yield "cache state", ", ".join(told.cache)
    yield "timing source", ", ".join(told.timing_source)
    yield "prompt digest", ", ".join(told.prompt_digest)
    yield "simulated", told.simulated
    for engine in told.engines[-1:]:
        yield "engine", engine.name
        yield "engine version", engine.version
        yield "engine host", engine.host
        if engine.digest is not None:
            yield "model digest", engine.digest
        yield "model", engine.model
        yield "quantisation", engine.quantization
        yield "tokenizer", engine.tokenizer
        for name, value in engine.settings.items():
            yield f"engine settings.{name}", value


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if path in _LEFT_OUT:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    elif value is not None:
        yield path, value


def _chosen(run: RunDocument, lane: DocumentLane) -> frozenset[str]:
    """Name the fields that a person chose; several machines in one run were chosen as well."""
    spec = run.spec
    workload = run.workloads.get(lane.backend)
    preset = workload.presets.get(spec.preset or "", {}) if workload else {}
    asked = [name for each in spec.lanes for name in each.params]
    names = {f"params.{name}" for name in (*spec.params, *preset, *asked)}
    names |= {"kind", "warm-up rounds", "sync", "resident"}
    if spec.order is not None:
        names.add("order")
    if len({each.machine_id for each in run.lanes}) > 1 or any(e.machine_id for e in spec.lanes):
        names.add("machine")
    if len({each.backend for each in run.lanes}) > 1 or any(e.backend for e in spec.lanes):
        names.add("backend")
    return frozenset(names)


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _said(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
