"""Whether a model fits a machine's memory: one formula, with every number that enters it."""

from enum import StrEnum

import msgspec

from benchrace.plugin.readiness import KvLayers, Model

GOOD = 1.2
RISK = 1.0
USABLE = 0.9
# What engines take for a batch's activations, where they do not say: seldom more than this.
MIN_BUFFER = 256 << 20
BUFFER_SHARE = 0.05


class Badge(StrEnum):
    GOOD = "GOOD"
    RISK = "RISK"
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Pool(StrEnum):
    """Which memory the engine would use."""

    VRAM = "vram"
    UNIFIED = "unified"
    SYSTEM = "system"


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of a machine that an engine would use; `bytes` null where it is unknown."""

    pool: Pool
    bytes: int | None


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A badge and its numbers, in bytes; `ratio` is `usable_bytes / need_bytes`.

    `missing` says what must be known for a badge. Where `buffer_assumed`, the engine did not
    tell its compute buffer: 256 MiB, or 5 % of the weights where that is more.
    """

    badge: Badge
    ratio: float | None
    need_bytes: int | None
    weights_bytes: int | None
    kv_bytes: int | None
    buffer_bytes: int | None
    buffer_assumed: bool
    usable_bytes: int | None
    pool: Pool
    context: int | None
    slots: int
    missing: tuple[str, ...] = ()


def fit(model: Model, room: Room, context: int | None) -> Fit:
    """Estimate the fit of `model` with `context` positions; None for its loaded context.

    Usable is 0.9 of the memory: the system and other programs need the rest.
    """
    if context is None and model.loaded is not None:
        context = model.loaded.context
    slots = model.slots or 1
    missing = tuple(_missing(model, room, context))
    kv = None if context is None or not _whole(model) else kv_bytes(model.kv, context, slots)
    buffer, assumed = _buffer(model)
    usable = None if room.bytes is None else int(room.bytes * USABLE)
    need = None
    if model.size is not None and kv is not None and buffer is not None:
        need = model.size + kv + buffer
    ratio = None if usable is None or not need else usable / need
    return Fit(
        badge=badge(ratio),
        ratio=ratio,
        need_bytes=need,
        weights_bytes=model.size,
        kv_bytes=kv,
        buffer_bytes=buffer,
        buffer_assumed=assumed,
        usable_bytes=usable,
        pool=room.pool,
        context=context,
        slots=slots,
        missing=missing,
    )


def kv_bytes(layers: tuple[KvLayers, ...], context: int, slots: int = 1) -> int:
    """Count the bytes of keys and values: over layers, positions (at most the window) and slots."""
    total = 0.0
    for layer in layers:
        positions = context if layer.window is None else min(context, layer.window)
        a_position = layer.kv_heads * (layer.k_dim * layer.k_bytes + layer.v_dim * layer.v_bytes)
        total += layer.count * a_position * positions
    return round(total * slots)


def badge(ratio: float | None) -> Badge:
    """Return the badge of a ratio."""
    if ratio is None:
        return Badge.UNKNOWN
    if ratio >= GOOD:
        return Badge.GOOD
    return Badge.RISK if ratio >= RISK else Badge.FAIL


def _missing(model: Model, room: Room, context: int | None) -> list[str]:
    missing = []
    if model.size is None:
        missing.append("the size of the model's files")
    if not model.kv:
        missing.append("the model's layers, heads and dimensions")
    elif not _whole(model):
        layers = sum(layer.count for layer in model.kv)
        missing.append(f"the key-value cache of {model.layers} layers: only {layers} are described")
    if context is None:
        missing.append("the context's length: give num_ctx")
    if room.bytes is None:
        missing.append(f"how much {room.pool.value} memory the machine has")
    return missing


def _whole(model: Model) -> bool:
    """Check whether every layer is described."""
    layers = sum(layer.count for layer in model.kv)
    return bool(model.kv) and (model.layers is None or layers == model.layers)


def _buffer(model: Model) -> tuple[int | None, bool]:
    if model.compute_buffer is not None:
        return model.compute_buffer, False
    if model.size is None:
        return None, True
    return max(MIN_BUFFER, round(model.size * BUFFER_SHARE)), True
