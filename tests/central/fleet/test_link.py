"""Who is let in, what a link that breaks costs, and what is refused on it."""

from functools import partial
from typing import Any

import anyio
import msgspec
import pytest
from websockets.asyncio.client import connect

from benchrace.errors import Category
from benchrace.events import JobDone, Log, Stream, decode, encode
from benchrace.events.payloads import LogPayload
from benchrace.protocol import agent_central as m
from benchrace.run.machine import MachineState
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from tests.central.hosting import Data, Host
from tests.central.offer import TOKEN
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=3)


async def refusal(host: Host, agent: FakeAgent) -> m.Refused:
    host.start(agent)
    await host.until(lambda: agent.refused)
    assert agent.refused is not None
    return agent.refused


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "x" * 10_000])
async def test_a_wrong_token_is_refused_for_good(host: Host, token: str | None) -> None:
    message = await refusal(host, FakeAgent(token=token))
    assert message.final
    assert "token" in message.failure.message
    assert host.central.machines() == ()


async def test_who_is_refused_is_told_until_it_is_let_in(host: Host) -> None:
    await refusal(host, FakeAgent(token="wrong"))
    await refusal(host, FakeAgent(token="wrong"))
    (rejection,) = host.central.refused()
    assert (rejection.times, rejection.reason) == (2, "wrong or revoked agent token")
    await host.link(FakeAgent())
    assert host.central.refused() == ()


@pytest.mark.parametrize(("protocol", "older"), [("0.9", "the agent"), ("2.0", "this side")])
async def test_another_major_version_is_refused_in_words(
    host: Host, protocol: str, older: str
) -> None:
    message = await refusal(host, FakeAgent(protocol=protocol))
    assert message.final
    assert f"protocol {protocol}" in message.failure.message
    assert f"Update {older}" in message.failure.remedy


@pytest.mark.parametrize("name", ["..", "a/b", "", "x" * 65])
async def test_a_name_that_cannot_be_a_path_is_refused(host: Host, name: str) -> None:
    message = await refusal(host, FakeAgent(name))
    assert "invalid name or id - at `$.capabilities.machine_id`" in message.failure.message
    assert "machine_id in agent.yaml" in message.failure.remedy


@pytest.mark.parametrize(
    ("says_so", "state"), [(True, MachineState.STOPPED), (False, MachineState.SUSPECT)]
)
async def test_an_agent_that_was_stopped_is_told_from_one_that_went_away(
    host: Host, says_so: bool, state: MachineState
) -> None:
    agent = FakeAgent()
    await host.link(agent)
    assert agent.socket is not None
    agent.away = True
    if says_so:
        await agent.socket.send(m.encode(m.Goodbye()))
    await agent.socket.close()
    await host.until(lambda: host.central.machines()[0].connected_at is None)
    assert host.state(agent) is state
    # The name of a stopped one is free, also for another host.
    other = FakeAgent()
    other.host_id, other.instance = "another host", "local-2"
    if state is MachineState.STOPPED:
        await host.link(other)
        assert host.state(other) is MachineState.READY
    else:
        assert "another agent with the machine_id" in (await refusal(host, other)).failure.message


async def test_a_newer_minor_version_gets_along(host: Host) -> None:
    await host.link(FakeAgent(protocol="1.7"))


@pytest.mark.parametrize("first", ["{}", "nonsense", b"\x00", '{"type":"ping","ping_id":1}'])
async def test_a_first_message_that_is_no_hello_is_refused(host: Host, first: str | bytes) -> None:
    async with connect(host.url) as socket:
        await socket.send(first)
        message = m.decode_from_central(await socket.recv())
    assert isinstance(message, m.Refused)
    assert message.failure.category is Category.VALIDATION


async def test_silence_instead_of_a_hello_is_refused(data: Data) -> None:
    data.limits = msgspec.structs.replace(data.limits, hello_s=0.05)
    async with data.host() as host, connect(host.url) as socket:
        message = m.decode_from_central(await socket.recv())
    assert isinstance(message, m.Refused)
    assert not message.final


async def test_a_second_agent_of_the_same_name_is_refused_with_the_holders_address(
    host: Host,
) -> None:
    first = FakeAgent("twin")
    await host.link(first)
    second = FakeAgent("twin", instance="other", host_id="another host")
    message = await refusal(host, second)
    assert not message.final
    assert message.failure.category is Category.BUSY
    assert "127.0.0.1" in message.failure.message
    assert host.state(first) is MachineState.READY
    assert second.links == 0


async def test_a_restarted_agent_on_the_same_host_is_let_in_at_once(host: Host) -> None:
    first = FakeAgent("phoenix")
    async with anyio.create_task_group() as group:
        group.start_soon(first.run, host.url)
        await host.until(lambda: host.is_ready(first))
        await first.cut()
        group.cancel_scope.cancel()
    await host.until(lambda: host.state(first) is MachineState.SUSPECT)
    await host.link(FakeAgent("phoenix", instance="phoenix-2"))


async def test_a_link_that_breaks_again_and_again_loses_and_doubles_nothing(host: Host) -> None:
    agent = FakeAgent()

    async def round_(slot: object) -> None:
        agent.linked = anyio.Event()
        await agent.cut()
        await agent.linked.wait()

    agent.round = round_  # type: ignore[method-assign]
    await host.link(agent)
    spec = RunSpec(kind="work", params={"n": 10}, rounds=6)
    over = await host.over(await host.central.submit(spec))
    assert agent.links >= 7
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]


