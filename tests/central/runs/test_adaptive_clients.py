"""Adaptive rounds of a lane with clients: all of its machines end with the same one."""

import anyio
import msgspec
import pytest

from benchrace.central.runs.coordinator import RaceCoordinator
from benchrace.run.planning.order import Slot
from benchrace.run.states import JobPhase, RunState
from benchrace.stats.fold import Fold
from benchrace.testing.limits import HANG_S
from tests.central.client import SPEC, Client, linked, starts_of
from tests.central.hosting import QUICK, Data, Host
from tests.central.scripted_job import FakeJob


async def test_adaptive_rounds_end_on_all_machines_once_the_joined_lane_is_settled(
    host: Host,
) -> None:
    own, other = await linked(host, elapsed_ns=3_000_000_000)
    spec = msgspec.structs.replace(SPEC, rounds="auto", warmup=0)
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.DONE
    counted = over.summary.lanes[0].counted
    assert 5 <= counted < over.metadata.rounds
    for agent in (own, other):
        assert agent.job.shorten["lane-0"] >= 5
        assert len(agent.job.spans) >= counted


async def test_adaptive_rounds_end_with_the_same_one_on_all_machines(host: Host) -> None:
    class Slow(Client):
        async def late(self, heat: int) -> None:
            while not own.job.shorten and own.job.heat != heat:
                await own.wait()

    own, other = Client("a"), Slow("b")
    own.elapsed_ns = other.elapsed_ns = 3_000_000_000
    await host.link(own, other)
    spec = msgspec.structs.replace(SPEC, rounds="auto", warmup=0)
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.DONE
    assert len(own.job.spans) == len(other.job.spans) == over.summary.lanes[0].counted
    assert own.job.shorten == other.job.shorten
    # No heat is let go that nobody will begin.
    assert [event.payload.heat for event in starts_of(over)] == list(range(len(own.job.spans)))


async def test_a_round_that_has_begun_belongs_to_a_settled_lane(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled, ended = anyio.Event(), anyio.Event()

    class Measuring(Client):
        async def round(self, slot: Slot) -> None:
            if slot.heat == 1:
                await ended.wait()

    monkeypatch.setattr(Fold, "settled", lambda fold, lane_id: settled.is_set())
    own, other = Measuring("a"), Measuring("b")
    await host.link(own, other)
    spec = msgspec.structs.replace(SPEC, rounds="auto", warmup=0)
    run_id = await host.central.submit(spec)
    await host.until(
        lambda: [1 in agent.job.go for agent in (own, other) if agent.jobs] == [True] * 2
    )
    settled.set()
    await host.until(lambda: own.job.shorten and other.job.shorten)
    ended.set()
    over = await host.over(run_id)
    assert own.job.shorten == other.job.shorten == {"lane-0": 2}
    assert len(own.job.spans) == len(other.job.spans) == over.summary.lanes[0].counted == 2


async def test_a_heat_that_a_settled_lane_leaves_out_is_not_let_go(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []
    arrived = anyio.Event()
    look = RaceCoordinator.look

    def counted(coordinator: RaceCoordinator) -> bool:
        looks.append(look(coordinator))
        return looks[-1]

    class Crossing(Client):
        """A machine that reports to be ready before the order to stop arrives."""

        def has_measured(self) -> bool:
            return any(job.spans for job in self.jobs.values())

        async def late(self, heat: int) -> None:
            while heat == 1 and not self.job.shorten:
                await self.wait()
            self.job.left_out = lambda slot: (  # type: ignore[method-assign]
                arrived.is_set() and FakeJob.left_out(self.job, slot)
            )

    own, other = Crossing("a"), Crossing("b")
    monkeypatch.setattr(RaceCoordinator, "look", counted)
    monkeypatch.setattr(Fold, "settled", lambda *_: own.has_measured() and other.has_measured())
    # A heat that is due would be let go at the next look, however imprecise the clocks are.
    data.limits = msgspec.structs.replace(QUICK, spread_s=HANG_S)
    async with data.host() as host:
        await host.link(own, other)
        spec = msgspec.structs.replace(SPEC, rounds="auto", warmup=0)
        run_id = await host.central.submit(spec)
        run = host.live(run_id)
        await host.until(
            lambda: {(job.phase, job.heat) for job in run.jobs.values()} == {(JobPhase.READY, 1)}
        )
        before = len(looks)
        await host.until(lambda: len(looks) > before + 1)
        arrived.set()
        for agent in (own, other):
            agent.notify()
        over = await host.over(run_id)
    assert own.job.shorten == other.job.shorten == {"lane-0": 1}
    assert [event.payload.heat for event in starts_of(over)] == [0]
    assert own.job.go.keys() == other.job.go.keys() == {0}
