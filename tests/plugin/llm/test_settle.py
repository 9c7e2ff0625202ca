"""When a backend waits for an idle engine: before the first round, and after a failure."""

from typing import Any

import anyio
import pytest

from benchrace.kinds import LLM, SERVE
from benchrace.kinds.llm import Residence
from benchrace.plugin import BenchraceError, Context, Lane, TextLane
from benchrace.testing.context import RecordingContext
from benchrace.testing.server import Peer, Request, serving
from tests.plugin.llm.test_text_backend import Small, SmallLane, scripted

pytestmark = pytest.mark.anyio


class SettlingLane(SmallLane):
    """Has its backend record each call of `settle`."""

    def __init__(self, lane: Lane[Any], context: Context, backend: "Settling") -> None:
        super().__init__(lane, context, backend.url)
        self.backend = backend

    async def settle(self) -> bool:
        return await self.backend.record()


class Settling(Small):
    """Records each call of `settle` by the number of requests until then."""

    def __init__(self) -> None:
        super().__init__()
        self.settled: list[int] = []
        self.failing: set[int] = set()
        self.requests = 0

    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        return SettlingLane(lane, context, self)

    async def record(self) -> bool:
        self.settled.append(self.requests)
        return True

    async def answer(self, peer: Peer, request: Request) -> None:
        self.requests += 1
        await scripted(end=self.requests not in self.failing)(peer, request)


async def play(backend: Settling, rounds: int, kind: Any = LLM, **params: Any) -> list[bool]:
    """Open, race and close a lane; return which rounds succeeded."""
    context = RecordingContext([metric.name for metric in kind.metrics])
    lane = Lane(lane_id="l", label="l", kind=kind.name, params=kind.params(max_tokens=2, **params))
    well = []
    try:
        async with serving(backend.answer) as served:
            type(backend).url = served.url
            await backend.open(lane, context)
            for number in range(rounds):
                context.begin(number)
                try:
                    await backend.round(lane, context)
                except BenchraceError:
                    well.append(False)
                else:
                    well.append(True)
            await backend.close(lane, context)
    finally:
        await context.aclose()
    return well


async def test_it_settles_before_the_first_request_and_not_after_good_rounds() -> None:
    backend = Settling()
    assert await play(backend, 3) == [True] * 3
    assert backend.settled == [0]


async def test_it_settles_again_before_the_round_after_a_failure() -> None:
    backend = Settling()
    # The first two requests measure the cached count of the template alone.
    backend.failing = {4}
    assert await play(backend, 3) == [True, False, True]
    assert backend.settled == [0, 4]


async def test_it_settles_at_the_end_if_the_last_round_failed() -> None:
    backend = Settling()
    backend.failing = {3}
    assert await play(backend, 1) == [False]
    assert backend.settled == [0, 3]


async def test_one_failed_answer_of_many_is_enough() -> None:
    backend = Settling()
    backend.failing = {4}
    assert await play(backend, 2, SERVE, requests=3, concurrency=1) == [True, True]
    assert backend.settled == [0, 5]


async def test_cold_rounds_unload_instead() -> None:
    backend = Settling()
    await play(backend, 1, residence=Residence.COLD)
    assert backend.settled == []


async def test_closing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchrace.plugin.llm.lane_runner._CLOSE_SETTLE_S", 0.05)

    class Busy(Settling):
        async def record(self) -> bool:
            idle = await super().record()
            if len(self.settled) > 1:
                await anyio.sleep_forever()
            return idle

    backend = Busy()
    backend.failing = {3}
    assert await play(backend, 1) == [False]
