"""A lane whose load several machines make: one job each, started, ended and refused together."""

import anyio
import msgspec
import pytest

from benchrace.central.fleet.machine import Machine
from benchrace.central.runs.job import PARTNER
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.events import LaneError
from benchrace.events.payloads import LaneErrorPayload
from benchrace.plugin.part import Part
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import LaneReadiness
from benchrace.protocol.offset import Offset
from benchrace.run.lane import JobLane
from benchrace.run.planning.order import Slot
from benchrace.run.spec import LaneSpec, RunSpec, Sync
from benchrace.run.states import JobPhase, RunState
from benchrace.testing.limits import HANG_S
from tests.central.client import SPEC, Client, linked, starts_of
from tests.central.hosting import QUICK, Data, Host, Moved


async def test_every_round_starts_on_all_machines_and_the_log_has_both_clocks(data: Data) -> None:
    # So long may a busy host take to report what began.
    data.limits = msgspec.structs.replace(QUICK, keep_waiting_s=HANG_S)
    async with data.host() as host:
        own, other = await linked(host)
        over = await host.over(await host.central.submit(SPEC))
    assert [agent.job.spec.lanes[0].part for agent in (own, other)] == [
        Part(index=0, of=2),
        Part(index=1, of=2),
    ]
    assert sorted(own.job.go) == sorted(other.job.go) == [0, 1, 2]
    starts = [event.payload.starts for event in starts_of(over)]
    assert [{start.job_id for start in heat} for heat in starts] == [
        {own.job.spec.job_id, other.job.spec.job_id}
    ] * 3
    # Their clocks are eleven days apart, their starts are not.
    assert all(start.at_ns < HANG_S * 1e9 for heat in starts for start in heat)
    assert [heat.spread_ns is not None for heat in over.summary.heats] == [True] * 3
    assert (over.state, over.summary.lanes[0].counted) == (RunState.DONE, 3)
    assert set(over.metadata.machines) == set(over.metadata.hosts) == {"a", "b"}


async def test_no_machine_begins_without_the_others_of_its_lane(data: Data) -> None:
    went: list[int] = []

    class Slow(Client):
        async def late(self, heat: int) -> None:
            if heat == 1:
                await anyio.sleep(0.4)
                went.extend(own.job.go)

    data.limits = msgspec.structs.replace(QUICK, keep_waiting_s=0.1)
    async with data.host() as host:
        own = Client("a")
        await host.link(own, Slow("b"))
        over = await host.over(await host.central.submit(SPEC))
    assert (went, over.summary.lanes[0].counted) == ([0], 3)


async def test_a_late_lane_begins_with_all_of_its_machines(data: Data) -> None:
    went: list[int] = []

    class Late(Client):
        async def late(self, heat: int) -> None:
            if heat == 1:
                while 1 not in alone.job.go:
                    await alone.wait()

    class Later(Late):
        async def late(self, heat: int) -> None:
            await super().late(heat)
            if heat == 1:
                while own.job.phase is not JobPhase.READY:
                    await own.wait()
                await anyio.sleep(0.1)
                went.extend(own.job.go)

    data.limits = msgspec.structs.replace(QUICK, keep_waiting_s=0.2)
    own, alone = Late("a"), Client("c")
    lanes = (*SPEC.lanes, LaneSpec(machine_id="c"))
    async with data.host() as host:
        await host.link(own, Later("b"), alone)
        spec = msgspec.structs.replace(SPEC, lanes=lanes, sync=Sync.EVERY_HEAT)
        over = await host.over(await host.central.submit(spec))
    assert went == [0]
    assert [lane.counted for lane in over.summary.lanes] == [3, 3]
    assert over.summary.heats[1].staggered
    (start,) = [event for event in starts_of(over) if event.lane_id is not None]
    assert (start.payload.heat, len(start.payload.starts)) == (1, 2)


async def test_two_lanes_with_clients_do_not_wait_for_each_other(data: Data) -> None:
    class Waiting(Client):
        async def late(self, heat: int) -> None:
            while heat == 1 and not own.job.phase.final:
                await own.wait()

    own = Client("a")
    lanes = (*SPEC.lanes, LaneSpec(machine_id="c", clients=("d",)))
    data.limits = msgspec.structs.replace(QUICK, keep_waiting_s=HANG_S)
    async with data.host() as host:
        await host.link(own, Client("b"), Client("c"), Waiting("d"))
        spec = msgspec.structs.replace(SPEC, lanes=lanes)
        over = await host.over(await host.central.submit(spec))
    assert [lane.counted for lane in over.summary.lanes] == [3, 3]
    compared = [
        (event.payload.heat, event.lane_id, len(event.payload.starts)) for event in starts_of(over)
    ]
    assert compared[0] == (0, None, 4)
    assert sorted(compared[1:], key=str) == [
        (heat, lane, 2) for heat in (1, 2) for lane in ("lane-0", "lane-1")
    ]


async def test_a_start_is_judged_once_the_clocks_of_all_are_compared(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = anyio.Event()
    offset = Machine.offset

    def unless_unknown(machine: Machine, now_ns: int) -> Offset | None:
        return None if unknown.is_set() and not compared.is_set() else offset(machine, now_ns)

    class Silent(Client):
        async def round(self, slot: Slot) -> None:
            if slot.heat == 1:
                # As after a restart: what began is in the log before the agents link again.
                unknown.set()
                await anyio.sleep(0.2)
                compared.set()

    compared = anyio.Event()
    monkeypatch.setattr(Machine, "offset", unless_unknown)
    data.limits = msgspec.structs.replace(QUICK, keep_waiting_s=HANG_S)
    async with data.host() as host:
        await host.link(Client("a"), Silent("b"))
        over = await host.over(await host.central.submit(SPEC))
    assert [len(event.payload.starts) for event in starts_of(over)] == [2, 2, 2]


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


async def test_a_lane_that_fails_on_a_client_is_why_the_run_failed(host: Host) -> None:
    class Failing(Client):
        async def round(self, slot: Slot) -> None:
            if slot.heat == 1:
                error = BenchraceError(Category.STREAM_ERROR, "the stream broke").failure()
                self.job.say(LaneError, LaneErrorPayload(error=error), slot)
                self.job.shorten["lane-0"] = 0

    own, other = Client("a"), Failing("b")
    await host.link(own, other)
    over = await host.over(await host.central.submit(SPEC))
    assert over.of(other.job)[-1].startswith(b'{"type":"job_done"')
    assert (own.job.cancel or "").startswith(PARTNER)
    failure = over.metadata.failure
    assert failure is not None
    assert failure.category is Category.STREAM_ERROR
    assert "the stream broke" in failure.message


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
