"""Each way to fail: a category with a remedy, what came before is kept, the next round is well."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from benchrace.plugin import BenchraceError, Category

pytestmark = pytest.mark.slow

Make = Callable[..., Any]

FAULTS = {
    "refused": (Category.STREAM_ERROR, "runner died", "Ollama's log", 0),
    "busy": (Category.BUSY, "busy", "OLLAMA_MAX_QUEUE", 0),
    "error-line": (Category.STREAM_ERROR, "runner died.*unexpected EOF", "Ollama's log", 3),
    "no-done": (Category.ENDED_EARLY, "31 chunks", "31 times", 31),
    "hang-first": (Category.TIMEOUT_FIRST, "no output within", "first-output limit", 0),
    "hang-middle": (Category.TIMEOUT_IDLE, "\\S", "log", 3),
    "malformed": (Category.BAD_OUTPUT, "invalid line in Ollama's answer", "address", 3),
    "broken-utf8": (Category.BAD_OUTPUT, "invalid line in Ollama's answer", "address", 3),
    "giant-line": (Category.BAD_OUTPUT, "line", "", 3),
    "zero-tokens": (Category.BAD_OUTPUT, "no token", "max_tokens", 0),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_named_and_the_next_round_is_well(
    stand_in: Any, racing: Make, fault: str
) -> None:
    category, message, remedy, text = FAULTS[fault]
    at = racing(stand_in, max_tokens=40, first_token_s=0.6, idle_s=0.4)
    await at.backend.open(at.lane, at.context)
    stand_in.tell(fault=fault)
    with pytest.raises(BenchraceError, match=message) as raised:
        await at.round()
    assert raised.value.category is category
    assert remedy in raised.value.remedy
    assert len(at.context.tokens) == text
    record = await at.round(1)
    assert record.answer.usage.output == 40
    assert set(at.codes) <= {"reloaded"}


@pytest.mark.parametrize("version", ["0.33.0-rc2", "0.24.0"])
async def test_a_killed_server_keeps_what_it_said(start: Make, racing: Make, version: str) -> None:
    stand_in = start("--version", version)
    at = racing(stand_in)
    await at.backend.open(at.lane, at.context)
    stand_in.tell(fault="killed")
    with pytest.raises(BenchraceError) as raised:
        await at.round()
    assert raised.value.category in (Category.ENDED_EARLY, Category.STREAM_ERROR)
    assert len(at.context.tokens) == 3
    stand_in.process.wait(5)
    with pytest.raises(BenchraceError) as raised:
        await at.round(1)
    assert raised.value.category is Category.UNREACHABLE
    await at.backend.close(at.lane, at.context)


async def test_thinking_alone_is_doubted(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, model="tiny-think")
    await at.backend.open(at.lane, at.context)
    stand_in.tell(fault="thinking-only")
    record = await at.round()
    assert (record.answer.output_ns, record.answer.content) == (None, 12)
    assert at.codes == ["only_reasoning"]


async def test_a_count_that_is_not_told_is_doubted(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in)
    await at.backend.open(at.lane, at.context)
    stand_in.tell(fault="uncounted")
    assert (await at.round()).answer.usage.output is None
    assert at.codes == ["tokens_unknown"]


async def test_a_model_that_is_not_there_is_named_with_its_remedy(
    stand_in: Any, racing: Make
) -> None:
    at = racing(stand_in, model="nothing:7b")
    with pytest.raises(BenchraceError) as raised:
        await at.backend.open(at.lane, at.context)
    assert raised.value.category is Category.MISSING_MODEL
    assert "ollama pull nothing:7b" in raised.value.remedy
    (problem,) = (await at.backend.preflight(at.lane, at.context)).problems
    assert "benchrace models pull nothing:7b" in problem.remedy


async def test_a_cancelled_answer_is_awaited_before_the_next(stand_in: Any, racing: Make) -> None:
    stand_in.tell(model="tiny", token_ms=20.0)
    at = racing(stand_in, max_tokens=1000)
    await at.backend.open(at.lane, at.context)
    with anyio.move_on_after(0.3) as scope:
        await at.round()
    assert scope.cancelled_caught
    await at.backend.close(at.lane, at.context)
    last = stand_in.requests[-1]
    assert (last["prompt"], last["stream"], last["options"]["num_predict"]) == (".", False, 1)
    again = racing(stand_in)
    await again.backend.open(again.lane, again.context)
    await again.round()
    assert again.codes == []


async def test_a_lane_begins_once_the_prompt_of_a_dead_job_is_done(
    stand_in: Any, racing: Make
) -> None:
    stand_in.tell(model="tiny", prefill_ms=20.0, batch_ms=1500.0)
    dead = racing(stand_in, prompt="bako " * 100)
    await dead.backend.open(dead.lane, dead.context)
    requests = len(stand_in.requests)
    # As a worker that is killed: nobody closes the lane.
    async with anyio.create_task_group() as group:
        group.start_soon(dead.round)
        while len(stand_in.requests) == requests:  # noqa: ASYNC110 - nothing tells but asking
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    stand_in.tell(model="tiny", prefill_ms=0.1)
    at = racing(stand_in)
    began = at.context.clock.monotonic_ns()
    await at.backend.open(at.lane, at.context)
    assert at.context.clock.monotonic_ns() - began > 1_000_000_000
    await at.round()
    assert at.codes == []


async def test_nothing_is_loaded_to_see_that_nothing_runs(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in)
    await at.backend.open(at.lane, at.context)
    await at.backend.unload(None, at.context)
    await at.backend.settle(at.lane, at.context)
    assert stand_in.resident == []
