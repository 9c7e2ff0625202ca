"""What a model runs with on Ollama; part of a result's identity."""

from benchrace.plugin import TextParams
from benchrace_ollama.api import Running, Shown
from benchrace_ollama.residence import RESOLUTION_MS
from benchrace_ollama.way import FIXED, KEEP_ALIVE, Way, info

Setting = str | int | float | bool | None
_LONGEST = 300


def settings(params: TextParams, way: Way, running: Running | None) -> dict[str, Setting]:
    """What was asked for by Ollama's names, and what /api/ps says; null where it does not tell."""
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
        **FIXED,
    }
    if running is not None and running.size:
        found["gpu_share"] = round(running.size_vram / running.size, 3)
    return found


def tokenizer(shown: Shown) -> str | None:
    """Name the tokenizer by its kind, its rules and its size, which the file tells."""
    kind = shown.model_info.get("tokenizer.ggml.model")
    if not isinstance(kind, str):
        return None
    rules = shown.model_info.get("tokenizer.ggml.pre", "")
    return f"{kind}/{rules}/{info(shown, 'vocab_size') or 'unknown'}"
