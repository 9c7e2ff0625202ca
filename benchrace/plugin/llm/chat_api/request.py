"""The parts of a request that all servers with the API of chat completions share."""

from typing import Any

from benchrace.kinds.llm import Prefix, Rendering, TextParams, Thinking
from benchrace.plugin.llm.prompt import Ask


def route(rendering: Rendering) -> str:
    """Return the route for a raw prompt, or for messages that go through the model's template."""
    return "/v1/completions" if rendering is Rendering.RAW else "/v1/chat/completions"


def prompt_fields(ask: Ask) -> dict[str, Any]:
    """Return the prompt as these routes take it."""
    if ask.params.rendering is Rendering.RAW:
        return {"prompt": f"{ask.system}\n{ask.prompt}" if ask.system else ask.prompt}
    system = [{"role": "system", "content": ask.system}] if ask.system else []
    return {"messages": [*system, {"role": "user", "content": ask.prompt}]}


def sampler_fields(params: TextParams) -> dict[str, Any]:
    """Return the fields of servers that report progress and timings, beside those of the API."""
    return {
        "top_k": params.top_k,
        "min_p": 0.0,
        "repeat_penalty": 1.0,
        "ignore_eos": params.ignore_eos,
        # A prompt that is to be new must be evaluated whole, whatever is remembered.
        "cache_prompt": params.prefix is Prefix.SHARED,
        "return_progress": True,
        # The count so far comes with each chunk: some hold several tokens.
        "timings_per_token": True,
    }


def template_fields(params: TextParams) -> dict[str, Any]:
    """Return the field by which a model's template turns thinking on or off, if it is to."""
    if params.think is Thinking.MODEL:
        return {}
    return {"chat_template_kwargs": {"enable_thinking": params.think is Thinking.ON}}
