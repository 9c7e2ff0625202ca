"""How well a model foresees a fixed text, where a server tells the log-probabilities of a prompt.

Two forms are known: `echo` with `logprobs`, as OpenAI's completions had it, and `prompt_logprobs`,
vLLM's own. Servers pass over what they do not know, so that only a whole answer proves anything.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, Perplexity
from benchrace_openai.answer import as_struct
from benchrace_openai.calls import Calls
from benchrace_openai.perplexity import LEAST, TEXT

_LIMIT_S = 60.0
_FORMS: tuple[dict[str, Any], ...] = ({"echo": True, "logprobs": 1}, {"prompt_logprobs": 0})


class _Logprobs(msgspec.Struct, frozen=True):
    tokens: tuple[str, ...] = ()
    token_logprobs: tuple[float | None, ...] = ()


class _Given(msgspec.Struct, frozen=True):
    logprob: float


class _Choice(msgspec.Struct, frozen=True):
    text: str = ""
    logprobs: _Logprobs | None = None
    prompt_logprobs: tuple[dict[str, _Given] | None, ...] | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int


class _Completion(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...]
    usage: _Usage


class _Told(msgspec.Struct, frozen=True):
    """A prompt's tokens, by their text or number, and their log-probabilities."""

    tokens: Sequence[str]
    log_p: Sequence[float | None]


async def echoed(calls: Calls, model: str) -> Perplexity:
    """Ask in each form for the log-probabilities of `TEXT`; raises `bad_output` where none is
    answered as it must be.
    """
    for form in _FORMS:
        asked = {"model": model, "prompt": TEXT, "max_tokens": 1, "temperature": 1.0, **form}
        reply = await calls.post("/v1/completions", asked, _LIMIT_S)
        answer = as_struct(reply.data, _Completion) if reply.ok else None
        told = None if answer is None or not answer.choices else _told(answer)
        if told is not None and (found := _perplexity(told)) is not None:
            return found
    raise BenchraceError(
        Category.BAD_OUTPUT,
        f"{calls.server.label} tells no log-probabilities of a prompt",
        "Leave the option perplexity out, or start the server so that it gives them.",
    )


def _told(answer: _Completion) -> _Told | None:
    """The part of an answer that is of the prompt; one more token was made."""
    choice, n = answer.choices[0], answer.usage.prompt_tokens
    if choice.logprobs is not None and choice.text.startswith(TEXT):
        return _Told(choice.logprobs.tokens[:n], choice.logprobs.token_logprobs[:n])
    every = choice.prompt_logprobs
    # With none of the likeliest asked for, there is the prompt's own token alone.
    if not every or len(every) != n or any(len(each or "-") != 1 for each in every):
        return None
    given = [next(iter((each or {}).items()), ("", None)) for each in every]
    return _Told(
        [token for token, _ in given], [None if its is None else its.logprob for _, its in given]
    )


def _perplexity(told: _Told) -> Perplexity | None:
    """The first token has nothing before it; every other one has to be told."""
    log_p = [each for each in told.log_p[1:] if each is not None and each <= 0]
    if len(log_p) < LEAST or len(log_p) != len(told.tokens) - 1:
        return None
    digest = hashlib.sha256(msgspec.json.encode([TEXT, *told.tokens])).hexdigest()
    return Perplexity(log_p=math.fsum(log_p), tokens=len(log_p), text_digest=f"sha256:{digest}")
