"""A machine that goes away while its run waits: named with its reason, or left out."""

import anyio
import msgspec

from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from tests.central.hosting import QUICK, Data, Over
from tests.central.scripted import FakeAgent

BOTH = RunSpec(kind="work", params={"n": 10}, rounds=1)
FIRST = RunSpec(kind="work", params={"n": 10}, rounds=1, lanes=(LaneSpec(machine_id="a"),))


async def waited(data: Data, *, only_ready: bool) -> Over:
    data.limits = msgspec.structs.replace(QUICK, arrival_s=0.1)
    async with data.host() as host:
        held, gone = FakeAgent("a", open_gate=anyio.Event()), FakeAgent("b")
        await host.link(held, gone)
        first = await host.central.submit(FIRST)
        await host.until(lambda: held.jobs)
        run_id = await host.central.submit(msgspec.structs.replace(BOTH, only_ready=only_ready))
        gone.away = True
        await gone.cut()
        await host.until(lambda: host.central.fleet.get("b").session is None)
        held.open_gate.set()
        await host.over(first)
        return await host.over(run_id)


async def test_a_machine_that_does_not_come_is_left_out_with_its_reason(data: Data) -> None:
    over = await waited(data, only_ready=True)
    assert over.state is RunState.DONE
    assert [lane.machine_id for lane in over.metadata.lanes] == ["a"]
    (left,) = over.metadata.left_out
    assert left.machine_id == "b"
    assert "its link is closed" in left.problems[0].message


async def test_a_run_of_all_names_the_machine_and_the_reason(data: Data) -> None:
    over = await waited(data, only_ready=False)
    assert over.state is RunState.FAILED
    assert over.metadata.failure is not None
    assert "b has not linked within 0.1 s: no message for" in over.metadata.failure.message
