"""Machines that lend themselves to a lane: started before its job, followed, and given back."""

from collections.abc import AsyncIterator

import anyio
import msgspec
import pytest

from benchrace.central.runs.live_run import LiveRun
from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.events import Log
from benchrace.protocol.operations import OperationState
from benchrace.run.machine import MachineState
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import JobPhase, RunState
from tests.central.hosting import Data, Host, Over
from tests.central.lender import Lender

OVER_TWO = RunSpec(
    kind="work",
    params={"n": 10},
    rounds=2,
    warmup=0,
    lanes=(LaneSpec(machine_id="a", workers=("b",)),),
)


@pytest.fixture
def coordinator() -> Lender:
    return Lender("a")


@pytest.fixture
def worker() -> Lender:
    return Lender("b")


@pytest.fixture
async def linked(data: Data, coordinator: Lender, worker: Lender) -> AsyncIterator[Host]:
    async with data.host() as host:
        await host.link(coordinator, worker)
        yield host


async def begun(
    host: Host, machines: anyio.abc.TaskGroup, coordinator: Lender, worker: Lender
) -> str:
    """Link machines that outlive this central, and start a run whose job they have begun."""
    for agent in (coordinator, worker):
        agent.url = host.url
        machines.start_soon(agent.run, None)
    await host.until(lambda: all(map(host.is_ready, (coordinator, worker))))
    run_id = await host.central.submit(OVER_TWO)
    await host.until(lambda: coordinator.jobs and host.live(run_id).progress.begun)
    return run_id


def warnings(over: Over) -> list[str]:
    return [event.payload.message for event in over.events if isinstance(event, Log)]


async def test_a_job_is_sent_once_its_workers_listen(
    linked: Host, coordinator: Lender, worker: Lender
) -> None:
    worker.listening = False
    run_id = await linked.central.submit(OVER_TWO)
    await linked.until(lambda: worker.running)
    assert linked.state(worker) is MachineState.BUSY
    assert coordinator.jobs == {}
    worker.listening = True
    worker.notify()
    over = await linked.over(run_id)
    assert over.state is RunState.DONE
    (lane,) = coordinator.job.spec.lanes
    (peer,) = lane.peers
    assert (peer.machine_id, peer.label, peer.endpoint) == ("b", "B", "10.0.0.2:1")
    assert over.metadata.lanes[0].peers == lane.peers
    lending = worker.about["op-0"].request.lending
    assert lending is not None
    assert (lending.run_id, lending.lane_id, lending.host) == (run_id, "lane-0", "")
    # It listens where the coordinator reaches it; the worker decides that.
    assert worker.about["op-0"].request.coordinator == "127.0.0.1"
    assert worker.running == []
    assert linked.state(worker) is MachineState.READY
    assert worker.jobs == {}


async def test_a_worker_that_is_busy_is_waited_for(linked: Host, worker: Lender) -> None:
    worker.denials = 3
    over = await linked.over(await linked.central.submit(OVER_TWO))
    assert (over.state, worker.denials) == (RunState.DONE, 0)


async def test_different_builds_are_named_before_anything_starts(
    linked: Host, worker: Lender
) -> None:
    worker.build = "b2"
    with pytest.raises(InvalidInput) as caught:
        await linked.central.submit(OVER_TWO)
    (field,) = caught.value.fields
    assert field.path == "lanes[0]"
    assert field.message.startswith(
        "A has fake b1, and B has b2: all machines of a lane need the same build. Install"
    )
    two = msgspec.structs.replace(
        OVER_TWO, lanes=(*OVER_TWO.lanes, LaneSpec(machine_id="a")), only_ready=True
    )
    over = await linked.over(await linked.central.submit(two))
    assert [lane.workers for lane in over.metadata.lanes] == [()]
    assert over.metadata.left_out[0].problems


async def test_a_worker_that_is_away_for_a_moment_stays_lent(
    linked: Host, coordinator: Lender, worker: Lender
) -> None:
    coordinator.open_gate = anyio.Event()
    run_id = await linked.central.submit(OVER_TWO)
    await linked.until(lambda: coordinator.jobs and linked.live(run_id).progress.begun)
    links = worker.links
    await worker.cut()
    await linked.until(lambda: worker.links > links and linked.state(worker) is MachineState.BUSY)
    coordinator.open_gate.set()
    over = await linked.over(run_id)
    assert (over.state, warnings(over)) == (RunState.DONE, [])
    assert len(worker.about) == 1


async def test_a_worker_whose_agent_was_restarted_is_named(
    linked: Host, coordinator: Lender, worker: Lender
) -> None:
    coordinator.open_gate = anyio.Event()
    run_id = await linked.central.submit(OVER_TWO)
    await linked.until(lambda: coordinator.jobs and linked.live(run_id).progress.begun)
    worker.forget()
    await linked.until(lambda: linked.live(run_id).lost)
    coordinator.open_gate.set()
    over = await linked.over(run_id)
    # Its lane has all its rounds: the run is well, and says what happened.
    assert over.state is RunState.DONE
    assert warnings(over) == ['worker B of lane "over A + B" stopped: its agent was restarted']


