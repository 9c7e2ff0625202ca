"""The link to a central: what it carries, and how it goes on after cuts and deaths."""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from benchrace.errors import Category, Failure
from benchrace.protocol import agent_central as m
from benchrace.protocol.artifacts import PIECE_BYTES, ArtifactAsk, ArtifactPiece
from benchrace.protocol.capabilities import BackendStatus
from benchrace.protocol.version import PROTOCOL
from benchrace.run.lane import JobLane
from benchrace.run.states import JobPhase
from tests.agent.conftest import AgentProcess, StartAgent, wait_for
from tests.agent.fake_central import FakeCentral, Link, job
from tests.relay import Relay

pytestmark = pytest.mark.slow


@pytest.fixture
def central() -> Iterator[FakeCentral]:
    with FakeCentral() as fake:
        yield fake


@pytest.fixture
def linked(central: FakeCentral, start_agent: StartAgent) -> tuple[AgentProcess, Link]:
    agent = start_agent(central=central.url, token="secret").started()
    return agent, central.link().welcome()


def test_the_hello_says_who_it_is(central: FakeCentral, start_agent: StartAgent) -> None:
    start_agent(central=central.url, token="secret").started()
    link = central.link()
    hello = link.hello
    assert (hello.protocol, hello.token, hello.share_host) == (PROTOCOL, "secret", True)
    assert hello.capabilities.machine_id == "m1"
    assert hello.host_id
    # Central may wait for plugins of which it knows that they are being described.
    assert hello.capabilities.plugins
    assert link.socket.request is not None
    assert link.socket.request.headers["Authorization"] == "Bearer secret"
    # Its plugins are described after it has linked, and then their engines are probed.
    link.welcome()
    backends: tuple[BackendStatus, ...] = ()
    while not (backends and backends[0].reachable):
        backends = link.until(m.CapabilitiesChanged).capabilities.backends
    assert backends[0].description.name == "actor"
    assert backends[0].models[0].name == "m"


def test_an_agent_that_is_stopped_says_so_as_it_closes_the_link(
    central: FakeCentral, start_agent: StartAgent
) -> None:
    agent = start_agent(central=central.url).started()
    link = central.link().welcome()
    assert agent.stop() == 0
    link.until(m.Goodbye)
    with pytest.raises(ConnectionClosed):
        link.take()


def test_a_job_over_the_link(linked: tuple[AgentProcess, Link]) -> None:
    agent, link = linked
    spec = job("phase:running", "emit:3", "done")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.DONE)
    held = link.lines[spec.job_id]
    assert held.types("work") == ["log", "log", "log", "job_done"]
    path = agent.data / "jobs" / spec.job_id
    assert (
        b"".join(line + b"\n" for line in held.streams["work"])
        == (path / "work.ndjson").read_bytes()
    )
    assert not (path / "acknowledged").exists()
    link.say(m.Ack(job_id=spec.job_id, stream="work", next_seq=4))
    wait_for((path / "acknowledged").exists)


