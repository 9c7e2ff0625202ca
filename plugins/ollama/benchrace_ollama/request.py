"""The route and body of requests to a lane's model."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchrace.plugin import Ask, Rendering, TextParams, Thinking
from benchrace_ollama.client import Shown, Tag
from benchrace_ollama.names import blob

GENERATE = "/api/generate"
CHAT = "/api/chat"
KEEP_ALIVE = "30m"
# Fixed, so that neither the model's file nor Ollama's defaults make lanes differ between engines.
FIXED: Mapping[str, float] = {
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "min_p": 0.0,
}


class Route(NamedTuple):
    """A model, and the route for its answers.

    `trained` is the context that it was trained for, `own_ctx` the one in its Modelfile, in tokens.
    """

    tag: Tag
    shown: Shown
    path: str

    @property
    def thinks(self) -> bool:
        return "thinking" in (self.shown.capabilities or ())

    @property
    def blob(self) -> str | None:
        return blob(self.shown)

    @property
    def trained(self) -> int | None:
        return info(self.shown, "context_length")

    @property
    def own_ctx(self) -> int | None:
        for line in self.shown.parameters.splitlines():
            name, _, value = line.partition(" ")
            if name == "num_ctx" and value.strip().isdigit():
                return int(value)
        return None


def choose_route(tag: Tag, shown: Shown, params: TextParams) -> Route:
    """Choose the route.

    /api/generate sends a line per token, and accepts raw text. A model that can think needs
    /api/chat: if it has its own template, /api/generate puts the thinking into the answer.
    """
    thinks = "thinking" in (shown.capabilities or ())
    chat = thinks and params.rendering is Rendering.TEMPLATE
    return Route(tag, shown, CHAT if chat else GENERATE)


def info(shown: Shown, key: str) -> int | None:
    """Return an integer of the model's metadata, by its key without the architecture."""
    kind = shown.model_info.get("general.architecture")
    value = shown.model_info.get(f"{kind}.{key}")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def options(params: TextParams, num_predict: int) -> dict[str, Any]:
    """Return all options, since omitting one may reload the model.

    `num_predict` is never 0 or negative, which would never end.
    """
    context = {"num_ctx": params.num_ctx} if params.num_ctx else {}
    return {
        **FIXED,
        **context,
        "num_predict": max(1, num_predict),
        "temperature": params.temperature,
        "top_k": params.top_k,
        "top_p": params.top_p,
        "seed": params.seed,
    }


def one_token(params: TextParams) -> dict[str, Any]:
    """Return the request for one token, whose answer comes after all running requests."""
    return {
        "model": params.model,
        "prompt": ".",
        "raw": True,
        "keep_alive": KEEP_ALIVE,
        "options": options(params, 1),
    }


def body(ask: Ask, route: Route) -> dict[str, Any]:
    """Return the request for one measured answer.

    Without `truncate: false` a prompt that is too long is silently cut to half of the context.
    """
    params = ask.params
    fields: dict[str, Any] = {
        "model": params.model,
        "stream": True,
        "truncate": False,
        "keep_alive": KEEP_ALIVE,
        "options": options(params, ask.max_tokens),
    }
    if params.think is not Thinking.MODEL:
        fields["think"] = params.think is Thinking.ON
    if route.path == CHAT:
        system = [{"role": "system", "content": ask.system}] if ask.system else []
        return {**fields, "messages": [*system, {"role": "user", "content": ask.prompt}]}
    if params.rendering is Rendering.RAW:
        return {**fields, "prompt": ask.prompt, "raw": True}
    return {**fields, "prompt": ask.prompt, **({"system": ask.system} if ask.system else {})}
