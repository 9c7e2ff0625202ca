"""The body of a request to llama-server."""

from typing import Any

from benchrace.plugin import Ask, Prefix, Thinking, chat_api

Fields = dict[str, Any]


def body(ask: Ask, model: str) -> Fields:
    """Return the body; all fields of the sampler are set, as engines have other defaults."""
    params = ask.params
    fields: Fields = {
        "model": model,
        **chat_api.prompt_fields(ask),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": ask.max_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "top_k": params.top_k,
        "min_p": 0.0,
        "seed": params.seed,
        "repeat_penalty": 1.0,
        "ignore_eos": params.ignore_eos,
        # A prompt that is to be new must be evaluated whole, whatever is remembered.
        "cache_prompt": params.prefix is Prefix.SHARED,
        "return_progress": True,
        # The count so far comes with each chunk: some hold several tokens.
        "timings_per_token": True,
    }
    if params.think is not Thinking.MODEL:
        fields["chat_template_kwargs"] = {"enable_thinking": params.think is Thinking.ON}
    return fields
