"""The body of a request: every parameter that this server has, and openly none that it has not."""

from collections.abc import Collection, Mapping
from typing import Any

from benchrace.plugin import Ask, Prefix, Rendering, TextParams, Thinking
from benchrace_openai.settings import Engine

Fields = dict[str, Any]
# What every server of this API knows; all else may be refused by some, or passed over in silence.
CORE = frozenset({"model", "messages", "prompt", "stream", "max_tokens"})


def body(ask: Ask, model: str, engine: Engine, unsent: Collection[str]) -> Fields:
    """Make the body; `unsent` names fields that this server has refused."""
    fields: Fields = {"model": model, **_prompt(ask), "stream": True}
    fields |= {"stream_options": {"include_usage": True}, "max_tokens": ask.max_tokens}
    fields |= sampling(ask.params, engine, ask.max_tokens)
    if "max_tokens" in unsent:
        fields["max_completion_tokens"] = ask.max_tokens
    return {name: value for name, value in fields.items() if name not in unsent}


def sampling(params: TextParams, engine: Engine, max_tokens: int) -> Fields:
    """What is asked of the sampler. Defaults differ between engines, so all of it is said."""
    fields: Fields = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
    }
    fields |= _dialect(params, engine, max_tokens)
    if params.think is not Thinking.MODEL and engine in _TEMPLATES:
        fields["chat_template_kwargs"] = {"enable_thinking": params.think is Thinking.ON}
    return fields


_TEMPLATES = {Engine.LLAMA_SERVER, Engine.VLLM, Engine.SGLANG}


def _dialect(params: TextParams, engine: Engine, max_tokens: int) -> Fields:
    match engine:
        case Engine.LLAMA_SERVER:
            return {
                "top_k": params.top_k,
                "min_p": 0.0,
                "repeat_penalty": 1.0,
                "ignore_eos": params.ignore_eos,
                # A prompt that is to be new must be evaluated whole, whatever is remembered.
                "cache_prompt": params.prefix is Prefix.SHARED,
                "return_progress": True,
                "timings_per_token": False,
            }
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
        case Engine.AUTO | Engine.GENERIC:
            return {}


def asked_in_vain(params: TextParams, sent: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what was asked for, and is not said to this server."""
    wanted = ["temperature", "top_p", "top_k", "seed"]
    vain = [name for name in wanted if name not in sent]
    if params.ignore_eos and "ignore_eos" not in sent:
        vain.append("ignore_eos")
    if params.think is not Thinking.MODEL and "chat_template_kwargs" not in sent:
        vain.append("think")
    return tuple(vain)


def _prompt(ask: Ask) -> Fields:
    if ask.params.rendering is Rendering.RAW:
        return {"prompt": f"{ask.system}\n{ask.prompt}" if ask.system else ask.prompt}
    system = [{"role": "system", "content": ask.system}] if ask.system else []
    return {"messages": [*system, {"role": "user", "content": ask.prompt}]}
