"""A request to a language model: what is asked, and the nonce that keeps prompt caches out."""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from benchrace.kinds.llm import Prefix, ServeParams, TextParams
from benchrace.plugin.backend import Lane
from benchrace.plugin.stream import StreamLimits

_GROUPS = 6
_SPARE = 1024
_FILLER = (
    "The engine reads the road ahead and writes down what it sees: a bridge, a field, "
    "a river that bends to the left, three houses and a mill. "
)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, rendered as far as text goes; `prompt` and `system` are ready to send."""

    lane: Lane[TextParams]
    prompt: str
    system: str
    max_tokens: int

    @property
    def params(self) -> TextParams:
        return self.lane.params


def nonce_text(*parts: object) -> str:
    """Six groups of three digits from `parts`: the same length in tokens for any tokenizer that
    takes digits by ones or by threes, and about 59 bits, so that it never comes twice.
    """
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    groups = []
    for _ in range(_GROUPS):
        number, rest = divmod(number, 900)
        groups.append(str(100 + rest))
    return " ".join(groups)


def ask(
    lane: Lane[TextParams], nonce: str, *, max_tokens: int | None = None, number: int = 0
) -> Ask:
    """Render request `number` of `lane`. The nonce comes first: in the system prompt, if any."""
    params = lane.params
    prompt, system = text_of(params, number), params.system
    if params.prefix is Prefix.UNIQUE:
        if system:
            system = f"{nonce}\n{system}"
        else:
            prompt = f"{nonce}\n{prompt}"
    return Ask(
        lane=lane,
        prompt=prompt,
        system=system,
        max_tokens=params.max_tokens if max_tokens is None else max_tokens,
    )


def nonce_alone(lane: Lane[TextParams]) -> Lane[TextParams]:
    """Give a lane whose prompts are their nonces: short, and unlike whatever `lane` asks."""
    asked: dict[str, Any] = {"prefix": Prefix.UNIQUE, "prompt": "", "prompt_tokens": 0}
    if isinstance(lane.params, ServeParams):
        asked["prompts"] = ()
    return msgspec.structs.replace(lane, params=msgspec.structs.replace(lane.params, **asked))


def text_of(params: TextParams, number: int = 0) -> str:
    """The prompt without its nonce: what was written, or a text of about the wanted length.

    An English word is about 1.3 tokens for common tokenizers; what it came to is in
    `prompt_tokens`, which lanes are compared by. It is not adjusted to each model's tokenizer:
    lanes of one run have to be asked the same text.
    """
    if isinstance(params, ServeParams) and params.prompts:
        return params.prompts[number % len(params.prompts)]
    if not params.prompt_tokens:
        return params.prompt
    words = _FILLER.split()
    wanted = max(1, round(params.prompt_tokens / 1.3) - _GROUPS)
    return " ".join(words[i % len(words)] for i in range(wanted))


def digest_of(params: TextParams) -> str:
    """Identify what is asked, the nonce aside: equal digests are the same work."""
    many = len(params.prompts) if isinstance(params, ServeParams) else 0
    texts = "\0".join(text_of(params, number) for number in range(max(1, many)))
    asked = f"{params.rendering}\n{params.system}\n\0{texts}"
    return f"sha256:{hashlib.sha256(asked.encode()).hexdigest()}"


def limits_of(params: TextParams) -> StreamLimits:
    """Give the limits of a request: the first token may come after lines without any.

    An engine that passes over `max_tokens` may never end. A chunk is a token or more, or where it
    is less, as with one for each character, still no eighth of one.
    """
    return StreamLimits(
        first_s=params.first_token_s,
        idle_s=params.idle_s,
        first_is_told=True,
        texts=_SPARE + 8 * params.max_tokens,
    )
