"""A model as the fleet sees it, with what its memory is reckoned from."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from benchrace.plugin import KvLayers, Model, Resident
from benchrace_ollama.api import Running, Shown, Tag

_ELEMENTS = {"f16": 2.0, "q8_0": 1.0625, "q4_0": 0.5625}


def model(
    tag: Tag, shown: Shown | None, running: Running | None, environ: Mapping[str, str] | None
) -> Model:
    """Put together what /api/tags, /api/show and /api/ps say, and how the server was started;
    null where that is not told.
    """
    facts = {} if shown is None else shown.model_info
    kind = facts.get("general.architecture")
    layers = _whole(facts.get(f"{kind}.block_count"))
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
        loaded=None
        if running is None
        else Resident(vram=running.size_vram, total=running.size, context=running.context_length),
    )


def _kv(facts: dict[str, Any], kind: str, layers: int, element: float) -> tuple[KvLayers, ...]:
    """Runs of alike layers; empty where something is not told. A window counts only where the
    file says which layers have it: without that, too much memory is better than too little.
    """
    prefix = f"{kind}.attention."
    heads = _whole(facts.get(f"{prefix}head_count"))
    width = _whole(facts.get(f"{kind}.embedding_length"))
    each = None if not heads or width is None else width // heads
    k_dim = _whole(facts.get(f"{prefix}key_length")) or each
    v_dim = _whole(facts.get(f"{prefix}value_length")) or each
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
    """Bytes of an element of keys and values; 2 also where nothing is told, as is Ollama's own."""
    return _ELEMENTS.get((environ or {}).get("OLLAMA_KV_CACHE_TYPE", "f16"), 2.0)


def _slots(environ: Mapping[str, str] | None) -> int | None:
    """Contexts that are held at a time; one unless the server was told otherwise."""
    if environ is None:
        return None
    told = environ.get("OLLAMA_NUM_PARALLEL", "")
    return int(told) if told.isdigit() and int(told) else 1


def _for_layers(found: Any, layers: int) -> Sequence[int] | None:
    if (same := _whole(found)) is not None:
        return [same] * layers
    if isinstance(found, list) and len(found) == layers:
        each = [_whole(value) for value in found]
        return None if None in each else [value or 0 for value in each]
    return None


def _whole(value: Any) -> int | None:
    """A count; what is none, or far beyond any model, is unknown."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 1 << 48 else None
