"""The parts of a request that all servers with the API of chat completions share."""

from typing import Any

from benchrace.kinds.llm import Rendering
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
