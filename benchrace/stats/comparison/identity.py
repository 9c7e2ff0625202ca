"""What makes two results comparable: the facts beside the figures, and which of them differ.

A fact that differs is a controlled variable where one of the two specifications names it, and a
confounder where nobody asked for the difference.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from benchrace.run.document import DocumentLane, RunDocument
from benchrace.stats.comparison.recorded import Part, parts

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
# These are queried after the agent has linked: null is what was unknown then.
_ASKED = frozenset({"engine version", "model digest", "model size"})
# Of a GPU; older agents did not read it, and a driver may not answer.
_LIMIT = ".power_limit_w"
_MAX_DIFFERENCES = 200
_MAX_CHARS = 200


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
    """List the fields in which two lanes differ, controlled variables first.

    What is not known of one of them yet, as its run has not begun or has no round, is no
    difference.
    """
    shared = parts(*one) & parts(*other)
    a, b = dict(_facts(*one, shared)), dict(_facts(*other, shared))
    _drop_defaults(a, one, beside=b)
    _drop_defaults(b, other, beside=a)
    chosen = _chosen(*one) | _chosen(*other)
    # Another machine brings its own hardware and system: they were chosen with the machine.
    with_machine = "machine" in chosen and a["machine"] != b["machine"]
    followed = _followed(a, b, chosen)
    differences = [
        Differing(
            field=field,
            a=_shown(a.get(field)),
            b=_shown(b.get(field)),
            role=_role(field, chosen | followed, with_machine),
        )
        for field in dict.fromkeys((*a, *b))
        if a.get(field) != b.get(field) and not _unknown(field, a, b)
    ]
    return tuple(sorted(differences, key=lambda difference: difference.role is Role.CONFOUNDER))[
        :_MAX_DIFFERENCES
    ]


def _unknown(field: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    queried = field in _ASKED or field.endswith(_LIMIT)
    return queried and (a.get(field) is None or b.get(field) is None)


def _drop_defaults(
    facts: dict[str, Any], of: tuple[RunDocument, DocumentLane], *, beside: Mapping[str, Any]
) -> None:
    """Remove defaults of parameters that the other lane's version did not have."""
    for name, default in _defaults(*of).items():
        field = f"params.{name}"
        if field not in beside and facts.get(field) == default:
            facts.pop(field, None)


def _followed(a: Mapping[str, Any], b: Mapping[str, Any], chosen: frozenset[str]) -> frozenset[str]:
    """Return the fields that follow from another: another model has a digest of its own."""
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


def _facts(
    run: RunDocument, lane: DocumentLane, shared: frozenset[Part]
) -> Iterator[tuple[str, Any]]:
    yield "kind", run.kind
    yield "simulated machines", run.simulated
    yield "machine", lane.machine_id
    yield "clients", " + ".join(client.machine_id for client in lane.clients) or "none"
    yield "workers", list(lane.workers)
    yield "backend", lane.backend
    for name, value in lane.params.items():
        yield f"params.{name}", plain(value)
    workload = run.workloads.get(lane.backend)
    yield "metrics version", None if workload is None else workload.metrics_version
    yield "order", run.order.value
    yield "sync", run.sync.value
    yield "resident", run.spec.resident.value
    yield "warm-up rounds", run.warmup
    if Part.START in shared:
        yield "staggered start", run.staggered
    yield "benchrace", run.version
    machine: Mapping[str, Any] = {}
    if Part.MACHINE in shared:
        machine = plain(run.machines[lane.machine_id])
    yield "fingerprint", machine.get("fingerprint")
    yield "agent", machine.get("version")
    yield from _engine(machine, lane)
    if Part.ROUNDS in shared:
        yield from _text(lane)
    for part in ("hardware", "environment"):
        yield from _leaves(part, machine.get(part))


def _engine(machine: Mapping[str, Any], lane: DocumentLane) -> Iterator[tuple[str, Any]]:
    for backend in _list(machine.get("backends")):
        described = backend.get("description")
        if not isinstance(described, Mapping) or described.get("name") != lane.backend:
            continue
        yield "plugin version", described.get("version")
        yield "engine version", backend.get("engine_version")
        for model in _list(backend.get("models")):
            if model.get("name") == lane.params.get("model"):
                yield "model digest", model.get("digest")
                yield "model size", model.get("size")


def _text(lane: DocumentLane) -> Iterator[tuple[str, Any]]:
    """Yield facts about rounds of text; several values of one fact are one list."""
    text = lane.text
    if text is None:
        return
    yield "cache state", ", ".join(text.cache)
    yield "timing source", ", ".join(text.timing_source)
    yield "prompt digest", ", ".join(text.prompt_digest)
    yield "simulated", text.simulated
    for engine in text.engines[-1:]:
        yield "engine", engine.name
        yield "engine version", engine.version
        yield "engine host", engine.host
        if engine.digest is not None:
            yield "model digest", engine.digest
        yield "model", engine.model
        yield "quantisation", engine.quantization
        yield "tokenizer", engine.tokenizer
        for name, value in engine.settings.items():
            yield f"engine settings.{name}", plain(value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if path in _LEFT_OUT:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}", inner)
    elif items := _list(value):
        for number, inner in enumerate(items, 1):
            yield from _leaves(f"{path}.{number}", inner)
    elif value is not None and value != []:
        yield path, value


def _chosen(run: RunDocument, lane: DocumentLane) -> frozenset[str]:
    """Return the fields that the user chose; several machines in one run were chosen as well."""
    spec = run.spec
    workload = run.workloads.get(lane.backend)
    preset = workload.presets.get(spec.preset or "", {}) if workload else {}
    param_names = [name for lane in spec.lanes for name in lane.params]
    names = {f"params.{name}" for name in (*spec.params, *preset, *param_names)}
    names |= {"kind", "warm-up rounds", "sync", "resident"}
    if spec.order is not None:
        names.add("order")
    if len({lane.machine_id for lane in run.lanes}) > 1 or any(e.machine_id for e in spec.lanes):
        names.add("machine")
    if len({lane.backend for lane in run.lanes}) > 1 or any(e.backend for e in spec.lanes):
        names.add("backend")
    if any(e.clients for e in spec.lanes):
        names.add("clients")
    if any(e.workers for e in spec.lanes):
        names.add("workers")
    return frozenset(names)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: a run that is running holds tuples where others hold lists."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _defaults(run: RunDocument, lane: DocumentLane) -> dict[str, Any]:
    workload = run.workloads.get(lane.backend)
    properties = workload.params_schema.get("properties", {}) if workload else {}
    return {name: part["default"] for name, part in properties.items() if "default" in part}


def _list(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _MAX_CHARS else f"{text[: _MAX_CHARS - 1]}…"
