"""Build the body of a request from the parameters that a server supports."""

from collections.abc import Collection, Mapping
from typing import Any

from benchrace.plugin import Ask, TextParams, Thinking, chat_api
from benchrace_openai.config import Engine

Fields = dict[str, Any]
route = chat_api.route
# The fields that every server supports; some servers reject others, or silently ignore them.
CORE = frozenset({"model", "messages", "prompt", "stream", "max_tokens"})
# A field of `stream_options`: the usage so far with each chunk, which gives the number of tokens in
# a chunk.
CONTINUOUS = "continuous_usage_stats"
_COUNTS_CHUNKS = frozenset({Engine.VLLM, Engine.SGLANG})


def body(ask: Ask, model: str, engine: Engine, unsent: Collection[str]) -> Fields:
    """Return the body; `unsent` are fields that this server has rejected."""
    fields: Fields = {"model": model, **chat_api.prompt_fields(ask), "stream": True}
    fields |= {"stream_options": _stream_options(engine, unsent), "max_tokens": ask.max_tokens}
    fields |= sampling(ask.params, engine, ask.max_tokens)
    if "max_tokens" in unsent:
        fields["max_completion_tokens"] = ask.max_tokens
    return {name: value for name, value in fields.items() if name not in unsent}


def _stream_options(engine: Engine, unsent: Collection[str]) -> Fields:
    counts = {CONTINUOUS: True} if engine in _COUNTS_CHUNKS and CONTINUOUS not in unsent else {}
    return {"include_usage": True, **counts}


def sampling(params: TextParams, engine: Engine, max_tokens: int) -> Fields:
    """Return the fields for the sampler: all of them, since engines have different defaults."""
    fields: Fields = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
    }
    fields |= _dialect(params, engine, max_tokens)
    if engine in _TEMPLATES:
        fields |= chat_api.template_fields(params)
    return fields


_TEMPLATES = {Engine.LLAMA_SERVER, Engine.VLLM, Engine.SGLANG}


def _dialect(params: TextParams, engine: Engine, max_tokens: int) -> Fields:
    match engine:
        case Engine.LLAMA_SERVER:
            return chat_api.sampler_fields(params)
        case Engine.VLLM | Engine.SGLANG:
            return {
                "top_k": params.top_k or -1,
                "min_p": 0.0,
                "repetition_penalty": 1.0,
                "ignore_eos": params.ignore_eos,
                **({"min_tokens": max_tokens} if params.ignore_eos else {}),
            }
        case Engine.LMSTUDIO:
            return {"top_k": params.top_k, "repeat_penalty": 1.0}
        case Engine.MLX:
            return {"top_k": params.top_k, "min_p": 0.0, "repetition_penalty": 1.0}
        case Engine.AUTO | Engine.GENERIC | Engine.OLLAMA:
            return {}


def unsupported_params(params: TextParams, fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the requested parameters that are not sent to this server."""
    names = ["temperature", "top_p", "top_k", "seed"]
    unsupported = [name for name in names if name not in fields]
    if params.ignore_eos and "ignore_eos" not in fields:
        unsupported.append("ignore_eos")
    if params.think is not Thinking.MODEL and "chat_template_kwargs" not in fields:
        unsupported.append("think")
    return tuple(unsupported)
