"""How well a model foresees a fixed text, by the log-probabilities that llama-server gives.

It tells those of tokens that it samples, never of a prompt's. So the text is taken token by token:
each is asked for after those before it, with a bias that makes the server sample no other. What it
reports is the model's own distribution, before any bias.
"""

import hashlib
from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, Context, Perplexity
from benchrace_openai.answer import as_struct
from benchrace_openai.calls import Calls

TEXT = (
    "The harbour lies at the mouth of a slow river. Twice a day the tide lifts the boats from the "
    "mud, and twice a day it sets them down again. An old table on the wall of the inn tells when: "
    "the fishermen never look at it, but visitors copy its figures into their notebooks and are "
    "surprised that the water keeps to them. In 1887 a storm broke the eastern pier, and for three "
    "years every stone had to be brought by cart, because no ship could land."
)
_BIAS = 1000.0
LEAST = 16
_EACH_S = 30.0


class _Tokens(msgspec.Struct):
    tokens: tuple[int, ...]


class _Sampled(msgspec.Struct):
    id: int
    logprob: float


class _Completion(msgspec.Struct):
    completion_probabilities: tuple[_Sampled, ...]


async def perplexity(calls: Calls, model: str, context: Context) -> Perplexity:
    """Ask for every token of `TEXT` but the first; raises where the server does not do as it must.

    Every request continues the one before, so that each costs one step of decoding.
    """
    tokens = await _tokens(calls, model)
    log_p = 0.0
    for at in range(1, len(tokens)):
        log_p += await _log_p(calls, model, tokens[:at], tokens[at])
        context.progress(at, len(tokens) - 1, "tokens of the reference text")
    digest = hashlib.sha256(msgspec.json.encode(tokens)).hexdigest()
    return Perplexity(log_p=log_p, tokens=len(tokens) - 1, text_digest=f"sha256:{digest}")


async def _tokens(calls: Calls, model: str) -> tuple[int, ...]:
    asked = {"model": model, "content": TEXT, "add_special": True}
    reply = await calls.post("/tokenize", asked)
    found = as_struct(reply.data, _Tokens) if reply.ok else None
    if found is None or len(found.tokens) <= LEAST:
        raise _odd("it does not tell a text's tokens")
    tokens: tuple[int, ...] = found.tokens
    return tokens


async def _log_p(calls: Calls, model: str, before: tuple[int, ...], token: int) -> float:
    asked: dict[str, Any] = {
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
    reply = await calls.post("/completion", asked, _EACH_S)
    found = as_struct(reply.data, _Completion) if reply.ok else None
    sampled = found.completion_probabilities[:1] if found is not None else ()
    if not sampled or sampled[0].id != token or not sampled[0].logprob <= 0:
        raise _odd("it does not give the log-probability of a token that is asked for")
    return float(sampled[0].logprob)


def _odd(what: str) -> BenchraceError:
    return BenchraceError(
        Category.BAD_OUTPUT, what, "Leave the option perplexity out, or update the server."
    )
