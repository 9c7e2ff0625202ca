"""Describe models, with the data for estimating their memory."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from benchrace.plugin import KvLayers, Model, Resident
from benchrace_ollama.client import Running, Shown, Tag

# Bounds the lists with an entry for each layer.
_MAX_LAYERS = 10_000
_ELEMENTS = {"f16": 2.0, "q8_0": 1.0625, "q4_0": 0.5625}


def model(
    tag: Tag,
    shown: Shown | None,
    running: Running | None,
    environ: Mapping[str, str] | None,
    address: str,
) -> Model:
    """Combine /api/tags, /api/show, /api/ps and the server's environment; null if not reported."""
    facts = {} if shown is None else shown.model_info
    kind = facts.get("general.architecture")
    layers = _whole(facts.get(f"{kind}.block_count"))
    if layers is not None and layers > _MAX_LAYERS:
        layers = None
    capabilities = tag.capabilities if shown is None else shown.capabilities
    return Model(
        name=tag.name,
        size=tag.size,
        digest=tag.digest or None,
        quantization=tag.details.quantization_level or None,
        family=tag.details.family or None,
        parameters=_whole(facts.get("general.parameter_count")),
        context_length=_whole(facts.get(f"{kind}.context_length")),
        layers=layers,
        kv=() if layers is None else _kv(facts, str(kind), layers, _element(environ)),
        slots=_slots(environ),
        capabilities=tuple(capabilities or ()),
        engines={"": address},
        loaded=None
        if running is None
        else Resident(vram=running.size_vram, total=running.size, context=running.context_length),
    )


def _kv(facts: dict[str, Any], kind: str, layers: int, element: float) -> tuple[KvLayers, ...]:
    """Return runs of equal layers; empty if something is not reported.

    A window counts only if the file says which layers have it: otherwise, an estimate that is too
    high is better than one that is too low.
    """
    prefix = f"{kind}.attention."
    heads = _whole(facts.get(f"{prefix}head_count"))
    width = _whole(facts.get(f"{kind}.embedding_length"))
    head_dim = None if not heads or width is None else width // heads
    k_dim = _whole(facts.get(f"{prefix}key_length")) or head_dim
    v_dim = _whole(facts.get(f"{prefix}value_length")) or head_dim
    kv_heads = _for_layers(facts.get(f"{prefix}head_count_kv", heads), layers)
    if k_dim is None or v_dim is None or kv_heads is None:
        return ()
    window = _whole(facts.get(f"{prefix}sliding_window"))
    pattern = facts.get(f"{prefix}sliding_window_pattern")
    slides = [window is not None] * layers
    if not isinstance(pattern, list) or len(pattern) != layers:
        pattern = [False] * layers
    alike = [
        (count, window if slide and slid is True else None)
        for count, slide, slid in zip(kv_heads, slides, pattern, strict=True)
    ]
    return tuple(
        KvLayers(
            count=len(list(run)),
            kv_heads=count,
            k_dim=k_dim,
            v_dim=v_dim,
            window=positions,
            k_bytes=element,
            v_bytes=element,
        )
        for (count, positions), run in groupby(alike)
    )


def _element(environ: Mapping[str, str] | None) -> float:
    """Return the bytes per element of keys and values; 2 by default, like Ollama."""
    return _ELEMENTS.get((environ or {}).get("OLLAMA_KV_CACHE_TYPE", "f16"), 2.0)


def _slots(environ: Mapping[str, str] | None) -> int | None:
    """Return the number of contexts in memory; one unless the server is configured otherwise."""
    if environ is None:
        return None
    slots = environ.get("OLLAMA_NUM_PARALLEL", "")
    return int(slots) if slots.isdigit() and int(slots) else 1


def _for_layers(value: Any, layers: int) -> Sequence[int] | None:
    if (same := _whole(value)) is not None:
        return [same] * layers
    if isinstance(value, list) and len(value) == layers:
        counts = [_whole(count) for count in value]
        return None if None in counts else [count or 0 for count in counts]
    return None


def _whole(value: Any) -> int | None:
    """Return a count; None if it is not one, or implausibly large."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 1 << 48 else None
