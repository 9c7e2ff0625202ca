"""Agents and centrals of other versions: messages of each are kept in `skew/`."""

from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.client import connect

from benchrace.errors import Category
from benchrace.plugin.operations import Operation
from benchrace.protocol import agent_central as m
from benchrace.protocol.operations import OperateAsk, OperationRequest
from benchrace.run.machine import MachineState
from tests.agent.conftest import StartAgent, wait_for
from tests.agent.fake_central import FakeCentral
from tests.central.hosting import Host
from tests.central.offer import TOKEN

SKEW = Path(__file__).with_name("skew")


def message(name: str) -> str:
    return (SKEW / f"{name}.json").read_text().replace('"TOKEN"', f'"{TOKEN}"')


@pytest.mark.parametrize(("version", "software"), [("1.0", "0.0.1"), ("1.9", "9.0.0")])
async def test_an_agent_of_another_minor_version_is_let_in(
    host: Host, version: str, software: str
) -> None:
    async with connect(host.url) as socket:
        await socket.send(message(f"agent-{version}"))
        assert isinstance(m.decode_from_central(await socket.recv()), m.Welcome)
        (machine,) = host.central.machines()
        assert (machine.view.state, machine.version) == (MachineState.READY, software)


async def test_an_agent_of_another_major_version_is_refused_in_words(host: Host) -> None:
    async with connect(host.url) as socket:
        await socket.send(message("agent-2.0"))
        refused = m.decode_from_central(await socket.recv())
    assert isinstance(refused, m.Refused)
    assert refused.final
    assert refused.failure.category is Category.VALIDATION
    assert "protocol 2.0" in refused.failure.message
    assert "Update" in refused.failure.remedy
    assert host.central.machines() == ()


@pytest.mark.slow
def test_an_agent_gets_along_with_centrals_of_its_major_version_alone(
    start_agent: StartAgent,
) -> None:
    with FakeCentral() as central:
        agent = start_agent(central=central.url, token="t").started()
        for version in ("1.0", "1.9"):
            link = central.link()
            link.socket.send(message(f"central-{version}"))
            link.socket.send('{"type":"of_next_year","mood":"good"}')
            link.socket.send('{"type":"ping","ping_id":7,"mood":"good"}')
            assert link.until(m.Pong).ping_id == 7
            link.cut()
        central.link().socket.send(message("central-2.0"))
        wait_for(lambda: "protocol 2.0" in agent.get("/api/status")["central"])


def test_an_older_agent_gets_no_fields_of_an_operation_that_are_not_used() -> None:
    request = OperationRequest(model="llama")
    operate = OperateAsk(backend="ollama", operation=Operation.PULL, request=request)
    sent = msgspec.json.decode(m.encode(m.Ask(ask_id=1, what="operate", operate=operate)))
    assert sent["operate"]["request"] == {"model": "llama"}
