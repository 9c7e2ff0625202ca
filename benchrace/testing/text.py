"""Conformance of a backend for text: inherit, speak your protocol, and pytest does the rest."""

import re

import anyio
import pytest

from benchrace.events import Level
from benchrace.kinds.llm import Answer, LlmRecord, ServeRecord
from benchrace.testing.text_engine import Saying, token
from benchrace.testing.text_failures import FailingCases
from benchrace.testing.text_racing import TEXT, TOKENS

_NONCE = re.compile(rb"\b\d{3}(?: \d{3}){5}\b")


@pytest.mark.anyio
class TextContract(FailingCases):
    """Name the class `Test...`, set `wire`, and write `make`.

    `params` are what a lane needs beside its lengths: at least a model. Cases that the protocol
    has no words for are skipped.
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
            found = at.derived(record).values()
            assert all((each.value is None) == bool(each.reason) for each in found)
            _ordered(answer)

    async def test_the_prompt_goes_out_behind_a_nonce_that_never_comes_again(self) -> None:
        async with self.racing(prompt="sentinel words") as at:
            for number in range(3):
                await at.round(number)
            bodies = [asked.body for asked in at.engine.asked]
            nonces = {each.group() for body in bodies for each in _NONCE.finditer(body)}
            assert len(nonces) == len(bodies) == 3
            assert all(b"sentinel words" in body for body in bodies)
            assert all(str(TOKENS).encode() in body for body in bodies)

    async def test_tokens_are_the_engines_count_and_never_chunks(self) -> None:
        async def pairs(said: Saying) -> None:
            for i in range(0, TOKENS, 2):
                await anyio.sleep(0.002)
                await said.together(said.wire.content(token(i) + token(i + 1)))
            await said.end(TOKENS)

        async with self.racing(pairs) as at:
            record = await at.round()
            assert (record.answer.content, record.answer.usage.output) == (TOKENS // 2, TOKENS)
            derived = at.derived(record)
            assert derived["gen_tokens_per_s"].numerator == TOKENS - 1
            assert derived["itl_ms"].value is None
            assert record.text == TEXT

    async def test_a_role_is_no_first_token(self) -> None:
        if self.wire.role() is None:
            pytest.skip("the protocol has no role")

        async def late(said: Saying) -> None:
            await said.together(said.wire.role())
            await anyio.sleep(0.08)
            await said.tokens(TOKENS)
            await said.end(TOKENS)

        async with self.racing(late) as at:
            answer: Answer = (await at.round()).answer
            assert answer.first_ns is not None
            assert answer.first_ns - answer.send_ns > 70_000_000
            assert answer.content == TOKENS

    async def test_what_ends_an_answer_is_no_last_token(self) -> None:
        async def trailing(said: Saying) -> None:
            await said.tokens(TOKENS)
            await anyio.sleep(0.08)
            await said.end(TOKENS)

        async with self.racing(trailing) as at:
            answer: Answer = (await at.round()).answer
            assert answer.last_ns is not None
            assert answer.end_ns - answer.last_ns > 70_000_000
            assert answer.usage.prompt == 40

    async def test_thinking_is_told_from_output(self) -> None:
        thought = self.wire.reasoning("hm ")
        if thought is None:
            pytest.skip("the protocol has no thinking")

        async def thinking(said: Saying) -> None:
            await said.together(thought)
            await anyio.sleep(0.05)
            await said.tokens(TOKENS - 1)
            await said.end(TOKENS)

        async with self.racing(thinking) as at:
            answer: Answer = (await at.round()).answer
            assert answer.content == TOKENS
            assert answer.first_ns is not None
            assert answer.output_ns is not None
            assert answer.output_ns - answer.first_ns > 40_000_000

        async def thinking_alone(said: Saying) -> None:
            await said.together(thought)
            await said.end(1)

        async with self.racing(thinking_alone) as at:
            assert (await at.round()).answer.output_ns is None
            assert "only_reasoning" in at.codes()

    async def test_chunks_of_one_segment_are_all_heard_and_not_trusted_in_time(self) -> None:
        async def at_once(said: Saying) -> None:
            wire = said.wire
            await said.together(wire.role(), *(wire.content(token(i)) for i in range(TOKENS)))
            await said.end(TOKENS)

        async with self.racing(at_once) as at:
            record = await at.round()
            assert (record.answer.content, record.text) == (TOKENS, TEXT)
            derived = at.derived(record)
            assert derived["gen_tokens_per_s"].value is None or "coarse_stamps" in at.codes()

    async def test_a_chunk_may_come_in_pieces(self) -> None:
        async def pieces(said: Saying) -> None:
            await said.tokens(TOKENS - 1)
            last = said.wire.content("t11 ")
            for piece in (last[:5], last[5:9], last[9:]):
                await said.together(piece)
                await anyio.sleep(0.005)
            await said.end(TOKENS)

        async with self.racing(pieces) as at:
            record = await at.round()
            assert (record.answer.content, record.text) == (TOKENS, TEXT)

    async def test_many_streams_are_told_apart(self) -> None:
        async with self.racing(kind="llm_serve", requests=6, concurrency=3) as at:
            record: ServeRecord = await at.round()
            assert [each.usage.output for each in record.answers] == [TOKENS] * 6
            assert len({_NONCE.search(asked.body) and asked.body for asked in at.engine.asked}) == 6
            assert at.context.verdict.level is not Level.INVALID, at.context.verdict


def _ordered(answer: Answer) -> None:
    stamps = (answer.send_ns, answer.first_ns, answer.output_ns, answer.last_ns, answer.end_ns)
    known = [each for each in stamps if each is not None]
    assert len(known) == 5
    assert known == sorted(known)
