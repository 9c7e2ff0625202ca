"""Measure perplexity on servers that report the log-probabilities of a prompt.

There are two forms: `echo` with `logprobs`, as OpenAI's completions had it, and `prompt_logprobs`,
vLLM's own. Servers ignore unknown fields, so that only a complete answer proves anything.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, Perplexity, chat_api
from benchrace_openai.client import OpenAIClient
from benchrace_openai.server.info import as_struct

TEXT = chat_api.REFERENCE_TEXT
_LIMIT_S = 60.0
_FORMS: tuple[dict[str, Any], ...] = ({"echo": True, "logprobs": 1}, {"prompt_logprobs": 0})


class _Logprobs(msgspec.Struct, frozen=True):
    tokens: tuple[str, ...] = ()
    token_logprobs: tuple[float | None, ...] = ()


class _TokenLogprob(msgspec.Struct, frozen=True):
    logprob: float


class _Choice(msgspec.Struct, frozen=True):
    text: str = ""
    logprobs: _Logprobs | None = None
    prompt_logprobs: tuple[dict[str, _TokenLogprob] | None, ...] | None = None


class _Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int


class _Completion(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...]
    usage: _Usage


class _PromptLogprobs(msgspec.Struct, frozen=True):
    """A prompt's tokens, by their text or id, and their log-probabilities."""

    tokens: Sequence[str]
    log_p: Sequence[float | None]


async def prompt_perplexity(client: OpenAIClient, model: str) -> Perplexity:
    """Request the log-probabilities of `TEXT` in each form; raises `bad_output` if none works."""
    for form in _FORMS:
        body = {
            "model": model,
            "prompt": TEXT,
            "max_tokens": 1,
            "temperature": 1.0,
            **form,
        }
        reply = await client.post("/v1/completions", body, _LIMIT_S)
        answer = as_struct(reply.data, _Completion) if reply.ok else None
        logprobs = None if answer is None or not answer.choices else _prompt_logprobs(answer)
        if logprobs is not None and (perplexity := _perplexity(logprobs)) is not None:
            return perplexity
    raise BenchraceError(
        Category.BAD_OUTPUT,
        f"{client.server.label} does not report the log-probabilities of a prompt",
        "Omit the option perplexity, or start the server so that it reports them.",
    )


def _prompt_logprobs(answer: _Completion) -> _PromptLogprobs | None:
    """Return the part of an answer for the prompt, without the one generated token."""
    choice, n = answer.choices[0], answer.usage.prompt_tokens
    if choice.logprobs is not None and choice.text.startswith(TEXT):
        return _PromptLogprobs(choice.logprobs.tokens[:n], choice.logprobs.token_logprobs[:n])
    positions = choice.prompt_logprobs
    # Without any of the likeliest tokens, each position has only the prompt's own token.
    if not positions or len(positions) != n:
        return None
    if any(position is not None and len(position) != 1 for position in positions):
        return None
    entries = [next(iter((position or {}).items()), ("", None)) for position in positions]
    return _PromptLogprobs(
        [token for token, _ in entries],
        [None if entry is None else entry.logprob for _, entry in entries],
    )


def _perplexity(prompt: _PromptLogprobs) -> Perplexity | None:
    """Return the perplexity, if every token but the first has a log-probability."""
    log_p = [value for value in prompt.log_p[1:] if value is not None and value <= 0]
    if len(log_p) < chat_api.MIN_TOKENS or len(log_p) != len(prompt.tokens) - 1:
        return None
    digest = hashlib.sha256(msgspec.json.encode([TEXT, *prompt.tokens])).hexdigest()
    return Perplexity(log_p=math.fsum(log_p), tokens=len(log_p), text_digest=f"sha256:{digest}")
