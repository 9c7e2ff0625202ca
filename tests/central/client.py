"""A scripted agent that can make load for a lane of another machine."""

from typing import Any

import msgspec

from benchrace.events import RunLifecycle
from benchrace.events.payloads import RunPhase
from benchrace.kinds import SERVE
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.planning.order import Slot
from benchrace.run.spec import LaneSpec, RunSpec
from tests.central.hosting import Host, Over
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


def starts_of(over: Over) -> list[RunLifecycle]:
    """Return the judged starts of a run's heats."""
    return [
        event
        for event in over.events
        if isinstance(event, RunLifecycle) and event.payload.phase is RunPhase.HEAT_START
    ]
