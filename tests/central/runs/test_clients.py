"""A lane whose load several machines make: one job each, started, ended and refused together."""

from typing import Any

import anyio
import msgspec
import pytest

from benchrace.errors import Category, InvalidInput
from benchrace.events import RunLifecycle
from benchrace.kinds import SERVE
from benchrace.plugin.part import Part
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import Capabilities, LaneReadiness
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from benchrace.testing.limits import HANG_S
from tests.central.hosting import QUICK, Data, Host, Moved
from tests.central.offer import WORKLOAD, capabilities
from tests.central.scripted import FakeAgent
from tests.kinds.llm_answers import answer, serve

SHARED = msgspec.structs.replace(WORKLOAD, shared_load=True, metrics=SERVE.metrics)
SPEC = RunSpec(
    kind="work",
    params={"n": 10},
    rounds=3,
    lanes=(LaneSpec(machine_id="a", clients=("b",)),),
)


class Client(FakeAgent):
    """A machine whose backend shares the load of a lane."""

    def capabilities(self) -> Capabilities:
        own = capabilities(self.machine_id)
        status = own.backends[0]
        description = msgspec.structs.replace(status.description, workloads=(SHARED,))
        offered = msgspec.structs.replace(status, description=description)
        return msgspec.structs.replace(own, backends=(offered,))

    def record(self, slot: Slot) -> dict[str, Any]:
        answers = serve(answer(), answer(request=1), began_ns=self.now_ns())
        return dict(msgspec.to_builtins(answers))


async def linked(host: Host, **changes: Any) -> tuple[Client, Client]:
    own, other = Client("a"), Client("b", clock_ns=10**15, **changes)
    await host.link(own, other)
    return own, other


async def test_every_round_starts_on_all_machines_and_the_log_has_both_clocks(data: Data) -> None:
    # No machine may start alone because a busy host makes the other one late.
    data.limits = msgspec.structs.replace(QUICK, keep_waiting_s=HANG_S)
    async with data.host() as host:
        own, other = await linked(host)
        over = await host.over(await host.central.submit(SPEC))
    assert [agent.job.spec.lanes[0].part for agent in (own, other)] == [
        Part(index=0, of=2),
        Part(index=1, of=2),
    ]
    assert sorted(own.job.go) == sorted(other.job.go) == [0, 1, 2]
    starts = [
        event.payload.starts
        for event in over.events
        if isinstance(event, RunLifecycle) and event.payload.starts
    ]
    assert [{start.job_id for start in heat} for heat in starts] == [
        {own.job.spec.job_id, other.job.spec.job_id}
    ] * 3
    # Their clocks are eleven days apart, their starts are not.
    assert all(start.at_ns < HANG_S * 1e9 for heat in starts for start in heat)
    assert [heat.spread_ns is not None for heat in over.summary.heats] == [True] * 3
    assert (over.state, over.summary.lanes[0].counted) == (RunState.DONE, 3)
    assert set(over.metadata.machines) == set(over.metadata.hosts) == {"a", "b"}


async def test_a_client_that_is_not_ready_is_named(host: Host) -> None:
    class Unready(Client):
        def readiness(self, lane: JobLane) -> LaneReadiness:
            assert lane.part == Part(index=1, of=2)
            problem = Problem(message="the server does not answer", remedy="Open its port.")
            return LaneReadiness(lane_id=lane.lane_id, problems=(problem,))

    await host.link(Client("a"), Unready("b"))
    with pytest.raises(InvalidInput) as caught:
        await host.central.submit(SPEC)
    (field,) = caught.value.fields
    assert (field.path, field.machine_id) == ("lanes[0]", "b")
    assert "the server does not answer" in field.message


async def test_a_client_that_is_lost_stops_the_others_and_names_itself(data: Data) -> None:
    data.limits = msgspec.structs.replace(QUICK, patience_s=0.5)
    async with data.host() as host:
        gate = anyio.Event()
        own, other = await linked(host, open_gate=gate)
        run_id = await host.central.submit(SPEC)
        await host.until(lambda: own.jobs and other.jobs)
        await host.vanish(other)
        over = await host.over(run_id)
        assert over.state is RunState.INTERRUPTED
        assert over.metadata.failure is not None
        assert "no message from b" in over.metadata.failure.message
        assert "no message from b" in (own.job.cancel or "")
        assert over.summary.lanes[0].counted == 0


