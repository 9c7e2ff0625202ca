"""What the layers of a model keep of each position, by the metadata of its GGUF file."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from benchrace.plugin.readiness import KvLayers

# Bounds the lists with an entry for each layer.
_MAX_LAYERS = 10_000
# Of a position in a layer: larger ones are damage, and their sums would not fit into JSON.
_MAX_ELEMENTS = 1 << 24


def layer_count(metadata: Mapping[str, Any]) -> int | None:
    """Return the number of layers; None if it is not reported, or implausible."""
    layers = whole(metadata.get(f"{metadata.get('general.architecture')}.block_count"))
    return None if layers is None or layers > _MAX_LAYERS else layers


def kv_layers(metadata: Mapping[str, Any], element: float = 2.0) -> tuple[KvLayers, ...]:
    """Return runs of equal layers, empty if something is not reported; `element` is in bytes.

    A window counts only if the file says which layers have it: otherwise, an estimate that is too
    high is better than one that is too low.
    """
    layers, kind = layer_count(metadata), metadata.get("general.architecture")
    if layers is None:
        return ()
    prefix = f"{kind}.attention."
    heads = whole(metadata.get(f"{prefix}head_count"))
    width = whole(metadata.get(f"{kind}.embedding_length"))
    head_dim = None if not heads or width is None else width // heads
    k_dim = whole(metadata.get(f"{prefix}key_length")) or head_dim
    v_dim = whole(metadata.get(f"{prefix}value_length")) or head_dim
    kv_heads = _for_layers(metadata.get(f"{prefix}head_count_kv", heads), layers)
    if k_dim is None or v_dim is None or kv_heads is None:
        return ()
    if max(kv_heads, default=0) * max(k_dim, v_dim) > _MAX_ELEMENTS:
        return ()
    window = whole(metadata.get(f"{prefix}sliding_window"))
    pattern = metadata.get(f"{prefix}sliding_window_pattern")
    if window is None or not isinstance(pattern, list | tuple) or len(pattern) != layers:
        pattern = [False] * layers
    alike = [
        (count, window if slides is True else None)
        for count, slides in zip(kv_heads, pattern, strict=True)
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


def whole(value: Any) -> int | None:
    """Return a count; None if it is not one, or implausibly large."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and 0 <= value < 1 << 48 else None


def _for_layers(value: Any, layers: int) -> Sequence[int] | None:
    if (same := whole(value)) is not None:
        return [same] * layers
    if isinstance(value, list | tuple) and len(value) == layers:
        counts = [whole(count) for count in value]
        return None if None in counts else [count or 0 for count in counts]
    return None
