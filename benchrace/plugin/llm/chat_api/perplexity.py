"""Measure perplexity by the log-probabilities of a server's `/completion`, token by token.

Such servers report the log-probabilities of tokens that they sample, but not of a prompt's. So each
token of the text is requested after those before it, with a bias that makes the server sample it.
What they report is the model's own distribution, before any bias.
"""

import hashlib
from typing import Any, Protocol

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import Perplexity
from benchrace.plugin.context import Context
from benchrace.plugin.llm.chat_api.control import Reply
from benchrace.plugin.llm.chat_api.server_facts import as_struct

REFERENCE_TEXT = (
    "The harbour lies at the mouth of a slow river. Twice a day the tide lifts the boats from the "
    "mud, and twice a day it sets them down again. An old table on the wall of the inn tells when: "
    "the fishermen never look at it, but visitors copy its figures into their notebooks and are "
    "surprised that the water keeps to them. In 1887 a storm broke the eastern pier, and for three "
    "years every stone had to be brought by cart, because no ship could land."
)
_BIAS = 1000.0
MIN_TOKENS = 16
_REQUEST_S = 30.0


class Poster(Protocol):
    """A client of the server."""

    async def post(self, path: str, body: Any, timeout_s: float | None = None) -> Reply:
        """Send a POST; raises if the server does not answer."""
        ...


class _Tokens(msgspec.Struct):
    tokens: tuple[int, ...]


class _Sampled(msgspec.Struct):
    id: int
    logprob: float


class _Completion(msgspec.Struct):
    completion_probabilities: tuple[_Sampled, ...]


async def token_perplexity(client: Poster, model: str, context: Context) -> Perplexity:
    """Request every token of the reference text but the first.

    Raises if the server's answers are not usable. Every request continues the one before, so that
    each costs one decoding step.
    """
    tokens = await _tokens(client, model)
    log_p = 0.0
    for at in range(1, len(tokens)):
        log_p += await _log_p(client, model, tokens[:at], tokens[at])
        context.progress(at, len(tokens) - 1, "tokens of the reference text")
    digest = hashlib.sha256(msgspec.json.encode(tokens)).hexdigest()
    return Perplexity(log_p=log_p, tokens=len(tokens) - 1, text_digest=f"sha256:{digest}")


async def _tokens(client: Poster, model: str) -> tuple[int, ...]:
    body = {"model": model, "content": REFERENCE_TEXT, "add_special": True}
    reply = await client.post("/tokenize", body)
    answer = as_struct(reply.data, _Tokens) if reply.ok else None
    if answer is None or len(answer.tokens) <= MIN_TOKENS:
        raise _unusable("the server does not report the tokens of a text")
    tokens: tuple[int, ...] = answer.tokens
    return tokens


async def _log_p(client: Poster, model: str, before: tuple[int, ...], token: int) -> float:
    body: dict[str, Any] = {
        "model": model,
        "prompt": before,
        "n_predict": 1,
        "n_probs": 1,
        "post_sampling_probs": False,
        "logit_bias": [[token, _BIAS]],
        "temperature": 0.0,
        "repeat_penalty": 1.0,
        "cache_prompt": True,
    }
    reply = await client.post("/completion", body, _REQUEST_S)
    answer = as_struct(reply.data, _Completion) if reply.ok else None
    sampled = answer.completion_probabilities[:1] if answer is not None else ()
    if not sampled or sampled[0].id != token or not sampled[0].logprob <= 0:
        raise _unusable("the server does not report the log-probability of a requested token")
    return float(sampled[0].logprob)


def _unusable(message: str) -> BenchraceError:
    return BenchraceError(
        Category.BAD_OUTPUT, message, "Omit the option perplexity, or update the server."
    )
