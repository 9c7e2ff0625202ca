"""Servers that answer in other ways than they should, heard through whole rounds over sockets."""

import json
import time
from typing import Any

import anyio
import pytest

from benchrace.plugin import Category, TextBackend
from benchrace.testing.server import LAST
from benchrace.testing.text_engine import AnswerWriter, Counts
from benchrace.testing.text_racing import TEXT, TOKENS, TextLanes

from .stand_in import backend
from .test_backend import ChatWire, LlamaWire, event

pytestmark = pytest.mark.anyio


@pytest.mark.slow
class TestOdd(TextLanes):
    wire = ChatWire()

    def make(self, url: str) -> TextBackend:
        return backend({"base_url": url})

    async def test_odd_fields_are_logged_once_and_cost_nothing(self) -> None:
        async def odd(writer: AnswerWriter) -> None:
            await writer.together(event({"choices": None, "usage": []}))
            for i in range(TOKENS):
                odd_fields = b'{"usage":"?","prompt_progress":3,'
                message = writer.wire.content(f"t{i} ")
                await writer.together(message.replace(b"{", odd_fields, 1))
            await writer.end(TOKENS)

        async with self.racing(odd) as at:
            for number in range(2):
                assert (await at.round(number)).text == TEXT
            logged = [text for _, text in at.context.logs if "unexpected type" in text]
            listed = f"prompt_progress ({TOKENS}), usage ({TOKENS + 1})"
            assert logged == [f"fields of an unexpected type were ignored: {listed}"]

    async def test_text_in_parts_is_heard_as_text_and_thinking(self) -> None:
        async def parts(writer: AnswerWriter) -> None:
            thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
            await writer.together(
                writer.wire.content("X").replace(b'"X"', json.dumps(thought).encode())
            )
            # Both would have one time if they came in one read.
            await anyio.sleep(0.05)
            text = json.dumps([{"type": "text", "text": TEXT}]).encode()
            await writer.together(writer.wire.content("X").replace(b'"X"', text))
            await writer.end(TOKENS)

        async with self.racing(parts) as at:
            record = await at.round()
            assert record.text == f"hm{TEXT}"
            assert record.answer.output_ns > record.answer.first_ns

    @pytest.mark.parametrize(
        ("body", "category", "words"),
        [
            (
                b"event: error\ndata: the GPU is on fire\n\n",
                Category.STREAM_ERROR,
                "GPU is on fire",
            ),
            (b'event: error\ndata: {"x": "on fire"}\n\n', Category.STREAM_ERROR, "on fire"),
            (b"data: Internal Server Error\n\n", Category.BAD_OUTPUT, "Internal Server Error"),
            (
                b'{"choices":[{"message":{"content":"all of it"},"finish_reason":"stop"}]}',
                Category.BAD_OUTPUT,
                "in one piece instead of a stream",
            ),
        ],
    )
    async def test_what_is_no_answer(self, body: bytes, category: Category, words: str) -> None:
        async def foreign(writer: AnswerWriter) -> None:
            await writer.together(body)
            await writer.peer.say(LAST)

        async with self.racing(foreign) as at:
            failure = await at.failure()
            assert failure.category is category
            assert words in failure.message

    async def test_an_error_beside_the_events_is_heard(self) -> None:
        async def failing(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.together(b'{"error": {"message": "CUDA out of memory"}}\n')
            await writer.peer.say(LAST)

        async with self.racing(failing) as at:
            failure = await at.failure()
            assert failure.category is Category.OUT_OF_MEMORY

    async def test_an_event_that_was_cut_is_no_foreign_answer(self) -> None:
        async def cut(writer: AnswerWriter) -> None:
            await writer.together(writer.wire.content("t0 ")[:20])
            await writer.peer.close()

        async with self.racing(cut) as at:
            assert (await at.failure()).category is Category.ENDED_EARLY

    @pytest.mark.parametrize("closes", [False, True])
    async def test_the_trial_ends_with_the_answers_own_end(self, closes: bool) -> None:
        """A server that never says the body's end was waited for, or called unreachable."""

        async with self.racing(self._held(closes), first_token_s=30, idle_s=30) as at:
            at.engine.racing = True
            began = time.monotonic()
            other = self.make(at.backend.servers[0].base_url)  # type: ignore[attr-defined]
            await other.open(at.lane, at.context)
            await other.close(at.lane, at.context)
            assert time.monotonic() - began < 10

    def _held(self, closes: bool) -> Any:
        async def held(writer: AnswerWriter) -> None:
            await writer.tokens(2)
            for message in writer.wire.end(Counts(prompt=40, output=2)):
                await writer.together(message)
            # What is not a stream has a length, and ends by it.
            streams = b'"stream":true' in writer.request.body.replace(b" ", b"")
            await (writer.hang() if streams and not closes else writer.peer.close())

        return held


class TestFaultyTimes(TextLanes):
    """llama-server whose times are zero: nothing about waiting can be made of them."""

    class Wire(LlamaWire):
        def counts_fields(self, counts: Any) -> dict[str, Any]:
            data = super().counts_fields(counts)
            return data | {"timings": {**data["timings"], "prompt_ms": 0.0, "predicted_ms": -1.0}}

    wire = Wire()

    def make(self, url: str) -> TextBackend:
        return backend({"base_url": url})

    async def test_zero_is_no_proof_of_waiting(self) -> None:
        async def slow(writer: AnswerWriter) -> None:
            await anyio.sleep(0.4)
            await writer.tokens(TOKENS)
            await writer.end(TOKENS)

        async with self.racing(slow) as at:
            await at.round()
            assert "queued" not in at.codes()
            assert "engine_figures" in at.codes()
