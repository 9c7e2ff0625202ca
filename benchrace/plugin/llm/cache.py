"""Whether a prompt was cached, by the engine's own count or by the nonce of the prompt."""

from collections.abc import Sequence

from benchrace.kinds.llm import CacheProof, CacheState, Prefix, Residence, TextParams

# Two nonces may begin alike by chance: one in nine shares its first digit, one in 810,000 its
# first two groups. A tokenizer that splits digits makes eight tokens of these, including spaces;
# a repeated prompt has its whole nonce in the cache, and everything after it.
MAX_CHANCE_HITS = 8


def state(
    params: TextParams, prefix: int | None, cached: Sequence[int | None]
) -> tuple[CacheState, CacheProof]:
    """Determine the cache state by the cached count of each request, None if not reported.

    `prefix` is the count that the template alone always hits.
    """
    cold = params.residence is Residence.COLD
    # Of many streams only the first after a load is cold; what they share is not a hit.
    unique = CacheState.COLD_LOAD if cold else CacheState.WARM_UNIQUE
    counts = [count for count in cached if count is not None]
    if counts and len(counts) == len(cached):
        hit = max(counts) > (prefix or 0) + MAX_CHANCE_HITS
        return (CacheState.PREFIX_HIT if hit else unique), CacheProof.ENGINE
    if params.prefix is Prefix.UNIQUE or cold:
        return unique, CacheProof.INFERRED
    return CacheState.UNKNOWN, CacheProof.NONE
