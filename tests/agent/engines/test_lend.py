"""A machine that is lent to a lane of another one, through a real agent and its worker."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from benchrace.agent.engines.lending import listening_address
from benchrace.plugin.lending import Lending
from benchrace.plugin.operations import Operation
from benchrace.protocol import agent_central as m
from benchrace.protocol.operations import FollowAsk, OperateAsk, OperationRequest
from tests.agent.conftest import AgentProcess, alive, wait_for
from tests.agent.fake_central import FakeCentral
from tests.spanning_plugin import TeamHome

RUN = "2026-01-01_000000_abcdef"
Start = Callable[..., AgentProcess]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TeamHome:
    home = TeamHome(tmp_path)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def start(team: TeamHome, tmp_path: Path) -> Iterator[Start]:
    agents: list[AgentProcess] = []

    def started(**settings: Any) -> AgentProcess:
        agents.append(AgentProcess(tmp_path / "data", **settings).started())
        return agents[-1]

    yield started
    for agent in agents:
        agent.close()


def lend(agent: AgentProcess, lane: str = "lane-0", **more: Any) -> httpx.Response:
    lending = {"run_id": RUN, "lane_id": lane, "host": "0.0.0.0"}
    return agent.http.post("/api/v1/backends/team/lend", json={"lending": lending, **more})


def lent(agent: AgentProcess, operation_id: str) -> Any:
    """Follow a lend until it listens, and return its status."""
    path = f"/api/v1/operations/{operation_id}?wait_s=1"
    return wait_for(lambda: (status := agent.get(path))["lent"] and status)


def listens(endpoint: str) -> bool:
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.slow
def test_it_holds_the_machine_until_it_is_cancelled(start: Start, team: TeamHome) -> None:
    agent = start()
    nameless = agent.http.post("/api/v1/backends/team/lend", json={})
    assert nameless.json()["error"]["message"] == "lending: name the run and the lane"
    answer = lend(agent)
    assert answer.status_code == 202, answer.text
    name = answer.json()["operation_id"]
    status = lent(agent, name)
    assert (status["state"], status["lent"]["build"]) == ("running", "b1")
    # Nobody but the agent says where it listens.
    endpoint = status["lent"]["endpoint"]
    assert endpoint.startswith("127.0.0.1:")
    assert listens(endpoint)
    # A central that was restarted finds the one that runs; another lane has to wait.
    assert lend(agent).json()["operation_id"] == name
    refused = lend(agent, "lane-1")
    assert (refused.status_code, refused.json()["error"]["category"]) == (409, "busy")
    assert f"the lend of team ({name})" in refused.json()["error"]["message"]
    busy = agent.http.post("/jobs", json={"kind": "compute", "backend": "team", "params": {"n": 1}})
    assert busy.status_code == 409, busy.text
    workers = psutil.Process(agent.process.pid).children(recursive=True)
    ended = agent.http.post(f"/api/v1/operations/{name}/cancel").json()
    assert (ended["state"], ended["failure"]["category"]) == ("failed", "cancelled")
    assert team.has("left")
    assert not listens(endpoint)
    assert not any(alive(process.pid) for process in workers)
    # The slot is free again.
    again = lend(agent, "lane-1")
    assert again.status_code == 202
    # An agent that stops lets go in order as well.
    lent(agent, again.json()["operation_id"])
    team.remove("left")
    assert agent.stop() == 0
    assert team.has("left")


@pytest.mark.slow
def test_it_ends_by_itself_when_nobody_follows_it(start: Start, team: TeamHome) -> None:
    agent = start(lease_s=2)
    name = lend(agent).json()["operation_id"]
    lent(agent, name)
    wait_for(lambda: team.has("left"))
    path = f"/api/v1/operations/{name}?since=9&wait_s=1"
    ended = wait_for(lambda: (status := agent.get(path))["state"] == "failed" and status)
    assert ended["failure"]["category"] == "interrupted"
    assert ended["failure"]["message"] == (
        f"the lend of team ({name}) ended: central has not asked for it for 2 s"
    )
    assert not listens(ended["lent"]["endpoint"])


@pytest.mark.slow
def test_it_ends_with_the_reason_of_its_engine(start: Start, team: TeamHome) -> None:
    agent = start()
    name = lend(agent).json()["operation_id"]
    lent(agent, name)
    team.write("stop")
    path = f"/api/v1/operations/{name}?since=9&wait_s=1"
    ended = wait_for(lambda: (status := agent.get(path))["state"] == "failed" and status)
    assert ended["failure"]["message"] == "the engine is gone"


@pytest.mark.slow
def test_central_has_it_listen_where_the_link_ends(start: Start) -> None:
    with FakeCentral(host="127.0.0.2") as central:
        start(central=central.url, token="secret", lend_address="127.0.0.3")
        link = central.link().welcome()
        request = OperationRequest(lending=Lending(run_id=RUN, lane_id="lane-0"))
        ask = OperateAsk(backend="team", operation=Operation.LEND, request=request)
        link.say(m.Ask(ask_id=1, what="operate", operate=ask))
        answer = link.until(m.Answer)
        assert answer.failure is None
        follow = FollowAsk(operation_id=answer.result["operation_id"], wait_s=5)
        link.say(m.Ask(ask_id=2, what="follow", follow=follow))
        answer = link.until(m.Answer)
        while not answer.result["lent"]:
            follow = FollowAsk(operation_id=follow.operation_id, wait_s=5, since=1)
            link.say(m.Ask(ask_id=3, what="follow", follow=follow))
            answer = link.until(m.Answer)
        assert answer.result["lent"]["endpoint"].startswith("127.0.0.3:")


def test_the_address_is_one_that_the_other_machine_reaches() -> None:
    assert listening_address("10.0.0.9", "10.0.0.1", "10.0.0.2") == "10.0.0.9"
    assert listening_address(None, "10.0.0.1", "10.0.0.2") == "10.0.0.1"
    # Central is on this machine: for another one loopback would be wrong, and the route is asked.
    assert listening_address(None, "127.0.0.1", "127.0.0.1") == "127.0.0.1"
    assert listening_address(None, "::1", None) == "::1"
    assert listening_address(None, None, None) == "127.0.0.1"
    assert listening_address(None, "127.0.0.1", "mac2.local") == "127.0.0.1"
    assert listening_address(None, "::ffff:10.0.0.1", "10.0.0.2") == "10.0.0.1"


def test_the_route_to_the_other_machine_counts_where_central_is_on_this_one() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        outer = probe.getsockname()[0]
    assert listening_address(None, "127.0.0.1", "192.0.2.1") == outer != "127.0.0.1"