def test_pings_are_answered_with_stamps(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    before = time.monotonic_ns()
    link.say(m.Ping(ping_id=7))
    pong = link.until(m.Pong)
    assert pong.ping_id == 7
    assert before <= pong.received_ns <= pong.sent_ns <= time.monotonic_ns()


def test_the_start_line(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    spec = job("phase:ready:0", "go", "phase:running", "done", armed=True)
    link.say(m.StartJob(spec=spec))
    assert link.until_phase(JobPhase.READY).heat == 0
    link.say(m.Go(job_id=spec.job_id, heat=0, at_ns=time.monotonic_ns()))
    link.until_phase(JobPhase.DONE)


def test_a_cancel_over_the_link(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    spec = job("phase:running", "obey")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.RUNNING)
    link.say(m.CancelJob(job_id=spec.job_id, reason="enough"))
    link.until_phase(JobPhase.CANCELLED)
    assert link.lines[spec.job_id].types("work") == ["job_cancelled"]


def test_a_cancel_right_behind_the_start(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    spec = job("phase:running", "obey")
    link.say(m.StartJob(spec=spec))
    link.say(m.CancelJob(job_id=spec.job_id, reason="never mind"))
    link.until_phase(JobPhase.CANCELLED)


def test_a_second_job_is_refused_and_the_same_one_is_not(
    linked: tuple[AgentProcess, Link],
) -> None:
    _, link = linked
    spec, other = job("phase:running", "obey"), job("done")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.RUNNING)
    link.say(m.StartJob(spec=spec))
    link.say(m.StartJob(spec=other))
    refused = link.until(m.JobRefused)
    assert refused.job_id == other.job_id
    assert refused.failure.category == "busy"
    assert spec.job_id in refused.failure.message
    assert not [message for message in link.messages if isinstance(message, m.JobRefused)][1:]


def test_questions_are_answered_while_nothing_runs(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    lanes = (JobLane(lane_id="lane-3", label="x", backend="actor", params={"a": 1}),)
    link.say(m.Ask(ask_id=1, what="preflight", kind="acting", lanes=lanes))
    answer = link.until(m.Answer)
    assert (answer.ask_id, answer.failure) == (1, None)
    assert answer.result[0]["lane_id"] == "lane-3"
    assert answer.result[0]["params"] == {"a": 1}
    link.say(m.Ask(ask_id=2, what="calibrate", kind="acting", lanes=lanes))
    assert link.until(m.Answer).result == [{"lane_id": "lane-3", "params": {"size": 7}}]
    link.say(m.Ask(ask_id=3, what="probe"))
    assert link.until(m.Answer).result["backends"][0]["reachable"] is True
    spec = job("phase:running", "obey")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.RUNNING)
    link.say(m.Ask(ask_id=4, what="preflight", kind="acting", lanes=lanes))
    assert link.until(m.Answer).failure.category == "busy"


def test_preflight_probes_what_nobody_has_probed_and_tells_it_before_its_answer(
    central: FakeCentral, start_agent: StartAgent
) -> None:
    start_agent(central=central.url, probe_at_start=False).started()
    link = central.link().welcome()
    while not link.until(m.CapabilitiesChanged).capabilities.backends:
        pass
    lanes = (JobLane(lane_id="lane-0", label="x", backend="actor", params={}),)
    link.say(m.Ask(ask_id=1, what="preflight", kind="acting", lanes=lanes))
    link.until(m.Answer)
    announced = [msg for msg in link.messages if isinstance(msg, m.CapabilitiesChanged)]
    reachable = [message.capabilities.backends[0].reachable for message in announced[-2:]]
    assert reachable == [None, True]


def test_a_job_ends_what_was_asked_aside(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    lanes = (JobLane(lane_id="lane-0", label="x", backend="actor", params={"slow": 30}),)
    link.say(m.Ask(ask_id=1, what="preflight", kind="acting", lanes=lanes))
    spec = job("done")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.DONE)
    answers = [message for message in link.messages if isinstance(message, m.Answer)]
    assert [answer.failure.category for answer in answers if answer.failure] == ["busy"]


def test_after_a_cut_it_goes_on_where_central_says(
    central: FakeCentral, linked: tuple[AgentProcess, Link], tmp_path: Path
) -> None:
    _, link = linked
    spec = job("phase:running", "emit:50", f"file:{tmp_path}/gate", "emit:50", "done")
    link.say(m.StartJob(spec=spec))
    link.until_lines(spec.job_id, 50)
    link.cut()
    (tmp_path / "gate").touch()
    again = central.link()
    report = next(job for job in again.hello.jobs if job.job_id == spec.job_id)
    assert report.run_id == spec.run_id
    assert report.lines["work"] >= 50
    # Ten of the lines that were sent never reached central's disk.
    held = central.lines[spec.job_id]
    del held.streams["work"][40:]
    before = len(held.frames)
    again.welcome({spec.job_id: {"work": 40, "agent": 0}})
    again.until_phase(JobPhase.DONE)
    assert held.frames[before].first_seq == 40
    seqs = [json.loads(line)["seq"] for line in held.streams["work"]]
    assert seqs == list(range(101))


def test_a_job_ends_without_central_and_is_told_later(
    start_agent: StartAgent,
) -> None:
    first = FakeCentral()
    agent = start_agent(central=first.url, token="t").started()
    link = first.link().welcome()
    spec = job("emit:5", "phase:running", "pause:0.5", "emit:5", "done")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.RUNNING)
    link.cut()
    first.close()
    agent.until(spec.job_id, "done")
    agent.kill()
    again = start_agent(central=first.url, token="t").started()
    with FakeCentral(first.port) as second:
        later_link = second.link()
        assert [(job.job_id, job.phase) for job in later_link.hello.jobs] == [
            (spec.job_id, JobPhase.DONE)
        ]
        later_link.welcome({spec.job_id: {}})
        later_link.until_phase(JobPhase.DONE)
        assert second.lines[spec.job_id].types("work")[-1] == "job_done"
        later_link.say(m.Ack(job_id=spec.job_id, stream="work", next_seq=11))
        wait_for((again.data / "jobs" / spec.job_id / "acknowledged").exists)


def test_a_job_that_central_forgot_is_cancelled(
    central: FakeCentral, linked: tuple[AgentProcess, Link]
) -> None:
    agent, link = linked
    done, running = job("done"), job("phase:running", "obey")
    link.say(m.StartJob(spec=done))
    link.until_phase(JobPhase.DONE)
    link.say(m.StartJob(spec=running))
    link.until_phase(JobPhase.RUNNING)
    link.cut()
    again = central.link()
    assert {job.job_id for job in again.hello.jobs} == {done.job_id, running.job_id}
    again.welcome({})
    agent.until(running.job_id, "cancelled")
    wait_for((agent.data / "jobs" / done.job_id / "acknowledged").exists)


def test_frames_stay_small(linked: tuple[AgentProcess, Link]) -> None:
    _, link = linked
    spec = job("emit:5000", "done")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.DONE)
    held = link.lines[spec.job_id]
    assert len(held.streams["work"]) == 5001
    assert len(held.frames) >= 4


