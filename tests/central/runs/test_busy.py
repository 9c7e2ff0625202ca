"""A machine that begins to measure while a run is being checked: the run waits for its turn."""

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection

from benchrace.errors import BenchraceError, Category, FieldError
from benchrace.protocol import agent_central as m
from benchrace.protocol.capabilities import LaneReadiness
from benchrace.run.lane import JobLane
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=2)


class Occupied(FakeAgent):
    """Refuses its first questions, as an agent does whose slot was taken in between."""

    what, most, denials = "preflight", 1, 0

    @property
    def refused_once(self) -> bool:
        return self.denials > 0

    async def _answer(self, socket: ClientConnection, ask: m.Ask) -> None:
        if ask.what == self.what and self.denials < self.most:
            self.denials += 1
            failure = BenchraceError(Category.BUSY, "job j1 is running on local").failure()
            await socket.send(m.encode(m.Answer(ask_id=ask.ask_id, failure=failure)))
            return
        await super()._answer(socket, ask)


async def test_a_run_whose_machine_was_just_taken_waits_for_its_turn(host: Host) -> None:
    agent = Occupied()
    await host.link(agent)
    over = await host.over(await host.central.submit(SPEC))
    assert agent.refused_once
    assert over.state is RunState.DONE
    assert over.metadata.lanes[0].params == {"n": 10, "threads": 1}
    assert [lane.counted for lane in over.summary.lanes] == [2]


class CleaningUp(Occupied):
    """Is still stopping the engines of the run before."""

    most = 3


class SlowToCalibrate(CleaningUp):
    what = "calibrate"


@pytest.mark.parametrize("kind", [CleaningUp, SlowToCalibrate])
async def test_a_machine_that_is_busy_for_longer_is_asked_again(
    host: Host, kind: type[CleaningUp]
) -> None:
    agent = kind()
    await host.link(agent)
    spec = RunSpec(kind="work", params={"n": "auto"}, rounds=2, warmup=0)
    over = await host.over(await host.central.submit(spec))
    assert agent.denials == 3
    assert over.state is RunState.DONE, over.metadata.failure


class Strict(Occupied):
    def readiness(self, lane: JobLane) -> LaneReadiness:
        if lane.params["n"] < 1:
            bad = FieldError("n", "must be at least 1")
            return LaneReadiness(lane_id=lane.lane_id, fields=(bad,))
        return super().readiness(lane)


TWO = RunSpec(kind="work", params={"n": 5}, rounds=1, lanes=(LaneSpec(), LaneSpec(params={"n": 0})))


async def test_a_run_that_waited_names_bad_fields_by_their_path_too(host: Host) -> None:
    agent = Strict()
    await host.link(agent)
    over = await host.over(await host.central.submit(TWO))
    assert agent.refused_once
    assert over.state is RunState.FAILED
    assert over.metadata.failure is not None
    assert [field.path for field in over.metadata.failure.fields] == ["lanes[1].params.n"]


async def test_a_run_that_waited_leaves_out_what_is_not_ready_too(host: Host) -> None:
    agent = Strict()
    await host.link(agent)
    run_id = await host.central.submit(msgspec.structs.replace(TWO, only_ready=True))
    over = await host.over(run_id)
    assert agent.refused_once
    assert over.state is RunState.DONE
    assert [lane.spec_index for lane in over.metadata.lanes] == [0]
    (left,) = over.metadata.left_out
    assert [field.path for field in left.fields] == ["lanes[1].params.n"]
    assert [lane.counted for lane in over.summary.lanes] == [1]
