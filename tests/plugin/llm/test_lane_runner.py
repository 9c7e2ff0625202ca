"""What a lane is called for, and in which order: opening, warm and cold rounds, closing."""

from typing import Any

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.kinds import LLM
from benchrace.kinds.llm import (
    EngineFacts,
    Fallback,
    LlmParams,
    LlmRecord,
    NetworkBytes,
    Perplexity,
    Residence,
    ServeRecord,
)
from benchrace.plugin import Context, Lane, Loaded
from benchrace.plugin.llm.lane_runner import LaneRunner
from benchrace.plugin.llm.response.oddities import Oddities
from benchrace.testing import RecordingContext
from benchrace.testing.server import serving
from tests.plugin.llm.test_text_backend import SmallLane, scripted

pytestmark = pytest.mark.anyio
PERPLEXITY = Perplexity(log_p=-1.0, tokens=2, text_digest="sha256:aa")


class RecordedLane(SmallLane):
    """Records its calls; `fails` names those that raise."""

    tells_cached = False

    def __init__(self, lane: Lane[Any], context: Context, url: str, fails: str = "") -> None:
        super().__init__(lane, context, url)
        self.calls: list[str] = []
        self.fails = fails
        self.loads = 0
        self.rounds = 0

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.fails:
            raise BenchraceError(Category.UNREACHABLE, "nobody answers")

    async def load(self) -> Loaded:
        self._call("load")
        self.loads += 1
        return Loaded(ns=self.loads, source="engine")

    async def unload(self) -> None:
        self._call("unload")

    async def facts(self) -> EngineFacts:
        self._call("facts")
        return EngineFacts(name="small", settings={"loads": self.loads})

    async def settle(self) -> bool:
        self._call("settle")
        return True

    async def perplexity(self) -> Perplexity | None:
        self._call("perplexity")
        return PERPLEXITY

    async def before_round(self) -> None:
        self._call("before")

    async def network(self) -> NetworkBytes | None:
        self.rounds += 1
        return NetworkBytes(sent=self.rounds)

    async def after_round(self, record: LlmRecord | ServeRecord) -> None:
        self._call("after")

    async def close(self) -> None:
        self._call("close")


async def run(
    *, rounds: int = 1, fails: str = "", answered: bool = True, **params: Any
) -> tuple[list[str], list[Any]]:
    """Open a lane, run rounds, and close it; return its calls, and the records or failures."""
    context = RecordingContext([metric.name for metric in LLM.metrics])
    values = LlmParams(max_tokens=2, temperature=0.5, **params)
    lane: Lane[Any] = Lane(lane_id="l", label="l", kind="llm_generate", params=values)
    runner = LaneRunner(Oddities())
    results: list[Any] = []
    async with serving(scripted(end=answered)) as served:
        recorded = RecordedLane(lane, context, served.url, fails)
        try:
            await runner.open(recorded)
            for number in range(rounds):
                context.begin(number)
                results.append(await runner.round())
        except BenchraceError as error:
            results.append(error)
        await runner.close()
        await runner.close()
    await context.aclose()
    return recorded.calls, results


async def test_a_warm_lane_is_loaded_once_and_checked_around_each_round() -> None:
    calls, records = await run(rounds=2)
    opening = ["load", "facts", "settle", "perplexity"]
    assert calls == [*opening, "before", "after", "before", "after", "close"]
    assert [record.load_ns for record in records] == [1, 1]
    assert [record.perplexity for record in records] == [PERPLEXITY, PERPLEXITY]
    assert [record.network.sent for record in records] == [1, 2]
    assert len({record.nonce for record in records}) == 2


async def test_a_cold_round_loads_and_has_the_facts_of_that_load() -> None:
    calls, records = await run(rounds=2, residence=Residence.COLD)
    cold = ["unload", "load", "facts", "before", "after"]
    assert calls == ["facts", "perplexity", *cold, *cold, "close"]
    assert [record.load_ns for record in records] == [1, 2]
    assert [record.engine.settings["loads"] for record in records] == [1, 2]


async def test_a_failed_answer_is_not_checked_and_is_waited_for() -> None:
    calls, (failure,) = await run(answered=False)
    assert failure.category is Category.ENDED_EARLY
    assert calls[-3:] == ["before", "settle", "close"]


@pytest.mark.parametrize("fails", ["load", "facts", "before"])
async def test_a_lane_that_fails_is_closed_once(fails: str) -> None:
    calls, (failure,) = await run(fails=fails)
    assert failure.category is Category.UNREACHABLE
    assert calls[-2:] == [fails, "close"]


async def test_a_mock_calls_the_lane_for_nothing_more() -> None:
    calls, (record,) = await run(fails="load", fallback=Fallback.MOCK)
    assert record.simulated
    assert calls == ["load", "close"]


async def test_a_round_of_a_lane_that_is_not_open_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await LaneRunner(Oddities()).round()
