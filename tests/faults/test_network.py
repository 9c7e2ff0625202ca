"""Networks that cut, delay, or lose one direction: every line arrives once, and runs end."""

from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from benchrace.protocol import agent_central as m
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState
from tests.central.hosting import Host
from tests.central.offer import capabilities
from tests.central.scripted import FakeAgent
from tests.relay import Relay

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=20, warmup=0)
# The first link stays. Handshake and hello are about 1,900 bytes: later cuts are within lines.
CUTS = [1 << 30, 1, 150, 700, *range(2_000, 9_000, 211)]


def _port(host: Host) -> int:
    port = urlsplit(host.url).port
    assert port is not None
    return port


def _address(relay: Relay) -> str:
    return f"ws://127.0.0.1:{relay.port}"


async def test_a_link_that_is_cut_at_any_byte_loses_and_doubles_nothing(host: Host) -> None:
    agent = FakeAgent(pause_s=0.0, open_gate=anyio.Event())
    send = agent.frame

    async def one_by_one(*args: Any) -> None:
        socket, job_id, stream, first, lines = args
        for number, line in enumerate(lines, first):
            await send(socket, job_id, stream, number, [line])

    agent.frame = one_by_one  # type: ignore[assignment,method-assign]
    with Relay(_port(host), cuts=CUTS) as relay:
        host.group.start_soon(agent.run, _address(relay))
        await host.until(lambda: host.is_ready(agent))
        run_id = await host.central.submit(SPEC)
        await host.until(lambda: host.live(run_id).progress.begun)
        await agent.cut()
        agent.open_gate.set()
        over = await host.over(run_id)
        assert over.state is RunState.DONE
        assert over.of(agent.job) == agent.job.lines["work"]
        assert relay.connections > 10


async def test_a_link_of_which_one_half_is_closed_is_opened_again(host: Host) -> None:
    agent = FakeAgent(open_gate=anyio.Event())
    with Relay(_port(host)) as relay:
        host.group.start_soon(agent.run, _address(relay))
        await host.until(lambda: host.is_ready(agent))
        run_id = await host.central.submit(SPEC)
        await host.until(lambda: host.live(run_id).progress.begun)
        relay.half_close()
        agent.open_gate.set()
        over = await host.over(run_id)
        assert over.state is RunState.DONE
        assert over.of(agent.job) == agent.job.lines["work"]
        assert agent.links == 2


@pytest.mark.slow
async def test_a_slow_link_delays_the_view_and_blurs_no_start(host: Host) -> None:
    agent = FakeAgent()
    agent.clock_ns = 600_000_000_000
    # About 64 kB/s, and at least 100 ms one way.
    with Relay(_port(host), delay_s=0.1, piece=6400) as relay:
        host.group.start_soon(agent.run, _address(relay))
        await host.until(lambda: host.is_ready(agent))
        over = await host.over(await host.central.submit(SPEC))
        (machine,) = host.central.machines()
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]
    assert machine.offset_ns is not None
    assert machine.uncertainty_ns is not None
    assert machine.uncertainty_ns >= 100_000_000
    assert abs(machine.offset_ns - agent.clock_ns) <= machine.uncertainty_ns


async def test_a_machine_cannot_change_its_id_on_an_open_link(host: Host) -> None:
    agent = FakeAgent()
    await host.link(agent)
    assert agent.socket is not None
    await agent.socket.send(m.encode(m.CapabilitiesChanged(capabilities=capabilities("other"))))
    await host.until(lambda: agent.refused)
    assert agent.refused is not None
    assert "cannot become another machine" in agent.refused.failure.message
    assert agent.refused.failure.remedy == "Restart the agent."
    assert [machine.view.machine_id for machine in host.central.machines()] == ["local"]
