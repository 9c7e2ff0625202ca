"""A run from submit to its end, over a real link."""

from collections.abc import Callable
from itertools import pairwise

import anyio
import pytest

from benchrace.errors import BenchraceError, Category, Failure, FieldError, InvalidInput
from benchrace.events import Stream
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import LaneReadiness
from benchrace.run.lane import JobLane
from benchrace.run.metadata import MachineHost
from benchrace.run.planning.order import Slot
from benchrace.run.spec import LaneSpec, Order, RunSpec, Sync
from benchrace.run.states import RunState
from tests.central.hosting import Host, Over
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3)


def lanes(*agents: FakeAgent) -> tuple[LaneSpec, ...]:
    return tuple(LaneSpec(machine_id=agent.machine_id) for agent in agents)


async def test_a_run_goes_from_submit_to_done(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert over.phases == ["run_start", "heat_start", "run_end"]
    assert over.of(agent.job) == agent.job.lines["work"]
    assert over.metadata.lanes[0].params == {"n": 10, "threads": 1}
    assert set(over.metadata.machines) == {"local"}
    assert over.metadata.hosts == {"local": MachineHost(host_id="one host", share_host=True)}
    assert [lane.counted for lane in over.summary.lanes] == [3]
    assert over.standings[-1].payload.places[0].place == 1
    assert host.central.live(run_id) is None


async def test_centrals_own_events_are_numbered_without_a_gap(host: Host) -> None:
    await host.link(FakeAgent())
    over = await host.over(await host.central.submit(SPEC))
    own = [event.seq for event in over.events if event.stream is Stream.CENTRAL]
    assert own == list(range(len(own)))
    assert len(own) >= 4


async def test_everything_is_acknowledged_once_it_is_on_the_disk(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    await host.over(await host.central.submit(SPEC))
    await host.until(lambda: agent.job.acked.get("work") == len(agent.job.lines["work"]))


async def test_rounds_of_one_machine_never_overlap(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    spec = RunSpec(
        kind="work",
        params={"n": 10},
        lanes=(LaneSpec(), LaneSpec(label="b"), LaneSpec(label="c")),
        rounds=4,
        order=Order.RANDOM,
    )
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.DONE
    assert len(agent.jobs) == 1
    spans = agent.job.spans
    assert len(spans) == 3 * 5
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(spans))


async def test_eight_machines_start_together(host: Host) -> None:
    agents = [FakeAgent(f"m{n}", clock_ns=n * 10**12) for n in range(8)]
    await host.link(*agents)
    over = await host.over(await host.central.submit(SPEC))
    assert over.state is RunState.DONE
    assert len(over.summary.lanes) == 8
    (heat,) = over.heats
    assert heat.spread_ns is not None
    assert heat.uncertainty_ns is not None
    # Clocks that differ by hours; what they say of the start agrees within the offsets' blur.
    assert heat.spread_ns < 10**9
    assert heat.staggered == over.metadata.staggered
    assert heat.staggered == (heat.spread_ns > 50_000_000)
    for agent in agents:
        assert over.of(agent.job) == agent.job.lines["work"]


async def test_every_heat_can_be_armed(host: Host) -> None:
    agents = [FakeAgent("a"), FakeAgent("b", clock_ns=-(10**15))]
    await host.link(*agents)
    spec = RunSpec(kind="work", params={"n": 10}, rounds=4, sync=Sync.EVERY_HEAT)
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.DONE
    assert [heat.heat for heat in over.heats] == [0, 1, 2, 3]


async def test_a_machine_that_keeps_the_others_waiting_makes_a_heat_staggered(host: Host) -> None:
    slow = FakeAgent("b")
    arrived = anyio.Event()

    async def late(heat: int) -> None:
        if heat == 1:
            await arrived.wait()

    slow.late = late  # type: ignore[method-assign]
    quick = FakeAgent("a")
    await host.link(quick, slow)
    spec = RunSpec(kind="work", params={"n": 10}, rounds=3, sync=Sync.EVERY_HEAT)
    run_id = await host.central.submit(spec)
    await host.until(lambda: quick.jobs and 1 in quick.job.go)
    arrived.set()
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert {heat.heat: heat.staggered for heat in over.heats}[1]
    assert over.metadata.staggered
    assert len(slow.job.spans) == len(quick.job.spans) == 4


async def test_the_first_heat_waits_for_the_slowest_load(host: Host) -> None:
    slow, quick = FakeAgent("b", opening=anyio.Event()), FakeAgent("a")
    await host.link(quick, slow)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: quick.jobs and quick.job.heat == 0)
    # Longer than anyone may keep the others waiting at a later line.
    await anyio.sleep(2 * host.central.settings.limits.keep_waiting_s)
    assert quick.job.go == {}
    slow.opening.set()
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert len(over.heats) == 1


async def lossy_run(host: Host, is_lost: Callable[[Slot], bool]) -> tuple[Over, Failure]:
    """Return a run whose second lane `lossy` lost these rounds, and the failure that came of it."""

    def value(slot: Slot) -> float | None:
        return None if slot.lane_id == "lane-1" and is_lost(slot) else 1.0

    agent = FakeAgent()
    agent.value = value  # type: ignore[method-assign]
    await host.link(agent)
    spec = RunSpec(kind="work", params={"n": 1}, lanes=(LaneSpec(), LaneSpec(label="lossy")))
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.FAILED
    assert over.metadata.failure is not None
    return over, over.metadata.failure


async def test_a_lane_without_a_valid_round_fails_the_run(host: Host) -> None:
    _, failure = await lossy_run(host, lambda slot: True)
    assert "lossy" in failure.message


async def test_a_lane_that_lost_one_of_its_rounds_fails_the_run_and_keeps_the_others(
    host: Host,
) -> None:
    over, failure = await lossy_run(host, lambda slot: slot.round == 2)
    assert failure.category is Category.BAD_OUTPUT
    assert "lossy has 4 of 5 rounds" in failure.message
    assert [(lane.counted, lane.missing) for lane in over.summary.lanes] == [(5, 0), (4, 1)]


@pytest.mark.parametrize(("lost", "state"), [(1, RunState.DONE), (22, RunState.FAILED)])
async def test_an_adaptive_lane_that_settles_has_all_that_it_was_asked_for(
    host: Host, lost: int, state: RunState
) -> None:
    def value(slot: Slot) -> float | None:
        return None if 2 <= slot.round < 2 + lost else 100.0 + slot.round % 2

    # The last rounds are too few seconds to settle, where most of the others are lost.
    agent = FakeAgent(elapsed_ns=10**9 if lost > 10 else 3 * 10**9)
    agent.value = value  # type: ignore[method-assign]
    await host.link(agent)
    spec = RunSpec(kind="work", params={"n": 1}, rounds="auto", sync=Sync.EVERY_HEAT)
    over = await host.over(await host.central.submit(spec))
    assert over.state is state
    assert over.summary.lanes[0].missing == (0 if state is RunState.DONE else lost)


async def test_a_refused_job_fails_the_run_with_the_agents_words(host: Host) -> None:
    refusal = BenchraceError(Category.DISK_FULL, "no room for a job").failure()
    await host.link(FakeAgent(refuse_job=refusal))
    over = await host.over(await host.central.submit(SPEC))
    assert over.state is RunState.FAILED
    assert over.metadata.failure == refusal


async def test_a_machine_that_is_busy_with_its_own_is_asked_again(host: Host) -> None:
    agent = FakeAgent(refuse_job=BenchraceError(Category.BUSY, "job j1 is running").failure())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: agent.refusals >= 2)
    agent.refuse_job = None
    assert (await host.over(run_id)).state is RunState.DONE


