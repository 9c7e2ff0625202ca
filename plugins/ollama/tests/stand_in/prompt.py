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


def rendered(asked: dict[str, Any], model: Model) -> list[str]:
    """The tokens of what is asked, with the template's own."""
    if asked.get("raw"):
        return ["<s>", *_TOKEN.findall(asked["prompt"])]
    if "messages" in asked:
        texts = [each.get("content", "") for each in asked["messages"]]
        if model.system and all(each.get("role") != "system" for each in asked["messages"]):
            texts.insert(0, model.system)
    else:
        texts = [asked.get("system", model.system), asked["prompt"]]
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
    known = runner.prompts[-1:] if engine.old else runner.prompts
    had = max((_alike(tokens, each) for each in known), default=0)
    runner.prompts.append(tokens)
    return Prompt(tokens, max(1, len(tokens) - had))


def _alike(one: list[str], other: list[str]) -> int:
    n = 0
    for mine, its in zip(one, other, strict=False):
        if mine != its:
            break
        n += 1
    return n
