"""Render prompts, with the nonce that defeats prompt caches."""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from benchrace.kinds.llm import Prefix, ServeParams, TextParams
from benchrace.plugin.stream import StreamLimits

_GROUPS = 6
_SPARE_TEXTS = 1024
_FILLER = (
    "The engine reads the road ahead and writes down what it sees: a bridge, a field, "
    "a river that bends to the left, three houses and a mill. "
)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request to a language model; `prompt` and `system` are rendered and ready to send."""

    params: TextParams
    prompt: str
    system: str
    max_tokens: int


def nonce_text(*parts: object) -> str:
    """Return six groups of three digits derived from `parts`.

    They have the same number of tokens for any tokenizer that splits digits by ones or threes, and
    about 59 bits, so that they never repeat.
    """
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    groups = []
    for _ in range(_GROUPS):
        number, rest = divmod(number, 900)
        groups.append(str(100 + rest))
    return " ".join(groups)


def ask(params: TextParams, nonce: str, *, max_tokens: int | None = None, number: int = 0) -> Ask:
    """Render request `number` of a lane. The nonce comes first: in the system prompt, if any."""
    prompt, system = text_of(params, number), params.system
    if params.prefix is Prefix.UNIQUE:
        if system:
            system = f"{nonce}\n{system}"
        else:
            prompt = f"{nonce}\n{prompt}"
    return Ask(
        params=params,
        prompt=prompt,
        system=system,
        max_tokens=params.max_tokens if max_tokens is None else max_tokens,
    )


def nonce_alone(params: TextParams) -> TextParams:
    """Return parameters whose prompts are only nonces: short, and unlike those of `params`."""
    changes: dict[str, Any] = {"prefix": Prefix.UNIQUE, "prompt": "", "prompt_tokens": 0}
    if isinstance(params, ServeParams):
        changes["prompts"] = ()
    return msgspec.structs.replace(params, **changes)


def text_of(params: TextParams, number: int = 0) -> str:
    """Return the prompt without its nonce: the given one, or filler of about the requested length.

    An English word is about 1.3 tokens for common tokenizers; the actual count is measured as
    `prompt_tokens`, by which lanes are compared. The text is not adjusted to each model's
    tokenizer, since all lanes of a run have to get the same text.
    """
    if isinstance(params, ServeParams) and params.prompts:
        return params.prompts[number % len(params.prompts)]
    if not params.prompt_tokens:
        return params.prompt
    words = _FILLER.split()
    length = max(1, round(params.prompt_tokens / 1.3) - _GROUPS)
    return " ".join(words[i % len(words)] for i in range(length))


def digest_of(params: TextParams) -> str:
    """Return a digest of the prompts without their nonces: equal digests are the same work."""
    many = len(params.prompts) if isinstance(params, ServeParams) else 0
    texts = "\0".join(text_of(params, number) for number in range(max(1, many)))
    prompts = f"{params.rendering}\n{params.system}\n\0{texts}"
    return f"sha256:{hashlib.sha256(prompts.encode()).hexdigest()}"


def limits_of(params: TextParams) -> StreamLimits:
    """Return the limits of a request.

    The first token may follow lines without text. An engine that ignores `max_tokens` may never
    end, so that chunks are limited too: some engines send less than a token in each, such as one
    character, but never an eighth of one.
    """
    return StreamLimits(
        first_s=params.first_token_s,
        idle_s=params.idle_s,
        first_is_told=True,
        texts=_SPARE_TEXTS + 8 * params.max_tokens,
    )
