"""What a model runs with on Ollama; part of a result's identity."""

from collections.abc import Mapping

from benchrace.plugin import TextParams
from benchrace_ollama.api import Running, Shown
from benchrace_ollama.residence import RESOLUTION_MS
from benchrace_ollama.way import FIXED, KEEP_ALIVE, Way, info

Setting = str | int | float | bool | None
_LONGEST = 300


def settings(
    params: TextParams, way: Way, running: Running | None, environ: Mapping[str, str] | None
) -> dict[str, Setting]:
    """What was asked for by Ollama's names, what /api/ps says, and what the server was started
    with; null where it is not told.
    """
    found: dict[str, Setting] = {
        "api": way.path,
        "num_ctx": None if running is None else running.context_length,
        "num_ctx_asked": params.num_ctx or way.own_ctx,
        "num_ctx_trained": way.trained,
        "keep_alive": KEEP_ALIVE,
        "truncate": False,
        "ignore_eos": "not offered by Ollama: num_predict is an upper bound",
        "load_resolution_ms": RESOLUTION_MS,
        "modelfile_parameters": " ".join(way.shown.parameters.split())[:_LONGEST],
        "modelfile_system": bool(way.shown.system),
        "environment": None if environ is None else said(environ),
        **FIXED,
    }
    if running is not None and running.size:
        found["gpu_share"] = round(running.size_vram / running.size, 3)
    return found


def said(environ: Mapping[str, str]) -> str:
    """Variables in one line."""
    return " ".join(f"{name}={value}"[:_LONGEST] for name, value in sorted(environ.items()))


def tokenizer(shown: Shown) -> str | None:
    """Name the tokenizer by its kind, its rules and its size, which the file tells."""
    kind = shown.model_info.get("tokenizer.ggml.model")
    if not isinstance(kind, str):
        return None
    rules = shown.model_info.get("tokenizer.ggml.pre", "")
    return f"{kind}/{rules}/{info(shown, 'vocab_size') or 'unknown'}"
