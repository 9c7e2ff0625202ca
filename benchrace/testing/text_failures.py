"""Contract tests of how a text backend handles engines that fail, and the round after that."""

import time
from typing import Any

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.events import Level
from benchrace.kinds.llm import ServeRecord
from benchrace.testing.limits import HANG_S
from benchrace.testing.server import LAST
from benchrace.testing.text_engine import AnswerWriter, TextEngine, token, well
from benchrace.testing.text_racing import TEXT, TOKENS, TextLanes


class FailingCases(TextLanes):
    """Errors, early ends, silence, invalid messages, error responses and cancels."""

    async def test_an_error_in_the_middle_ends_the_answer_at_once(self) -> None:
        async def failing(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.together(writer.wire.error("the engine is out of memory"))
            await writer.hang()

        async with self.racing(failing, idle_s=HANG_S) as at:
            began = time.monotonic()
            failure = await at.failure()
            assert time.monotonic() - began < HANG_S / 2
            assert "the engine is out of memory" in failure.message
            assert "".join(at.context.tokens).startswith(TEXT[:9])

    @pytest.mark.parametrize("kind", ["llm_generate", "llm_serve"])
    async def test_a_mock_replaces_an_unreachable_engine_only_on_request(self, kind: str) -> None:
        engine = TextEngine(self.wire, well)
        async with engine.served() as served:
            url = served.url
        with pytest.raises(BenchraceError) as raised:
            async with self.opened(self.make(url), engine, kind):
                raise AssertionError("it opened although nothing listens")
        assert raised.value.category in (Category.UNREACHABLE, Category.TIMEOUT_CONNECT)
        assert raised.value.remedy
        async with self.opened(self.make(url), engine, kind, fallback="mock", max_tokens=3) as at:
            record = await at.round()
            assert (record.simulated, record.fallback_reason) == (True, "unreachable")
            assert at.context.verdict.level is Level.INVALID

    @pytest.mark.parametrize("kind", ["llm_generate", "llm_serve"])
    async def test_no_mock_replaces_an_engine_that_fails_in_a_round(self, kind: str) -> None:
        async def dying(writer: AnswerWriter) -> None:
            writer.peer.reset()

        many = {"requests": 2, "concurrency": 2} if kind == "llm_serve" else {}
        async with self.racing(dying, kind, fallback="mock", **many) as at:
            with pytest.raises(BenchraceError) as raised:
                await at.round()
            assert raised.value.category in (Category.STREAM_ERROR, Category.ENDED_EARLY)
            at.engine.plan = well
            assert (await at.round(1)).simulated is False
            assert at.context.verdict.level is not Level.INVALID, at.context.verdict

    async def test_an_end_alone_proves_nothing(self) -> None:
        async def early(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.peer.say(LAST)

        async with self.racing(early) as at:
            assert (await at.failure()).category is Category.ENDED_EARLY

    async def test_an_engine_that_dies_is_a_failure(self) -> None:
        async def dying(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            writer.peer.reset()

        async with self.racing(dying) as at:
            category = (await at.failure()).category
            assert category in (Category.STREAM_ERROR, Category.ENDED_EARLY)

    async def test_an_answer_without_tokens_is_a_failure(self) -> None:
        async def empty(writer: AnswerWriter) -> None:
            await writer.together(writer.wire.role())
            await writer.end(0, finish="stop")

        async with self.racing(empty) as at:
            assert (await at.failure()).category is Category.BAD_OUTPUT

    async def test_broken_text_breaks_nothing(self) -> None:
        async def broken(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.together(writer.wire.content("HERE").replace(b"HERE", b"\xff\xfe\xc3"))
            await writer.tokens(8)
            await writer.end(TOKENS)

        async with self.racing(broken) as at:
            category, content = None, TOKENS
            try:
                content = (await at.round()).answer.content
            except BenchraceError as error:
                category = error.category
            assert (category, content) in ((None, TOKENS), (Category.BAD_OUTPUT, TOKENS))
            at.engine.plan = well
            assert (await at.round(1)).text == TEXT

    @pytest.mark.parametrize(
        ("counts", "lost"),
        [
            ({"prompt": 3.5}, {"prompt_tokens"}),
            ({"output": -12}, {"gen_tokens", "gen_tokens_per_s", "tpot_ms"}),
        ],
    )
    async def test_an_impossible_count_is_dropped_alone(
        self, counts: dict[str, Any], lost: set[str]
    ) -> None:
        async def lying(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await writer.end(**{"output": TOKENS, **counts})

        async with self.racing(lying) as at:
            record = await at.round()
            derived = at.derived(record)
            names = {"gen_tokens", "prompt_tokens", "gen_tokens_per_s", "tpot_ms", "ttft_ms"}
            assert {name for name in names if derived[name].value is None} == lost
            (count,) = counts.values()
            assert all(f"{count!r}" in (derived[name].reason or "") for name in lost)
            assert "engine_figures" in at.codes()
            assert at.context.verdict.level is Level.SUSPECT

    async def test_an_invalid_message_is_a_failure(self) -> None:
        async def nonsense(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            message = writer.wire.content("HERE")
            await writer.together(message.replace(b"{", b"<").replace(b"}", b">"))
            await writer.hang()

        async with self.racing(nonsense, idle_s=HANG_S) as at:
            assert (await at.failure()).category is Category.BAD_OUTPUT

    @pytest.mark.parametrize("half", [rb"\ud83d", rb"\uDE00"])
    async def test_an_unpaired_surrogate_is_replaced_or_named(self, half: bytes) -> None:
        async def halved(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.together(writer.wire.content("HERE").replace(b"HERE", half + b" "))
            await writer.tokens(TOKENS - 4)
            await writer.end(TOKENS)

        async with self.racing(halved) as at:
            failure, text = None, ""
            try:
                text = (await at.round()).text
            except BenchraceError as error:
                failure = error
            if failure is None:
                assert "\ufffd" in text
            else:
                assert failure.category is Category.BAD_OUTPUT
                assert "unpaired surrogate" in failure.message
                assert "Update the engine" in failure.remedy

    async def test_a_giant_line_is_refused(self) -> None:
        async def giant(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.together(writer.wire.content("x" * (2 << 20)))
            await writer.hang()

        async with self.racing(giant) as at:
            assert (await at.failure()).category is Category.BAD_OUTPUT

    async def test_silence_has_a_limit_before_the_first_token(self) -> None:
        async def silent(writer: AnswerWriter) -> None:
            await writer.together(writer.wire.role())
            with anyio.move_on_after(HANG_S):
                while True:
                    await writer.together(writer.wire.ping())
                    await anyio.sleep(0.05)

        async with self.racing(silent, first_token_s=0.25) as at:
            assert (await at.failure()).category is Category.TIMEOUT_FIRST

    async def test_silence_has_a_limit_in_the_middle(self) -> None:
        async def stuck(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            await writer.hang()

        async with self.racing(stuck, idle_s=0.2) as at:
            assert (await at.failure()).category is Category.TIMEOUT_IDLE

    async def test_a_cancel_closes_the_stream(self) -> None:
        sent = anyio.Event()

        async def endless(writer: AnswerWriter) -> None:
            await writer.tokens(3)
            sent.set()
            await writer.hang()

        async with self.racing(endless) as at:
            async with anyio.create_task_group() as group:
                group.start_soon(at.round)
                with anyio.fail_after(HANG_S):
                    await sent.wait()
                group.cancel_scope.cancel()
            assert group.cancel_scope.cancelled_caught
            with anyio.fail_after(HANG_S):
                await at.engine.left.wait()
            at.engine.plan = well
            assert (await at.round(1)).text == TEXT

    async def test_an_answer_that_never_ends_is_abandoned(self) -> None:
        async def endless(writer: AnswerWriter) -> None:
            many = [writer.wire.content(token(i)) for i in range(100)]
            while True:
                await writer.together(*many)

        async with self.racing(endless) as at:
            failure = await at.failure()
            assert failure.category is Category.BAD_OUTPUT
            assert "continues after" in failure.message
            with anyio.fail_after(HANG_S):
                await at.engine.left.wait()
            at.engine.plan = well
            assert (await at.round(1)).text == TEXT

    @pytest.mark.parametrize("status", [400, 404, 500, 503])
    async def test_an_error_response_has_a_message(self, status: int) -> None:
        async with self.racing() as at:
            at.engine.status = status
            assert (await at.failure()).message

    async def test_one_failure_of_many_is_counted_and_kept(self) -> None:
        async def sometimes(writer: AnswerWriter) -> None:
            if len(at.engine.requests) == 2:
                await writer.tokens(2)
                await writer.together(writer.wire.error("no"))
                await writer.hang()
            await well(writer)

        async with self.racing(sometimes, kind="llm_serve", requests=4, concurrency=1) as at:
            record: ServeRecord = await at.round()
            assert sum(answer.error is not None for answer in record.answers) == 1
            assert "requests_failed" in at.codes()
