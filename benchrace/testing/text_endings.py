"""Contract tests of how a text backend handles the ends of answers, and responses without one."""

import json
import time
from typing import Any

import anyio
import pytest

from benchrace.errors import Category
from benchrace.events import Level
from benchrace.kinds.llm import ServeRecord
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import LAST
from benchrace.testing.text_engine import AnswerWriter, Counts, well
from benchrace.testing.text_racing import TEXT, TOKENS, TextLanes

PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>please</body></html>\n"


class EndingCases(TextLanes):
    """Good and bad ends, impossible counts, keep-alives, and bodies that are not an answer."""

    @pytest.mark.parametrize("word", ["abort", "error", "cancelled", "network_error", "Unheard-of"])
    async def test_a_bad_finish_reason_is_a_failure(self, word: str) -> None:
        async def ending(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await writer.end(TOKENS, finish=word)

        async with self.racing(ending) as at:
            failure = await at.failure()
            assert failure.category is Category.STREAM_ERROR
            assert repr(word) in failure.message

    async def test_a_bad_end_among_many_is_counted(self) -> None:
        async def ending(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await writer.end(TOKENS, finish="abort" if len(at.engine.requests) == 2 else "length")

        async with self.racing(ending, kind="llm_serve", requests=4, concurrency=1) as at:
            record: ServeRecord = await at.round()
            assert at.derived(record)["failures"].value == 1
            assert "requests_failed" in at.codes()

    async def test_a_filtered_answer_is_marked(self) -> None:
        async def ending(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await writer.end(TOKENS, finish="content_filter")

        async with self.racing(ending) as at:
            assert (await at.round()).answer.usage.output == TOKENS
            assert "content_filter" in at.codes()

    async def test_counts_of_zero_are_unknown(self) -> None:
        async def uncounted(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await writer.end(0, prompt=0, cached=0)

        async with self.racing(uncounted) as at:
            record = await at.round()
            derived = at.derived(record)
            for name in ("gen_tokens", "prompt_tokens", "gen_tokens_per_s"):
                assert derived[name].value is None
                assert "reports 0 as its" in (derived[name].reason or "")
            assert set(record.answer.faults) >= {"output", "prompt"}
            assert not {"early_stop", "queued"} & at.codes()

    @pytest.mark.parametrize("kind", ["ping", "role", "content"])
    async def test_only_content_keeps_an_answer_going(self, kind: str) -> None:
        wire = self.wire
        message = {"ping": wire.ping(), "role": wire.role(), "content": wire.content("")}[kind]
        if message is None:
            pytest.skip("the protocol has no such message")

        async def stuck(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            with anyio.move_on_after(HANG_S):
                while True:
                    await writer.together(message)
                    await anyio.sleep(0.03)

        async with self.racing(stuck, idle_s=0.25) as at:
            began = time.monotonic()
            assert (await at.failure()).category is Category.TIMEOUT_IDLE
            assert time.monotonic() - began < HANG_S / 2

    @pytest.mark.parametrize("closes", [False, True])
    async def test_after_its_own_end_an_answer_is_complete(self, closes: bool) -> None:
        async def held(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            for message in writer.wire.end(Counts(prompt=40, output=TOKENS)):
                await writer.together(message)
            await (writer.peer.close() if closes else writer.hang())

        async with self.racing(held, idle_s=HANG_S) as at:
            began = time.monotonic()
            record = await at.round()
            assert time.monotonic() - began < HANG_S / 2
            assert (record.answer.usage.output, record.answer.clean_end) == (TOKENS, True)
            assert at.context.verdict.level is not Level.INVALID, at.context.verdict
            at.engine.plan = well
            assert (await at.round(1)).text == TEXT

    async def test_before_its_own_end_an_answer_that_breaks_off_ended_early(self) -> None:
        async def cut(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await writer.peer.close()

        async with self.racing(cut) as at:
            assert (await at.failure()).category is Category.ENDED_EARLY

    async def test_a_byte_order_mark_costs_no_token(self) -> None:
        async def marked(writer: AnswerWriter) -> None:
            await writer.together(b"\xef\xbb\xbf" + writer.wire.content("t0 "))
            for i in range(1, TOKENS):
                await writer.together(writer.wire.content(f"t{i} "))
            await writer.end(TOKENS)

        async with self.racing(marked) as at:
            record = await at.round()
            assert (record.answer.content, record.text) == (TOKENS, TEXT)

    @pytest.mark.parametrize(
        ("body", "category", "words"),
        [
            ({"error": {"message": "it is on fire"}}, Category.STREAM_ERROR, "it is on fire"),
            ({"error": "the GPU is on fire"}, Category.STREAM_ERROR, "the GPU is on fire"),
            ({"detail": "the GPU is on fire"}, Category.STREAM_ERROR, "the GPU is on fire"),
            ({"detail": [{"msg": "no", "loc": ["n"]}]}, Category.STREAM_ERROR, ": no"),
            (
                {"message": "the GPU\u001b[31m\n is on fire"},
                Category.STREAM_ERROR,
                "GPU is on fire",
            ),
            (PAGE, Category.BAD_OUTPUT, "web page: Sign in"),
            (b"no healthy upstream\n", Category.BAD_OUTPUT, "no healthy upstream"),
        ],
    )
    async def test_a_response_without_an_answer_fails_with_the_servers_message(
        self, body: Any, category: Category, words: str
    ) -> None:
        text = body if isinstance(body, bytes) else json.dumps(body, indent=1).encode() + b"\n"

        async def foreign(writer: AnswerWriter) -> None:
            await writer.together(text)
            await writer.peer.say(LAST)

        async with self.racing(foreign) as at:
            failure = await at.failure()
            assert failure.category is category, failure.message
            assert words in failure.message
            assert failure.message.isprintable()
            assert len(failure.message) < 700
