"""What of a model's weights one token reads, by the header of its GGUF file."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchrace.plugin.gguf.attention import kv_layers, layer_count, whole
from benchrace.plugin.gguf.header import BadGguf, Header, Tensor, read_header
from benchrace.plugin.readiness import Model

_EMBEDDINGS = "token_embd.weight"
_OUTPUT = "output.weight"
# Tables of which a token reads one row.
_ROWS = ("per_layer_token_embd.weight", "position_embd.weight", "token_types.weight")
# Of a layer's experts together, or of each expert alone.
_EXPERTS = re.compile(r"_exps?\.|\.ffn_(?:gate|up|down)\.\d+\.")
# Encoders of images and sound, and the projections from them: no token of text reads them.
_ENCODERS = re.compile(r"(?:v|a|mm)\.")
# Layers that draft a further token are left out by engines that do not draft.
_DRAFTS = re.compile(r"(blk\.\d+\.)nextn\.")
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_MAX_SHARDS = 1000


class Weights(NamedTuple):
    """All weights, and those that one token reads: bytes, and numbers of parameters."""

    size: int
    parameters: int
    active_bytes: int
    active_parameters: int


def describe(path: Path, model: Model, *, element: float = 2.0) -> Model:
    """Fill in what the file at `path` says of `model`, and its engine does not. Blocks.

    `element` is the size of an element of the key-value cache. A file that cannot be read leaves
    the model as it is, with the reason in its notes.
    """
    try:
        headers = [read_header(shard) for shard in shards(path)]
    except (OSError, BadGguf) as error:
        return msgspec.structs.replace(model, notes=(*model.notes, f"weights: {error}"))
    metadata = headers[0].metadata
    weights, family = weights_of(headers), metadata.get("general.architecture")
    result = {
        "size": weights.size,
        "family": family if isinstance(family, str) else None,
        "parameters": whole(weights.parameters),
        "layers": layer_count(metadata),
        "width": whole(metadata.get(f"{family}.embedding_length")),
        "kv": kv_layers(metadata, element),
        "active_bytes": weights.active_bytes,
        "active_parameters": whole(weights.active_parameters),
    }
    return _filled(model, result)


def weights_of(headers: Iterable[Header]) -> Weights:
    """Add up the tensors of a model's files; of experts, those count that a token uses."""
    every = tuple(headers)
    tensors = [tensor for header in every for tensor in header.tensors]
    share = _share_of_experts(every[0].metadata)
    names = {tensor.name for tensor in tensors}
    drafts = tuple({match[1] for name in names if (match := _DRAFTS.match(name))})
    active = [
        (tensor, 0.0 if tensor.name.startswith(drafts) else _active(tensor, names, share))
        for tensor in tensors
    ]
    return Weights(
        size=sum(tensor.size for tensor in tensors),
        parameters=sum(tensor.elements for tensor in tensors),
        active_bytes=round(sum(tensor.size * part for tensor, part in active)),
        active_parameters=round(sum(tensor.elements * part for tensor, part in active)),
    )


def shards(path: Path) -> tuple[Path, ...]:
    """Return all files of a model that is split, by the name of its first one."""
    match = _SHARD.search(path.name)
    if match is None:
        return (path,)
    count = int(match[2])
    if not 0 < count <= _MAX_SHARDS:
        raise BadGguf(f"{path}: split into {count} files; at most {_MAX_SHARDS} are possible")
    stem = path.name[: match.start()]
    return tuple(
        path.with_name(f"{stem}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1)
    )


def _share_of_experts(metadata: Mapping[str, Any]) -> float:
    kind = metadata.get("general.architecture")
    count = whole(metadata.get(f"{kind}.expert_count"))
    used = whole(metadata.get(f"{kind}.expert_used_count"))
    return min(1.0, used / count) if count and used else 1.0


def _active(tensor: Tensor, names: set[str], share: float) -> float:
    """Return which share of a tensor one token reads; a single row counts as nothing."""
    # Without an output matrix of its own, a model uses its embeddings as one, and reads them all.
    if tensor.name in _ROWS or (tensor.name == _EMBEDDINGS and _OUTPUT in names):
        return 0.0
    if _ENCODERS.match(tensor.name):
        return 0.0
    return share if _EXPERTS.search(tensor.name) else 1.0


def _filled(model: Model, result: Mapping[str, Any]) -> Model:
    missing = {name: value for name, value in result.items() if not getattr(model, name)}
    return msgspec.structs.replace(model, **missing)
