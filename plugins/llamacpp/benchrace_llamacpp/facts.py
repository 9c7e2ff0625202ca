"""The facts of a lane: its engine, its model, and on which machines the model is."""

import hashlib

import msgspec

from benchrace.plugin import Ask, EngineFacts, Peer, chat_api, duration, percent
from benchrace_llamacpp.coordinator.load_log import MIB, Buffers
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.coordinator.server import Started
from benchrace_llamacpp.request import body

Settings = dict[str, str | int | float | bool | None]
NAME = "llama-server"
# Weights that are in the workers' caches are not sent; their digests are.
_WARM_SHARE = 0.5
_OMITTED = frozenset({"model", "prompt", "stream"})


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """What a server reports about itself; `tokenizer` is a digest of the tokens of one text."""

    model: str
    props: chat_api.Props
    meta: chat_api.ModelMeta
    tokenizer: str | None = None


def facts(plan: ServerPlan, started: Started, reported: Reported, ask: Ask) -> EngineFacts:
    """Return the facts of a lane whose server runs."""
    props = reported.props
    settings: Settings = {
        "n_ctx": props.default_generation_settings.n_ctx,
        "total_slots": props.total_slots,
        "model_path": plan.model.path,
        "model_bytes": plan.size,
        "gpu_layers": plan.gpu_layers,
        "arguments": " ".join(plan.arguments) or None,
        "tokenizer_sha256": reported.tokenizer,
        "n_params": reported.meta.n_params,
    }
    if props.chat_template:
        digest = hashlib.sha256(props.chat_template.encode()).hexdigest()
        settings["chat_template_sha256"] = digest
    if plan.model.digest is None:
        settings["digest_unknown"] = "a GGUF file has no digest of its own"
    settings |= _placed(plan, started)
    settings |= {
        name: value
        for name, value in body(ask, reported.model).items()
        if isinstance(value, str | int | float | bool) and name not in _OMITTED
    }
    return EngineFacts(
        name=NAME,
        version=props.build_info,
        model=plan.model.name,
        digest=plan.model.digest,
        quantization=reported.meta.ftype or props.model_ftype,
        settings=settings,
        weights=plan.model.path,
    )


def holds(plan: ServerPlan, started: Started) -> dict[str, Buffers]:
    """Return what each worker holds, by its endpoint, zero for one that the log does not name."""
    workers = started.placement.workers
    return {peer.endpoint: workers.get(peer.endpoint, Buffers()) for peer in plan.peers}


def worker_cache(plan: ServerPlan, started: Started) -> str:
    """Return whether the workers had the weights already: `warm`, `cold` or `unknown`.

    The bytes that the start sent tell: the counters are of the whole interface, so other traffic
    can only make it look cold.
    """
    weights = sum(buffers.model for buffers in holds(plan, started).values()) * MIB
    if started.sent is None or not weights:
        return "unknown"
    return "warm" if started.sent < _WARM_SHARE * weights else "cold"


def load_report(plan: ServerPlan, started: Started) -> str:
    """Return for the log what a start took."""
    took = f"llama-server loaded {plan.model.name} in {duration(started.load_ns)}"
    if not plan.peers:
        return took
    total = sum(buffers.model for buffers in holds(plan, started).values())
    if total:
        shares = (
            f"{peer.label} {percent(holds(plan, started)[peer.endpoint].model / total)}"
            for peer in plan.peers
        )
        took = f"{took}; its layers on workers: {', '.join(shares)}"
        took += "; the coordinator holds none" if only_coordinates(plan, started) else ""
    if started.sent is None:
        return f"{took}; bytes over the network are unknown: {started.sent_unknown}"
    return f"{took}; {started.sent / MIB:,.0f} MiB went over the network to its workers"


def empty_workers(plan: ServerPlan, started: Started) -> list[Peer]:
    """Return the workers that hold no weights."""
    held = holds(plan, started)
    return [peer for peer in plan.peers if not held[peer.endpoint].model]


def only_coordinates(plan: ServerPlan, started: Started) -> bool:
    """Check whether all layers are on workers: a layer's context is where the layer is.

    A log that names no device of the coordinator does not show that.
    """
    own = started.placement.devices.values()
    on_workers = any(buffers.kv for buffers in holds(plan, started).values())
    return bool(own) and on_workers and not any(buffers.kv for buffers in own)


def why_not_distributed(plan: ServerPlan, started: Started) -> str | None:
    """Return why a lane with workers is not distributed; None if all of them hold weights."""
    empty = empty_workers(plan, started)
    if not empty:
        return None
    names = ", ".join(peer.label for peer in empty)
    layers = started.placement.layers
    shown = "" if layers is None else f" ({layers[0]} of {layers[1]} layers are on devices)"
    return f"the model is not on {names}: llama-server's log shows no weights there{shown}"


def _placed(plan: ServerPlan, started: Started) -> Settings:
    """Return where the model is, as settings that are stored with each round."""
    placement, settings = started.placement, Settings()
    if placement.layers is not None:
        settings["layers_on_devices"] = f"{placement.layers[0]}/{placement.layers[1]}"
    for name, buffers in placement.devices.items():
        settings[f"mib_{name}"] = round(buffers.total, 2)
    if not plan.peers:
        return settings
    own = placement.devices.values()
    if own:
        settings["coordinator_model_mib"] = round(sum(buffers.model for buffers in own), 2)
        settings["coordinator_kv_mib"] = round(sum(buffers.kv for buffers in own), 2)
    if only_coordinates(plan, started):
        settings["coordinator_layers"] = "none: all are on the workers"
    settings["workers"] = ", ".join(peer.label for peer in plan.peers)
    settings["tensor_split"] = started.split or None
    settings["worker_cache"] = worker_cache(plan, started)
    total = sum(buffers.model for buffers in holds(plan, started).values())
    for peer in plan.peers:
        held = holds(plan, started)[peer.endpoint]
        name = f"worker_{peer.label}"
        settings[f"{name}_model_mib"] = round(held.model, 2)
        settings[f"{name}_kv_mib"] = round(held.kv, 2)
        settings[f"{name}_compute_mib"] = round(held.compute, 2)
        settings[f"{name}_build"] = peer.build
        settings[f"{name}_protocol"] = peer.protocol
        if total:
            settings[f"{name}_share"] = percent(held.model / total)
    return settings
