"""The body of a request."""

from typing import Any

from benchrace.plugin import Ask


def body(ask: Ask) -> dict[str, Any]:
    """Return the request for one answer, with every parameter that murmur has."""
    params = ask.params
    return {
        "model": params.model,
        "system": ask.system,
        "prompt": ask.prompt,
        "max_tokens": ask.max_tokens,
        "temperature": params.temperature,
        "top_k": params.top_k,
        "top_p": params.top_p,
        "seed": params.seed,
    }
