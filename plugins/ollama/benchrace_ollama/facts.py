"""The facts of a lane: the identity of its model, and the settings that it runs with."""

from collections.abc import Mapping
from typing import NamedTuple

from benchrace.plugin import Device, EngineFacts, TextParams, Whereabouts
from benchrace_ollama.client import Running, Shown
from benchrace_ollama.load import RESOLUTION_MS
from benchrace_ollama.request import FIXED, KEEP_ALIVE, Route, info

Setting = str | int | float | bool | None
_MAX_CHARACTERS = 300


class LaneModel(NamedTuple):
    """A lane's model, and where it runs: host, environment of the server, and GPU."""

    route: Route
    where: Whereabouts
    environ: Mapping[str, str] | None
    gpu: Device | None = None


def facts(
    model: LaneModel, params: TextParams, running: Running | None, version: str | None
) -> EngineFacts:
    """Return the facts; `running` is the model in memory."""
    route = model.route
    return EngineFacts(
        name="ollama",
        version=version,
        model=route.tag.name,
        digest=route.tag.digest or None,
        quantization=route.tag.details.quantization_level or None,
        settings={
            **settings(params, route, running, model.environ),
            "host_proof": model.where.proof,
            **({} if model.gpu is None else {"gpu": model.gpu.label}),
        },
        host=model.where.elsewhere or route.tag.remote_host or None,
        tokenizer=tokenizer(route.shown),
        weights=route.blob,
    )


def settings(
    params: TextParams, route: Route, running: Running | None, environ: Mapping[str, str] | None
) -> dict[str, Setting]:
    """Return the requested options, the values of /api/ps, and the server's environment.

    Null is "not reported".
    """
    values: dict[str, Setting] = {
        "api": route.path,
        "num_ctx": None if running is None else running.context_length,
        "num_ctx_asked": params.num_ctx or route.own_ctx,
        "num_ctx_trained": route.trained,
        "keep_alive": KEEP_ALIVE,
        "truncate": False,
        "ignore_eos": "not offered by Ollama: num_predict is an upper bound",
        "load_resolution_ms": RESOLUTION_MS,
        "modelfile_parameters": " ".join(route.shown.parameters.split())[:_MAX_CHARACTERS],
        "modelfile_system": bool(route.shown.system),
        "environment": None if environ is None else format_environment(environ),
        **FIXED,
    }
    if running is not None and running.size and 0 <= running.size_vram <= running.size:
        values["gpu_share"] = round(running.size_vram / running.size, 3)
    return values


def format_environment(environ: Mapping[str, str]) -> str:
    """Return the variables in one line."""
    return " ".join(f"{name}={value}"[:_MAX_CHARACTERS] for name, value in sorted(environ.items()))


def tokenizer(shown: Shown) -> str | None:
    """Return the kind, rules and size of the tokenizer, as the model's file has them."""
    kind = shown.model_info.get("tokenizer.ggml.model")
    if not isinstance(kind, str):
        return None
    rules = shown.model_info.get("tokenizer.ggml.pre", "")
    return f"{kind}/{rules}/{info(shown, 'vocab_size') or 'unknown'}"
