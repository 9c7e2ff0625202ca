"""What real servers said, read again: by another cut of the same bytes it means the same."""

from typing import NamedTuple

import pytest

from benchrace.plugin import Category, Format, StreamLimits, StreamRequest
from benchrace.plugin.llm.response.stream import Response, read_response
from benchrace.testing import RecordingContext
from benchrace.testing.server import serving

from .replay import Cut, Recorded, recorded, script
from .stand_in import backend, lane

pytestmark = pytest.mark.anyio

NEW = "llama-server 2026-10"
OLD = "llama-server 2025-02"
HOSTILE = "llama-cpp-python server 0.3.36"
ROUTER = "llama-server 2026-10, router"


class Counts(NamedTuple):
    chunks: int
    prompt: int | None
    output: int | None
    cached: int | None
    decode: int | None


async def response_to(answer: Recorded, cut: Cut) -> Response:
    """Hear an answer out, as a round does."""
    context = RecordingContext()
    async with serving(script(answer, cut)) as served:
        limits = StreamLimits(first_s=10, idle_s=10, first_is_told=True)
        request = StreamRequest(url=served.url, body=b"{}", format=Format.SSE, limits=limits)
        try:
            parser = backend(None).open_lane(lane(), context)
            return await read_response(
                parser, request, context, number=0, t0_ns=0, show=context.token
            )
        finally:
            await context.aclose()


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize(
    ("engine", "name", "counts"),
    [
        (NEW, "chat", Counts(12, 134, 12, 0, 12)),
        (NEW, "chat again", Counts(12, 134, 12, 133, 12)),
        # Without a usage the timings of the finish chunk say the same.
        (NEW, "chat without usage", Counts(12, 134, 12, 133, 12)),
        (NEW, "completion", Counts(8, 103, 8, 1, 8)),
        (NEW, "max_completion_tokens", Counts(4, 134, 4, 133, 4)),
        # Old builds tell no cached count: the prompt less what was evaluated is one.
        (OLD, "chat", Counts(12, 134, 12, 0, 12)),
        (OLD, "chat again", Counts(12, 134, 12, 133, 12)),
        (OLD, "completion", Counts(8, 103, 8, 0, 8)),
        # No usage at all, though it was asked for.
        (HOSTILE, "chat", Counts(8, None, None, None, None)),
        (HOSTILE, "completion", Counts(8, None, None, None, None)),
    ],
)
async def test_a_whole_answer(engine: str, name: str, counts: Counts, cut: Cut) -> None:
    response = await response_to(recorded()[engine, name], cut)
    answer = response.answer
    assert response.failure is None
    assert (answer.clean_end, answer.finish) == (True, "length")
    usage = answer.usage
    assert counts == (
        answer.content,
        usage.prompt,
        usage.output,
        usage.cached,
        answer.times.decode_tokens,
    )
    assert response.text.startswith("fi" if "chat" in name or "max" in name else " feto")


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize(
    ("engine", "name", "chunks"),
    [
        (NEW, "killed", 5),
        # Tokens stop, and half a minute later a ping and the end.
        (NEW, "stopped", 6),
        # 200, no event, a clean end: the prompt was too long.
        (HOSTILE, "too long", 0),
        # One token and `[DONE]`: another request had come.
        (HOSTILE, "interrupted", 1),
    ],
)
async def test_an_end_that_proves_nothing(engine: str, name: str, chunks: int, cut: Cut) -> None:
    response = await response_to(recorded()[engine, name], cut)
    assert response.failure is not None
    assert response.failure.category is Category.ENDED_EARLY
    assert response.answer.content == chunks
    assert bool(response.text) == bool(chunks)


@pytest.mark.parametrize(
    ("engine", "name", "category", "words"),
    [
        (NEW, "too long", Category.VALIDATION, "the prompt has 2489 tokens, the server's context"),
        (NEW, "no key", Category.VALIDATION, "the server requires a key (401)"),
        (ROUTER, "unknown model", Category.MISSING_MODEL, "model 'no-such-model' not found"),
        (HOSTILE, "too long, no stream", Category.VALIDATION, "maximum context length is 4096"),
        (HOSTILE, "bad JSON", Category.STREAM_ERROR, "answers 500: Internal Server Error"),
    ],
)
async def test_a_refusal(engine: str, name: str, category: Category, words: str) -> None:
    response = await response_to(recorded()[engine, name], Cut.RECORDED)
    assert response.failure is not None
    assert response.failure.category is category
    assert words in response.failure.message
    assert response.failure.remedy
