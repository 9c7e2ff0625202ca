"""Contract tests of backends for text: a test class inherits from `TextContract`."""

import re

import anyio
import pytest

from benchrace.events import Level
from benchrace.kinds.llm import Answer, LlmRecord, ServeRecord
from benchrace.testing.text_endings import EndingCases
from benchrace.testing.text_engine import AnswerWriter, token
from benchrace.testing.text_failures import FailingCases
from benchrace.testing.text_lanes import LaneCases
from benchrace.testing.text_racing import TEXT, TOKENS

_NONCE = re.compile(rb"\b\d{3}(?: \d{3}){5}\b")


@pytest.mark.anyio
class TextContract(FailingCases, EndingCases, LaneCases):
    """The contract of a backend for text; name the subclass `Test...`, set `wire`, write `make`.

    `params` are what a lane needs in addition to its lengths: at least a model. Cases that the
    protocol cannot express are skipped.
    """

    async def test_one_token_a_chunk(self) -> None:
        async with self.racing() as at:
            record: LlmRecord = await at.round()
            answer = record.answer
            assert (answer.content, answer.usage.output, record.text) == (TOKENS, TOKENS, TEXT)
            assert (answer.clean_end, answer.error) == (True, None)
            assert answer.finish
            assert at.context.verdict.level is not Level.INVALID, at.context.verdict
            assert "".join(at.context.tokens) == TEXT
            measured = at.derived(record).values()
            assert all((number.value is None) == bool(number.reason) for number in measured)
            _ordered(answer)

    async def test_the_prompt_goes_out_behind_a_nonce_that_never_comes_again(self) -> None:
        async with self.racing(prompt="sentinel words") as at:
            for number in range(3):
                await at.round(number)
            bodies = [request.body for request in at.engine.requests]
            nonces = {match.group() for body in bodies for match in _NONCE.finditer(body)}
            assert len(nonces) == len(bodies) == 3
            assert all(b"sentinel words" in body for body in bodies)
            assert all(str(TOKENS).encode() in body for body in bodies)

    async def test_tokens_are_the_engines_count_and_never_chunks(self) -> None:
        async def pairs(writer: AnswerWriter) -> None:
            for i in range(0, TOKENS, 2):
                await anyio.sleep(0.002)
                await writer.together(writer.wire.content(token(i) + token(i + 1)))
            await writer.end(TOKENS)

        async with self.racing(pairs) as at:
            record = await at.round()
            assert (record.answer.content, record.answer.usage.output) == (TOKENS // 2, TOKENS)
            derived = at.derived(record)
            rate = derived["gen_tokens_per_s"]
            # Nothing shows that each chunk has two: one may hold from 1 to 7 of the twelve.
            first = record.answer.first.chunks
            share = record.answer.first.characters / len(TEXT)
            assert rate.numerator == pytest.approx(TOKENS * (1 - share))
            assert rate.low == pytest.approx((6 - first) / rate.denominator)
            assert rate.high == pytest.approx((TOKENS - first) / rate.denominator)
            assert rate.unknown is not None
            assert rate.unknown.code == "tokens_in_chunks"
            assert derived["itl_ms"].value is None
            assert record.text == TEXT

    async def test_a_count_with_each_chunk_says_how_many_tokens_came_first(self) -> None:
        if self.wire.counted("", 1) is None:
            pytest.skip("the protocol has no count with each chunk")

        async def unequal(writer: AnswerWriter) -> None:
            done = 0
            for size in (5, 1, 4, 2):
                await anyio.sleep(0.02)
                text = "".join(token(done + i) for i in range(size))
                done += size
                await writer.together(writer.wire.counted(text, done))
            await writer.end(TOKENS)

        async with self.racing(unequal) as at:
            record = await at.round()
            assert (record.answer.content, record.text) == (4, TEXT)
            first = sum((5, 1, 4)[: record.answer.first.chunks])
            assert (record.answer.first.tokens, record.answer.last_tokens) == (first, TOKENS)
            rate = at.derived(record)["gen_tokens_per_s"]
            assert (rate.numerator, rate.unknown) == (TOKENS - first, None)

    async def test_a_role_is_not_the_first_token(self) -> None:
        if self.wire.role() is None:
            pytest.skip("the protocol has no role")

        async def late(writer: AnswerWriter) -> None:
            await writer.together(writer.wire.role())
            await anyio.sleep(0.08)
            await writer.tokens(TOKENS)
            await writer.end(TOKENS)

        async with self.racing(late) as at:
            answer: Answer = (await at.round()).answer
            assert answer.first_ns is not None
            assert answer.first_ns - answer.send_ns > 70_000_000
            assert answer.content == TOKENS

    async def test_the_end_of_an_answer_is_not_the_last_token(self) -> None:
        async def trailing(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS)
            await anyio.sleep(0.08)
            await writer.end(TOKENS)

        async with self.racing(trailing) as at:
            answer: Answer = (await at.round()).answer
            assert answer.last_ns is not None
            assert answer.end_ns - answer.last_ns > 70_000_000
            assert answer.usage.prompt == 40

    async def test_thinking_is_distinguished_from_output(self) -> None:
        thought = self.wire.reasoning("hm ")
        if thought is None:
            pytest.skip("the protocol has no thinking")

        async def thinking(writer: AnswerWriter) -> None:
            await writer.together(thought)
            await anyio.sleep(0.05)
            await writer.tokens(TOKENS - 1)
            await writer.end(TOKENS)

        async with self.racing(thinking) as at:
            answer: Answer = (await at.round()).answer
            assert answer.content == TOKENS
            assert answer.first_ns is not None
            assert answer.output_ns is not None
            assert answer.output_ns - answer.first_ns > 40_000_000

        async def thinking_alone(writer: AnswerWriter) -> None:
            await writer.together(thought)
            await writer.end(1)

        async with self.racing(thinking_alone) as at:
            assert (await at.round()).answer.output_ns is None
            assert "only_reasoning" in at.codes()

    async def test_chunks_of_one_segment_are_all_read_but_their_times_not_trusted(self) -> None:
        async def at_once(writer: AnswerWriter) -> None:
            wire = writer.wire
            await writer.together(wire.role(), *(wire.content(token(i)) for i in range(TOKENS)))
            await writer.end(TOKENS)

        async with self.racing(at_once) as at:
            record = await at.round()
            assert (record.answer.content, record.text) == (TOKENS, TEXT)
            derived = at.derived(record)
            assert derived["gen_tokens_per_s"].value is None or "coarse_stamps" in at.codes()

    async def test_a_chunk_may_come_in_pieces(self) -> None:
        async def pieces(writer: AnswerWriter) -> None:
            await writer.tokens(TOKENS - 1)
            last = writer.wire.content("t11 ")
            for piece in (last[:5], last[5:9], last[9:]):
                await writer.together(piece)
                await anyio.sleep(0.005)
            await writer.end(TOKENS)

        async with self.racing(pieces) as at:
            record = await at.round()
            assert (record.answer.content, record.text) == (TOKENS, TEXT)

    async def test_many_streams_have_different_nonces(self) -> None:
        async with self.racing(kind="llm_serve", requests=6, concurrency=3) as at:
            record: ServeRecord = await at.round()
            assert [answer.usage.output for answer in record.answers] == [TOKENS] * 6
            assert all(_NONCE.search(request.body) for request in at.engine.requests)
            assert len({request.body for request in at.engine.requests}) == 6
            assert at.context.verdict.level is not Level.INVALID, at.context.verdict


def _ordered(answer: Answer) -> None:
    stamps = (answer.send_ns, answer.first_ns, answer.output_ns, answer.last_ns, answer.end_ns)
    present = [stamp for stamp in stamps if stamp is not None]
    assert len(present) == 5
    assert present == sorted(present)
