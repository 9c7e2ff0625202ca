"""Describe models, with the data for estimating their memory."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchrace.plugin import (
    Model,
    Resident,
    describe_weights,
    kv_layers,
    layer_count,
    whole_number,
)
from benchrace_ollama.client import Running, Shown, Tag

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
    parameters = whole_number(facts.get("general.parameter_count"))
    # All of a dense model's weights are read; of a mixture of experts, only its file knows.
    is_dense = shown is not None and facts.get(f"{kind}.expert_count", 0) == 0
    capabilities = tag.capabilities if shown is None else shown.capabilities
    return Model(
        name=tag.name,
        size=tag.size,
        digest=tag.digest or None,
        quantization=tag.details.quantization_level or None,
        family=tag.details.family or None,
        parameters=parameters,
        active_bytes=tag.size if is_dense else None,
        active_parameters=parameters if is_dense else None,
        context_length=whole_number(facts.get(f"{kind}.context_length")),
        layers=layer_count(facts),
        width=whole_number(facts.get(f"{kind}.embedding_length")),
        kv=kv_layers(facts, _element(environ)),
        slots=_slots(environ),
        capabilities=tuple(capabilities or ()),
        engines={"": address},
        loaded=None
        if running is None
        else Resident(vram=running.size_vram, total=running.size, context=running.context_length),
    )


def with_weights(described: Model, shown: Shown | None, environ: Mapping[str, str] | None) -> Model:
    """Fill in what the file of the weights says, where this process may read it. Blocks."""
    path = None if shown is None else weights_path(shown)
    if path is None or not os.access(path, os.R_OK):
        return described
    unknown = msgspec.structs.replace(described, active_bytes=None, active_parameters=None)
    read = describe_weights(path, unknown, element=_element(environ))
    return described if read.active_bytes is None else read


def weights_path(shown: Shown) -> Path | None:
    """Return the file of the weights, as the server sees it."""
    for line in shown.modelfile.splitlines():
        if line.startswith("FROM /"):
            return Path(line.removeprefix("FROM ").strip())
    return None


def _element(environ: Mapping[str, str] | None) -> float:
    """Return the bytes per element of keys and values; 2 by default, like Ollama."""
    return _ELEMENTS.get((environ or {}).get("OLLAMA_KV_CACHE_TYPE", "f16"), 2.0)


def _slots(environ: Mapping[str, str] | None) -> int | None:
    """Return the number of contexts in memory; one unless the server is configured otherwise."""
    if environ is None:
        return None
    slots = environ.get("OLLAMA_NUM_PARALLEL", "")
    return int(slots) if slots.isdigit() and int(slots) else 1
