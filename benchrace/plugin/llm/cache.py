"""What an engine had of a prompt already, by its own count or by what it has never been sent."""

from collections.abc import Sequence

from benchrace.kinds.llm import CacheProof, CacheState, Prefix, Residence, TextParams

# Two nonces may begin alike by chance: one in nine shares its first digit, one in 810,000 its
# first two groups. A tokenizer that takes digits by ones makes eight tokens of these, blanks and
# all; a prompt that comes again has its whole nonce in the cache, and all that follows.
CHANCE = 8


def state(
    params: TextParams, prefix: int | None, told: Sequence[int | None]
) -> tuple[CacheState, CacheProof]:
    """Judge by the cached counts that the engine `told` of each request.

    `prefix` is what the template alone always hits.
    """
    cold = params.residence is Residence.COLD
    # Of many streams only the first after a load is cold; what they share is no hit.
    unique = CacheState.COLD_LOAD if cold else CacheState.WARM_UNIQUE
    known = [count for count in told if count is not None]
    if known and len(known) == len(told):
        hit = max(known) > (prefix or 0) + CHANCE
        return (CacheState.PREFIX_HIT if hit else unique), CacheProof.ENGINE
    if params.prefix is Prefix.UNIQUE or cold:
        return unique, CacheProof.INFERRED
    return CacheState.UNKNOWN, CacheProof.NONE
