"""A machine that begins to measure while a run is being checked: the run waits for its turn."""

from websockets.asyncio.client import ClientConnection

from benchrace.errors import BenchraceError, Category
from benchrace.link import messages as m
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=2)


class Occupied(FakeAgent):
    """Refuses its first preflight, as an agent does whose slot was taken in between."""

    refused_once = False

    async def _answer(self, socket: ClientConnection, ask: m.Ask) -> None:
        if ask.what == "preflight" and not self.refused_once:
            self.refused_once = True
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