async def test_auto_is_settled_by_the_slowest_machine_for_all(host: Host) -> None:
    await host.link(FakeAgent("a", calibrated=700), FakeAgent("b", calibrated=300))
    spec = RunSpec(kind="work", params={"n": "auto"}, rounds=1, warmup=0)
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.DONE
    assert over.metadata.automatic == {"n": 300}
    assert [lane.params["n"] for lane in over.metadata.lanes] == [300, 300]


async def test_adaptive_rounds_end_when_the_interval_is_narrow(host: Host) -> None:
    def value(slot: Slot) -> float | None:
        return 100.0 + slot.round % 2

    agent = FakeAgent(elapsed_ns=3 * 10**9)
    agent.value = value  # type: ignore[method-assign]
    await host.link(agent)
    spec = RunSpec(kind="work", params={"n": 1}, rounds="auto", sync=Sync.EVERY_HEAT)
    over = await host.over(await host.central.submit(spec))
    assert over.state is RunState.DONE
    assert over.metadata.rounds == 30
    assert 5 <= over.summary.lanes[0].counted < 12


# Preflight


class Picky(FakeAgent):
    """Refuses what a machine may refuse: a bad number, and a missing engine."""

    def readiness(self, lane: JobLane) -> LaneReadiness:
        if lane.params["n"] < 1:
            bad = FieldError("n", "must be at least 1")
            return LaneReadiness(lane_id=lane.lane_id, fields=(bad,))
        if lane.label == "absent":
            problem = Problem(
                message="the engine is off.", remedy="Start it.", detail="Traceback: off"
            )
            return LaneReadiness(lane_id=lane.lane_id, problems=(problem,))
        return super().readiness(lane)