async def test_a_worker_that_cannot_start_fails_the_job_unsent(
    linked: Host, coordinator: Lender, worker: Lender
) -> None:
    worker.listening = False
    run_id = await linked.central.submit(OVER_TWO)
    await linked.until(lambda: worker.running)
    failure = BenchraceError(Category.SYSTEM, "port 50052 is taken", "Stop it.").failure()
    worker.put(worker.lends["op-0"], state=OperationState.FAILED, failure=failure)
    over = await linked.over(run_id)
    assert over.state is RunState.FAILED
    assert over.metadata.failure == msgspec.structs.replace(
        failure, message='worker B of lane "over A + B" did not start: port 50052 is taken'
    )
    assert coordinator.jobs == {}


@pytest.mark.parametrize("again", [False, True])
async def test_the_next_central_goes_on_with_what_is_lent(
    data: Data, coordinator: Lender, worker: Lender, again: bool
) -> None:
    coordinator.open_gate = anyio.Event()
    async with anyio.create_task_group() as machines:
        async with data.host() as host:
            run_id = await begun(host, machines, coordinator, worker)
        if again:
            # Nobody had asked for it, and it was ended.
            worker.put(worker.lends["op-0"], state=OperationState.FAILED)
        worker.asks.clear()
        # People may name a machine anew at any time.
        worker.label = "Bee"
        coordinator.away, links = True, worker.links
        async with data.host() as host:
            coordinator.url = worker.url = host.url
            # The worker may link first: central does not know yet where the other machine is.
            await host.until(lambda: worker.links > links and host.central.live(run_id))
            await anyio.sleep(3 * data.limits.retry_s)
            coordinator.away = False
            await host.until(lambda: any(ask.follow for ask in worker.asks))
            await host.until(lambda: not again or host.live(run_id).lost)
            coordinator.open_gate.set()
            over = await host.over(run_id)
        machines.cancel_scope.cancel()
    assert over.state is RunState.DONE
    assert worker.running == []
    assert len(worker.about) == (2 if again else 1)
    addresses = {ask.operate.request.coordinator for ask in worker.asks if ask.operate}
    assert addresses == {"127.0.0.1"}
    assert [text.rpartition(": ")[2] for text in warnings(over)] == (
        ["it was started again while central was away"] if again else []
    )


async def test_what_an_earlier_central_lent_is_given_back_though_its_machine_links_late(
    data: Data, coordinator: Lender, worker: Lender
) -> None:
    coordinator.open_gate = anyio.Event()
    data.limits = data.patient
    async with anyio.create_task_group() as machines:
        async with data.host() as host:
            run_id = await begun(host, machines, coordinator, worker)
        worker.away = True
        async with data.host() as host:
            coordinator.url = worker.url = host.url
            coordinator.open_gate.set()
            await host.until(lambda: host.live(run_id).progress.ends)
            worker.away = False
            over = await host.over(run_id)
            assert worker.running == []
        machines.cancel_scope.cancel()
    assert (over.state, warnings(over)) == (RunState.DONE, [])


async def test_a_cancel_ends_what_is_still_starting(
    linked: Host, coordinator: Lender, worker: Lender
) -> None:
    worker.listening = False
    run_id = await linked.central.submit(OVER_TWO)
    await linked.until(lambda: worker.running)
    await linked.central.cancel(run_id, "enough")
    over = await linked.over(run_id)
    assert (over.state, worker.running, coordinator.jobs) == (RunState.CANCELLED, [], {})


async def test_what_is_lent_is_not_lent_twice(linked: Host, worker: Lender) -> None:
    runs = [await linked.central.submit(OVER_TWO) for _ in range(2)]
    overs = [await linked.over(run_id) for run_id in runs]
    assert [over.state for over in overs] == [RunState.DONE] * 2
    assert overs[0].metadata.ended_at <= overs[1].metadata.started_at  # type: ignore[operator]
    assert len(worker.about) == 2


async def test_a_worker_learns_whether_the_coordinator_is_another_computer(
    linked: Host, worker: Lender
) -> None:
    await linked.over(await linked.central.submit(OVER_TWO))
    worker.host_id = "another host"
    links = worker.links
    await worker.cut()
    await linked.until(lambda: worker.links > links and linked.is_ready(worker))
    await linked.over(await linked.central.submit(OVER_TWO))
    assert [ask.request.elsewhere for ask in worker.about.values()] == [False, True]


