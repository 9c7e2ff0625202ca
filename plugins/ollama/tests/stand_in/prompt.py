"""How prompts become tokens here: words and marks, which is all that the counts need."""

import re
from typing import Any, NamedTuple

from .engine import Engine, Runner
from .models import Model

_TOKEN = re.compile(r"\w+|[^\w\s]")
_BEFORE = ["<s>", "<|im_start|>", "user", "\n"]
_AFTER = ["<|im_end|>", "\n", "<|im_start|>", "assistant", "\n", "a", "b", "c", "d", "e", "f", "g"]


class Prompt(NamedTuple):
    """Tokens of a prompt, and how many of them a runner must still evaluate."""

    tokens: list[str]
    evaluated: int


class TooLong(Exception):
    """A prompt that the context cannot hold, where it may not be cut."""


def rendered(body: dict[str, Any], model: Model) -> list[str]:
    """The tokens of what is asked, with the template's own."""
    if body.get("raw"):
        return ["<s>", *_TOKEN.findall(body["prompt"])]
    if "messages" in body:
        texts = [message.get("content", "") for message in body["messages"]]
        if model.system and all(message.get("role") != "system" for message in body["messages"]):
            texts.insert(0, model.system)
    else:
        texts = [body.get("system", model.system), body["prompt"]]
    return [*_BEFORE, *(token for text in texts for token in _TOKEN.findall(text)), *_AFTER]


def take(engine: Engine, runner: Runner, tokens: list[str], truncate: bool) -> Prompt:
    """Fit a prompt into the context, and look what the runner remembers of it."""
    if len(tokens) > runner.context:
        if not truncate:
            raise TooLong(
                f"request ({len(tokens)} tokens) exceeds the available context size "
                f"({runner.context} tokens), try increasing it"
            )
        tokens = tokens[: runner.context // 2 + 3]
    prompts = runner.prompts[-1:] if engine.old else runner.prompts
    had = max((_alike(tokens, prompt) for prompt in prompts), default=0)
    runner.prompts.append(tokens)
    return Prompt(tokens, max(1, len(tokens) - had))


def _alike(one: list[str], other: list[str]) -> int:
    n = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        n += 1
    return n
