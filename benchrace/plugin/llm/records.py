"""The records of rounds: what opening the lane found out, and what the answers were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchrace.kinds.llm import (
    CacheProof,
    CacheState,
    ClientLoad,
    EngineFacts,
    LlmRecord,
    Perplexity,
    Prefix,
    ServeParams,
    ServeRecord,
    TextParams,
)
from benchrace.plugin.context import Context
from benchrace.plugin.llm import cache, load_generator
from benchrace.plugin.llm.prompt import digest_of
from benchrace.plugin.llm.response import inter_chunk
from benchrace.plugin.llm.response.stream import Response
from benchrace.plugin.llm.share import Share
from benchrace.plugin.llm.text_lane import Loaded
from benchrace.plugin.stream import TimingSource


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What opening a lane found out.

    `prefix` is the cached count that the template alone always hits, `reference` the answer to the
    prompt without a nonce. `mock` is the reason why a mock answers instead of the engine.
    """

    facts: EngineFacts
    loaded: Loaded
    prefix: int | None = None
    reference: str = ""
    perplexity: Perplexity | None = None
    mock: str | None = None


def single(
    opening: Opening, params: TextParams, context: Context, response: Response, nonce: str
) -> LlmRecord:
    """Return the record of a round with one answer."""
    return LlmRecord(
        **_common(opening, params, context, [response]),
        answer=response.answer,
        text=response.text,
        nonce=nonce if params.prefix is Prefix.UNIQUE else "",
        reference=opening.reference,
        perplexity=opening.perplexity,
    )


def many(
    opening: Opening,
    params: ServeParams,
    context: Context,
    responses: Sequence[Response],
    t0_ns: int,
    share: Share,
    client: ClientLoad,
) -> ServeRecord:
    """Return the record of a round with many answers, some of which may have failed."""
    complete = [response for response in responses if response.failure is None]
    return ServeRecord(
        **_common(opening, params, context, complete),
        answers=tuple(response.answer for response in responses),
        gaps=inter_chunk.digest([gap for response in complete for gap in response.gaps]),
        steady=load_generator.steady(responses, params, t0_ns, share),
        began_ns=t0_ns,
        client=client,
    )


def mocked(
    opening: Opening, params: TextParams, context: Context, response: Response
) -> LlmRecord | ServeRecord:
    """Return the record of a mock, which holds no memory that others could need."""
    fields = _common(opening, params, context, [response]) | {"alone": None, "stayed": ()}
    fields |= {"cache": CacheState.UNKNOWN, "cache_proof": CacheProof.NONE}
    answer = response.answer
    if isinstance(params, ServeParams):
        return ServeRecord(**fields, answers=(answer,), gaps=answer.gaps)
    return LlmRecord(**fields, answer=answer, text=response.text)


def _common(
    opening: Opening, params: TextParams, context: Context, responses: Sequence[Response]
) -> dict[str, Any]:
    """Return the fields that the records of both workloads share."""
    cached = [response.answer.usage.cached for response in responses]
    cache_state, proof = cache.state(params, opening.prefix, cached)
    sources = {response.source for response in responses}
    return {
        "engine": opening.facts,
        "cache": cache_state,
        "cache_proof": proof,
        "prefix_tokens": opening.prefix,
        "load_ns": opening.loaded.ns,
        "load_source": opening.loaded.source,
        "timing_source": sources.pop() if len(sources) == 1 else TimingSource.MIXED,
        "prompt_digest": digest_of(params),
        "simulated": opening.mock is not None,
        "fallback_reason": opening.mock,
        "alone": context.round.alone,
        "stayed": context.round.stayed,
    }