async def test_a_link_that_breaks_at_the_very_end_loses_no_samples(host: Host) -> None:
    agent = FakeAgent()
    send, cuts = agent.frame, 0

    async def cut_before_the_last_samples(*args: Any) -> None:
        nonlocal cuts
        _, job_id, stream, _, lines = args
        job = agent.jobs[job_id]
        if stream == "agent" and not cuts:
            cuts += 1
            await agent.cut()
            return
        await send(*args)
        if stream == "work" and isinstance(decode(lines[-1]), JobDone):
            event = Log(
                run_id=job.spec.run_id,
                job_id=job_id,
                machine_id=agent.machine_id,
                lane_id=None,
                round=None,
                stream=Stream.AGENT,
                seq=0,
                t_ns=0,
                timestamp_s=0.0,
                payload=LogPayload(level="info", message="as a sample", source="agent"),
            )
            job.lines["agent"] = [encode(event)]

    agent.frame = cut_before_the_last_samples  # type: ignore[assignment,method-assign]
    await host.link(agent)
    over = await host.over(await host.central.submit(SPEC))
    assert cuts == 1
    assert over.of(agent.job) == agent.job.lines["work"] + agent.job.lines["agent"]


async def test_frames_sent_twice_are_stored_once(host: Host) -> None:
    agent = FakeAgent()
    send = agent.frame

    async def twice(*args: object) -> None:
        await send(*args)  # type: ignore[arg-type]
        await send(*args)  # type: ignore[arg-type]

    agent.frame = twice  # type: ignore[assignment,method-assign]
    await host.link(agent)
    over = await host.over(await host.central.submit(SPEC))
    assert over.of(agent.job) == agent.job.lines["work"]


async def test_a_gap_makes_the_agent_send_again(host: Host) -> None:
    agent = FakeAgent()
    send = agent.frame
    lost: list[int] = []

    async def lossy(socket: object, job: str, stream: str, first: int, lines: list[bytes]) -> None:
        if first == 2 and not lost:
            lost.append(first)
            return
        await send(socket, job, stream, first, lines)  # type: ignore[arg-type]

    agent.frame = lossy  # type: ignore[assignment,method-assign]
    await host.link(agent)
    over = await host.over(await host.central.submit(SPEC))
    assert over.state is RunState.DONE
    assert over.of(agent.job) == agent.job.lines["work"]


@pytest.mark.slow
async def test_a_storm_of_returning_agents_is_taken_in(data: Data) -> None:
    agents = [FakeAgent(f"m{n}", open_gate=anyio.Event()) for n in range(24)]
    async with anyio.create_task_group() as machines:
        async with data.host() as host:
            for agent in agents:
                machines.start_soon(agent.run, host.url)
            for agent in agents:
                await host.until(partial(host.is_ready, agent))
            spec = RunSpec(kind="work", params={"n": 10}, rounds=20, warmup=0)
            run_id = await host.central.submit(spec)
            await host.until(lambda: len(host.live(run_id).progress.begun) == len(agents))
        for agent in agents:
            agent.open_gate.set()
            await agent.finished()
        async with data.host() as host:
            for agent in agents:
                agent.url = host.url
            over = await host.over(run_id)
        assert over.state is RunState.DONE
        for agent in agents:
            assert over.of(agent.job) == agent.job.lines["work"]
        machines.cancel_scope.cancel()


async def test_one_agent_cannot_write_into_the_job_of_another(host: Host) -> None:
    honest, other = FakeAgent("a", open_gate=anyio.Event()), FakeAgent("b")
    await host.link(honest, other)
    spec = RunSpec(kind="work", params={"n": 1}, lanes=(LaneSpec(machine_id="a"),), rounds=1)
    run_id = await host.central.submit(spec)
    await host.until(lambda: honest.jobs and len(honest.job.lines["work"]) == 1)
    next_seq = len(honest.job.lines["work"])
    forged = honest.job.lines["work"][0].replace(b'"seq":0', f'"seq":{next_seq}'.encode())
    assert other.socket is not None
    await other.frame(other.socket, honest.job.spec.job_id, "work", next_seq, [forged])
    honest.open_gate.set()
    over = await host.over(run_id)
    assert over.of(honest.job) == honest.job.lines["work"]


async def test_lines_that_are_no_events_end_their_job_alone(host: Host) -> None:
    agent = FakeAgent()

    async def nonsense(
        socket: object, job: str, stream: str, first: int, lines: list[bytes]
    ) -> None:
        await send(socket, job, stream, first, [b"{nonsense}\n" for _ in lines])  # type: ignore[arg-type]

    send, agent.frame = agent.frame, nonsense  # type: ignore[assignment,method-assign]
    await host.link(agent)
    over = await host.over(await host.central.submit(SPEC))
    assert over.state is RunState.FAILED
    assert over.metadata.failure is not None
    assert over.metadata.failure.category is Category.BAD_OUTPUT
    assert over.of(agent.job) == []
    # The machine is told to stop it, and is free for the next.
    await agent.finished()