async def test_bad_fields_come_back_by_their_path(host: Host) -> None:
    await host.link(Picky())
    own = RunSpec(kind="work", params={"n": 5}, lanes=(LaneSpec(), LaneSpec(params={"n": 0})))
    with pytest.raises(InvalidInput) as error:
        await host.central.submit(own)
    assert [field.path for field in error.value.fields] == ["lanes[1].params.n"]
    with pytest.raises(InvalidInput) as error:
        await host.central.submit(RunSpec(kind="work", params={"n": 0}))
    assert [field.path for field in error.value.fields] == ["params.n"]
    # With no lane that is ready there is no race of those that are.
    assert error.value.remedy == "Correct these problems, and start again."
    assert not host.central.runs_dir.exists()


async def test_a_problem_blocks_a_run_or_leaves_its_lane_out(host: Host) -> None:
    await host.link(Picky())
    two = RunSpec(
        kind="work", params={"n": 5}, rounds=1, lanes=(LaneSpec(), LaneSpec(label="absent"))
    )
    refusal = r"lanes\[1\]: local: the engine is off. Start it."
    with pytest.raises(InvalidInput, match=refusal) as error:
        await host.central.submit(two)
    assert "only the lanes that are ready" in error.value.remedy
    assert error.value.detail == "Traceback: off"
    ready = RunSpec(kind="work", params={"n": 5}, rounds=1, lanes=two.lanes, only_ready=True)
    over = await host.over(await host.central.submit(ready))
    assert over.state is RunState.DONE
    assert len(over.metadata.lanes) == 1
    assert [left.label for left in over.metadata.left_out] == ["absent"]
    nobody = RunSpec(kind="work", params={"n": 0}, only_ready=True)
    with pytest.raises(InvalidInput):
        await host.central.submit(nobody)


async def test_a_dry_run_plans_and_stores_nothing(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    planned = await host.central.dry_run(SPEC)
    assert planned.lanes[0].params == {"n": 10, "threads": 1}
    assert agent.jobs == {}
    assert not host.central.runs_dir.exists()


async def test_an_unknown_machine_is_named(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    with pytest.raises(InvalidInput, match='unknown machine "nowhere"; known: local'):
        await host.central.submit(
            RunSpec(kind="work", params={"n": 1}, lanes=lanes(FakeAgent("nowhere")))
        )
