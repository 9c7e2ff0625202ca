"""The mock answer that a lane may request as a fallback: labelled, INVALID, never ranked."""

import anyio

from benchrace.kinds.llm import EngineFacts, EngineTimes, Usage
from benchrace.plugin.context import Context
from benchrace.plugin.llm.prompt import Ask
from benchrace.plugin.llm.response import inter_chunk
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.stream import Response, ResponseReader
from benchrace.plugin.stream import Chunk, TimingSource

FACTS = EngineFacts(name="mock")
_TOKEN_S = 0.02
_WORDS = ["this", "is", "a", "mock", "and", "no", "engine", "said", "it"]


async def answer(ask: Ask, context: Context, t0_ns: int) -> Response:
    """Stream words at 50 a second, at most 64."""
    reader = ResponseReader(context.token, lambda done, total: None)
    n = min(ask.max_tokens, 64)
    for i in range(n):
        await anyio.sleep(_TOKEN_S)
        now = context.clock.monotonic_ns()
        text = f"{_WORDS[i % len(_WORDS)]} "
        reader.take(Chunk(text.encode(), now, now, len(text)), Delta(text=text))
    reader.finish = "stop"
    reader.usage, reader.times = Usage(output=n), EngineTimes()
    mock_answer = reader.answer(
        request=0,
        t0_ns=t0_ns,
        send_ns=t0_ns,
        end_ns=context.clock.monotonic_ns(),
        connect_ns=None,
        clean=True,
    )
    return Response(
        answer=mock_answer,
        text=reader.begin,
        gaps=inter_chunk.between(reader.stamps),
        stamps=reader.stamps,
        failure=None,
        source=TimingSource.USER,
    )