async def test_one_that_never_listens_is_ended(
    data: Data, coordinator: Lender, worker: Lender
) -> None:
    data.limits = msgspec.structs.replace(data.limits, lend_s=0.05)
    worker.listening = False
    async with data.host() as host:
        await host.link(coordinator, worker)
        run_id = await host.central.submit(OVER_TWO)
        await host.until(lambda: worker.running)
        # What it reports without listening must not keep it.
        while host.central.live(run_id) is not None:
            for name in worker.running:
                status = worker.lends[name]
                worker.put(status, next=status.next + 1)
            await anyio.sleep(0.01)
        over = await host.over(run_id)
    failure = over.metadata.failure
    assert failure is not None
    assert failure.category is Category.TIMEOUT_CONNECT
    assert failure.message.startswith(
        'worker B of lane "over A + B" did not start: it is not listening after '
    )
    assert (worker.running, coordinator.jobs) == ([], {})


async def test_a_bad_end_of_a_lend_is_a_warning_and_no_reason_of_the_run(
    linked: Host, worker: Lender
) -> None:
    worker.bad_end = BenchraceError(Category.PLUGIN_ERROR, "it hung").failure()
    run_id = await linked.central.submit(OVER_TWO)
    run = linked.live(run_id)
    over = await linked.over(run_id)
    assert (over.state, run.lost) == (RunState.DONE, {})
    assert warnings(over) == ['B was not released from the lane "over A + B": it hung']


async def test_a_coordinator_that_is_busy_is_waited_for_from_the_jobs_release_on(
    data: Data, coordinator: Lender, worker: Lender
) -> None:
    data.limits = msgspec.structs.replace(data.limits, arrival_s=1.0)
    worker.listening = False
    coordinator.refuse_job = BenchraceError(Category.BUSY, "a pull is running").failure()
    async with data.host() as host:
        await host.link(coordinator, worker)
        run_id = await host.central.submit(OVER_TWO)
        await host.until(lambda: worker.running)
        await anyio.sleep(data.limits.arrival_s)
        worker.listening = True
        worker.notify()
        await host.until(lambda: coordinator.refusals)
        coordinator.refuse_job = None
        assert (await host.over(run_id)).state is RunState.DONE


async def test_an_opening_that_hangs_without_its_worker_is_ended(
    data: Data, coordinator: Lender, worker: Lender
) -> None:
    data.limits = msgspec.structs.replace(data.limits, without_worker_s=0.05)
    coordinator.opening = anyio.Event()
    two = msgspec.structs.replace(OVER_TWO, lanes=(*OVER_TWO.lanes, LaneSpec(machine_id="a")))
    async with data.host() as host:
        await host.link(coordinator, worker)
        run_id = await host.central.submit(two)
        await host.until(lambda: coordinator.jobs)
        job_id = coordinator.job.spec.job_id
        worker.forget()
        run = host.live(run_id)
        await host.until(lambda: run.lost)
        # The other lane needs no worker.
        coordinator.job.to(JobPhase.OPENING, opening="lane-1")
        await host.until(lambda: run.jobs[job_id].opening == "lane-1")
        await anyio.sleep(0.1)
        run.changed.notify()
        await anyio.sleep(0.05)
        assert run.jobs[job_id].cancel is None
        coordinator.job.to(JobPhase.OPENING, opening="lane-0")
        over = await host.over(run_id)
    failure = over.metadata.failure
    assert failure is not None
    assert failure.message == 'worker B of lane "over A + B" stopped: its agent was restarted'
    # As a run ends that has lost a lane's own machine, or a client.
    assert over.state is RunState.INTERRUPTED
    # The next central, which finds it without its summary, knows the loss by the metadata alone.
    over.folder.summary_path.unlink()
    async with data.host() as host:
        again = await host.over(run_id)
    assert (again.state, again.metadata.failure) == (over.state, failure)


async def test_a_loss_is_known_though_central_was_killed_before_the_runs_state_was_stored(
    data: Data, coordinator: Lender, worker: Lender, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.limits = msgspec.structs.replace(data.limits, without_worker_s=0.05)
    coordinator.opening = anyio.Event()
    killed, save = anyio.Event(), LiveRun.save

    async def stuck(run: LiveRun, **changes: object) -> None:
        if changes.get("ended_at"):
            killed.set()
            await anyio.sleep_forever()
        await save(run, **changes)

    async with data.host() as host:
        await host.link(coordinator, worker)
        run_id = await host.central.submit(OVER_TWO)
        await host.until(lambda: coordinator.jobs)
        worker.forget()
        await host.until(lambda: host.live(run_id).lost)
        monkeypatch.setattr(LiveRun, "save", stuck)
        coordinator.job.to(JobPhase.OPENING, opening="lane-0")
        await killed.wait()
    monkeypatch.undo()
    async with data.host() as host:
        over = await host.over(run_id)
    failure = over.metadata.failure
    assert failure is not None
    assert failure.message == 'worker B of lane "over A + B" stopped: its agent was restarted'
    assert over.state is RunState.INTERRUPTED
