"""How a lane's model is asked: by which route, with which body."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from benchrace.plugin import Ask, Rendering, TextParams, Thinking
from benchrace_ollama.api import Shown, Tag
from benchrace_ollama.names import blob

GENERATE = "/api/generate"
CHAT = "/api/chat"
KEEP_ALIVE = "30m"
# Neither the model's file nor Ollama's own defaults decide what is equal on every engine.
FIXED: Mapping[str, float] = {
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "min_p": 0.0,
}


class Way(NamedTuple):
    """A model that was found, and the route that its answers come by. `trained` is the context
    that it was trained for, `own_ctx` the one that its Modelfile sets, in tokens.
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


def way(tag: Tag, shown: Shown, params: TextParams) -> Way:
    """Choose the route.

    /api/generate: a line is a token, and it takes raw text. /api/chat for a model that can think:
    where such a model brings its own template, /api/generate puts the thinking into the answer.
    """
    thinks = "thinking" in (shown.capabilities or ())
    chat = thinks and params.rendering is Rendering.TEMPLATE
    return Way(tag, shown, CHAT if chat else GENERATE)


def info(shown: Shown, key: str) -> int | None:
    """A whole number of the model's own, by its name without the architecture."""
    kind = shown.model_info.get("general.architecture")
    value = shown.model_info.get(f"{kind}.{key}")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def options(params: TextParams, num_predict: int) -> dict[str, Any]:
    """All options, always: one that is left out may load the model again. `num_predict` is never
    0 or below, which runs without end.
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


def body(ask: Ask, found: Way) -> dict[str, Any]:
    """The request of one measured answer. `truncate` false: a prompt that is too long is an error,
    where it would be cut to half of the context in silence.
    """
    params = ask.params
    about: dict[str, Any] = {
        "model": params.model,
        "stream": True,
        "truncate": False,
        "keep_alive": KEEP_ALIVE,
        "options": options(params, ask.max_tokens),
    }
    if params.think is not Thinking.MODEL:
        about["think"] = params.think is Thinking.ON
    if found.path == CHAT:
        system = [{"role": "system", "content": ask.system}] if ask.system else []
        return {**about, "messages": [*system, {"role": "user", "content": ask.prompt}]}
    if params.rendering is Rendering.RAW:
        return {**about, "prompt": ask.prompt, "raw": True}
    return {**about, "prompt": ask.prompt, **({"system": ask.system} if ask.system else {})}