async def test_a_job_that_fails_ends_the_jobs_beside_it(host: Host) -> None:
    class Failing(Client):
        async def round(self, slot: Slot) -> None:
            if slot.heat == 1:
                self.job.fail(Category.SYSTEM)
                await anyio.sleep_forever()

    own, other = Client("a"), Failing("b")
    await host.link(own, other)
    over = await host.over(await host.central.submit(SPEC))
    assert over.state is RunState.FAILED
    assert over.metadata.failure is not None
    assert over.metadata.failure.category is Category.SYSTEM
    assert own.job.cancel is not None
    assert "B" in own.job.cancel
    lane = over.summary.lanes[0]
    assert lane.error is not None
    assert lane.error.message.startswith("B: ")


async def test_a_cancel_ends_the_jobs_of_all_machines(host: Host) -> None:
    gate = anyio.Event()
    own, other = Client("a", open_gate=gate), Client("b", open_gate=gate)
    await host.link(own, other)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: own.jobs and other.jobs)
    host.live(run_id).ask_cancel("not needed")
    over = await host.over(run_id)
    assert over.state is RunState.CANCELLED
    assert {own.job.cancel, other.job.cancel} == {"not needed"}


async def test_a_client_is_taken_while_its_lane_runs(host: Host) -> None:
    gate = anyio.Event()
    own, other = await linked(host, open_gate=gate)
    first = await host.central.submit(SPEC)
    await host.until(lambda: other.jobs)
    alone = RunSpec(kind="work", params={"n": 10}, lanes=(LaneSpec(machine_id="b"),), rounds=1)
    second = await host.central.submit(alone)
    await host.until(lambda: own.jobs)
    assert len(other.jobs) == 1
    gate.set()
    await host.over(first)
    assert (await host.over(second)).state is RunState.DONE
    assert len(other.jobs) == 2


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


async def test_another_central_goes_on_with_the_jobs_of_all_machines(data: Data) -> None:
    arrived = anyio.Event()
    own, other = Client("a"), Client("b", clock_ns=10**15)

    async def late(heat: int) -> None:
        if heat == 1:
            await arrived.wait()

    other.late = late  # type: ignore[method-assign]
    data.limits = data.patient
    async with anyio.create_task_group() as machines:
        async with data.host() as host:
            for agent in (own, other):
                agent.url = host.url
                machines.start_soon(agent.run, None)
                await host.until(lambda agent=agent: host.is_ready(agent))  # type: ignore[misc]
            run_id = await host.central.submit(SPEC)
            await host.until(lambda: own.jobs and own.job.heat == 1)
        async with data.host() as host:
            own.url = other.url = host.url
            arrived.set()
            over = await host.over(run_id)
            assert (over.state, over.summary.lanes[0].counted) == (RunState.DONE, 3)
            for agent in (own, other):
                assert over.of(agent.job) == agent.job.lines["work"]
        machines.cancel_scope.cancel()


async def test_what_a_lost_client_still_has_comes_into_the_log(data: Data, clock: Moved) -> None:
    async with data.host() as host:
        own = Client("a", clock=clock.monotonic_ns)
        other = Client("b", clock=clock.monotonic_ns, open_gate=anyio.Event())
        await host.link(own, other)
        run_id = await host.central.submit(SPEC)
        await host.until(lambda: own.jobs and other.jobs)
        await host.vanish(other)
        clock.forward(31)
        assert (await host.over(run_id)).state is RunState.INTERRUPTED
        await host.until(lambda: host.central.fleet.get("b").session is None)
        other.revive()
        await host.until(lambda: other.job.phase.final)
        await host.until(lambda: other.job.acked.get("work") == len(other.job.lines["work"]))
        await host.until(lambda: host.central.live(run_id) is None)
        over = await host.over(run_id)
        assert over.of(other.job) == other.job.lines["work"]
        assert over.summary.lanes[0].counted == 0
