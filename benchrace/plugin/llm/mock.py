"""A mock answer, where a request says so: labelled, INVALID, never ranked."""

import anyio

from benchrace.kinds.llm import Answer, EngineFacts, EngineTimes, Usage
from benchrace.plugin.context import Context
from benchrace.plugin.llm import gaps
from benchrace.plugin.llm.ask import Ask
from benchrace.plugin.llm.hearing import Heard, Hearing
from benchrace.plugin.llm.piece import Piece
from benchrace.plugin.stream import Chunk, TimingSource

FACTS = EngineFacts(name="mock")
_TOKEN_S = 0.02
_WORDS = ["this", "is", "a", "mock", "and", "no", "engine", "said", "it"]


async def answer(ask: Ask, context: Context, t0_ns: int) -> Heard:
    """Stream words at 50 a second, at most 64."""
    hearing = Hearing(context.token, lambda done, total: None)
    n = min(ask.max_tokens, 64)
    for i in range(n):
        await anyio.sleep(_TOKEN_S)
        now = context.clock.monotonic_ns()
        text = f"{_WORDS[i % len(_WORDS)]} "
        hearing.take(Chunk(text.encode(), now, now, len(text)), Piece(text=text))
    hearing.finish = "stop"
    hearing.usage, hearing.times = Usage(output=n), EngineTimes()
    told: Answer = hearing.answer(
        request=0,
        t0_ns=t0_ns,
        send_ns=t0_ns,
        end_ns=context.clock.monotonic_ns(),
        connect_ns=None,
        clean=True,
    )
    return Heard(
        answer=told,
        text=hearing.begin,
        gaps=gaps.between(hearing.stamps),
        stamps=hearing.stamps,
        failure=None,
        source=TimingSource.USER,
    )
