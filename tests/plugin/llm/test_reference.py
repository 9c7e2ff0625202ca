"""The reference answer by which lanes are compared, and prompts that never repeat."""

import json

import pytest

from benchrace.kinds import LLM, SERVE
from benchrace.kinds.llm import LlmRecord, Prefix
from benchrace.plugin.llm.reference import MAX_TOKENS
from benchrace.testing.server import CHUNKED, Peer, Request
from tests.plugin.llm.test_text_backend import ScriptedLane, racing, scripted

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "bako remi", "max_tokens": 4}


async def play(at: ScriptedLane) -> LlmRecord:
    record = await at.backend.round(at.lane, at.context)
    assert isinstance(record, LlmRecord)
    return record


def prompts(at: ScriptedLane) -> list[str]:
    return [json.loads(request.body)["prompt"] for request in at.served.requests]


async def test_a_prompt_is_asked_once_without_a_nonce_at_temperature_0() -> None:
    async with racing(scripted(), LLM, temperature=0.0, **PROMPT) as at:
        first = await play(at)
        at.context.begin(1)
        second = await play(at)
        assert first.reference == second.reference == "t0 t1 t2 t3 "
        assert prompts(at).count("bako remi") == 1
        assert len(set(prompts(at))) == len(prompts(at))


async def test_a_long_answer_is_compared_by_its_beginning() -> None:
    async with racing(scripted(), LLM, temperature=0.0, max_tokens=MAX_TOKENS + 1) as at:
        request = [json.loads(request.body)["n"] for request in at.served.requests]
        assert request[-1] == MAX_TOKENS


@pytest.mark.parametrize(
    "params",
    [{"temperature": 0.5}, {"temperature": 0.0, "prefix": Prefix.SHARED}],
)
async def test_no_reference_is_requested_if_answers_are_random_or_have_no_nonce(
    params: dict[str, object],
) -> None:
    async with racing(scripted(), LLM, **PROMPT, **params) as at:
        assert "bako remi" not in prompts(at)
        record = await play(at)
        assert record.reference == ""


async def test_many_streams_have_no_reference() -> None:
    async with racing(scripted(), SERVE, temperature=0.0, requests=1, **PROMPT) as at:
        assert "bako remi" not in prompts(at)


async def test_a_lane_races_even_if_its_reference_fails() -> None:
    async def failing(peer: Peer, request: Request) -> None:
        if json.loads(request.body)["prompt"] == "bako remi":
            await peer.say(CHUNKED)
            await peer.close()
        else:
            await scripted()(peer, request)

    async with racing(failing, LLM, temperature=0.0, **PROMPT) as at:
        record = await play(at)
        assert record.reference == ""
        assert "no reference answer" in at.context.logs[-1][1]


async def test_a_round_that_is_tried_again_has_another_nonce() -> None:
    async with racing(scripted(), LLM, **PROMPT) as at:
        nonces = [(await play(at)).nonce for _ in range(3)]
        assert len(set(nonces)) == 3
