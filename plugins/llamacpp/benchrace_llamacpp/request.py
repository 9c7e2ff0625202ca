"""The body of a request to llama-server."""

from typing import Any

from benchrace.plugin import Ask, chat_api


def body(ask: Ask, model: str) -> dict[str, Any]:
    """Return the body; all fields of the sampler are set, as engines have other defaults."""
    params = ask.params
    return {
        "model": model,
        **chat_api.prompt_fields(ask),
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": ask.max_tokens,
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        **chat_api.sampler_fields(params),
        **chat_api.template_fields(params),
    }