def test_a_refusal_is_shown(central: FakeCentral, start_agent: StartAgent) -> None:
    agent = start_agent(central=central.url).started()
    failure = Failure(category=Category.VALIDATION, message="wrong token.", remedy="Ask.")
    central.link().say(m.Refused(failure=failure))
    words = wait_for(lambda: (s := agent.get("/api/status")["central"]) != "dialling" and s)
    assert words == "refused: wrong token. Ask."


def test_a_refusal_is_said_aloud_once_however_often_it_is_repeated(
    central: FakeCentral, start_agent: StartAgent
) -> None:
    agent = start_agent(central=central.url).started()
    failure = Failure(category=Category.VALIDATION, message="a new word.", remedy="Update central.")
    for _ in range(3):
        central.link().say(m.Refused(failure=failure, final=False))
    wait_for(lambda: "a new word" in agent.get("/api/status")["central"])
    agent.stop()
    lines = agent.process.communicate()[1].splitlines()
    assert [line.split(":", 1)[0] for line in lines if "a new word. Update central." in line] == [
        "WARNING"
    ]


def test_a_vanished_central_is_noticed_and_dialled_again(
    central: FakeCentral, start_agent: StartAgent
) -> None:
    keep_alive = {"ping_ns": 200_000_000, "close_ns": 800_000_000}
    with Relay(central.port) as relay:
        start_agent(central=relay.url, token="t", keep_alive=keep_alive).started()
        central.link().welcome()
        relay.freeze()
        # The old connection is still open: only the missing answers tell.
        central.link().welcome()


def test_no_central_is_no_trouble(start_agent: StartAgent) -> None:
    agent = start_agent(central="http://127.0.0.1:9").started()
    agent.until(agent.act("done"), "done")
    wait_for(lambda: "cannot be reached" in agent.get("/api/status")["central"])
    assert agent.stop() == 0


def test_a_file_is_given_in_pieces_while_nothing_measures(
    linked: tuple[AgentProcess, Link], tmp_path: Path
) -> None:
    agent, link = linked
    data = bytes(range(256)) * 1000
    sha256 = hashlib.sha256(data).hexdigest()
    spec = job("phase:running", f"file:{tmp_path}/gate", "done")
    link.say(m.StartJob(spec=spec))
    link.until_phase(JobPhase.RUNNING)
    folder = agent.data / "jobs" / spec.job_id / "artifacts"
    folder.mkdir()
    (folder / sha256).write_bytes(data)

    def ask(name: str, offset: int, job_id: str = spec.job_id) -> m.Answer:
        about = ArtifactAsk(job_id=job_id, sha256=name, offset=offset)
        link.say(m.Ask(ask_id=offset, what="artifact", artifact=about))
        answer: m.Answer = link.until(m.Answer)
        assert len(m.encode(answer)) < 270_000
        return answer

    assert ask(sha256, 0).failure.category == "busy"  # type: ignore[union-attr]
    (tmp_path / "gate").touch()
    link.until_phase(JobPhase.DONE)
    wait_for(lambda: ask(sha256, 0).failure is None)
    got = b""
    while part := msgspec.convert(ask(sha256, len(got)).result, ArtifactPiece).data:
        assert len(part) <= PIECE_BYTES
        got += part
    assert got == data
    (folder / ("b" * 64)).symlink_to("/etc/passwd")
    (folder / ("c" * 64)).mkdir()
    for name in ("a" * 64, "b" * 64, "c" * 64):
        assert ask(name, 0).failure.category == "validation"  # type: ignore[union-attr]
    assert ask(sha256, 0, "j" + "0" * 16).failure.category == "validation"  # type: ignore[union-attr]
