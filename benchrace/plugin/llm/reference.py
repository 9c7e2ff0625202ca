"""The reference answer by which lanes are compared: to the prompt without a nonce.

No two rounds have equal prompts, as each begins with a nonce of its own. So the answer at
temperature 0 is requested once before the rounds, without a nonce, and never measured.
"""

import msgspec

from benchrace.kinds.llm import LlmParams, Prefix, Residence, TextParams
from benchrace.plugin.llm.prompt import ask, limits_of
from benchrace.plugin.llm.response.stream import ignore_text, read_response
from benchrace.plugin.llm.text_lane import TextLane

MAX_TOKENS = 256


def comparable(params: TextParams) -> bool:
    """Check whether the answers of a lane depend only on the prompt, which has a nonce."""
    return (
        isinstance(params, LlmParams)
        and params.temperature == 0
        and params.prefix is Prefix.UNIQUE
        and params.residence is Residence.WARM
    )


async def reference(lane: TextLane, params: TextParams) -> str:
    """Return the beginning of the answer to the prompt without a nonce; "" if it failed."""
    context = lane.context
    plain = msgspec.structs.replace(
        params, prefix=Prefix.SHARED, max_tokens=min(MAX_TOKENS, params.max_tokens)
    )
    request = lane.request(ask(plain, ""), limits_of(plain))
    began = context.clock.monotonic_ns()
    response = await read_response(lane, request, context, number=0, t0_ns=began, show=ignore_text)
    if response.failure is not None:
        context.log(f"no reference answer: {response.failure.message}", "warning")
        await lane.settle()
        return ""
    return response.text
