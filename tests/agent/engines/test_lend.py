"""A machine that is lent to a lane of another one, through a real agent and its worker."""

import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from websockets.sync.client import connect

from benchrace.agent.engines.lending import listening_address
from benchrace.api.paths import LINK
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.lending import Lending
from benchrace.plugin.operations import Operation
from benchrace.protocol import agent_central as m
from benchrace.protocol.operations import FollowAsk, OperateAsk, OperationRequest
from tests.agent.conftest import AgentProcess, alive, wait_for
from tests.agent.fake_central import FakeCentral, Link
from tests.spanning_plugin import TeamHome

RUN = "2026-01-01_000000_abcdef"
Start = Callable[..., "Central"]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TeamHome:
    home = TeamHome(tmp_path)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    return home


class Central:
    """A central of a test's own, and the agent that is linked to it."""

    def __init__(self, link: Link, agent: AgentProcess) -> None:
        self.agent = agent
        self._link = link.welcome()
        self._asks = 0

    def _ask(self, what: Any, **about: Any) -> Any:
        self._asks += 1
        self._link.say(m.Ask(ask_id=self._asks, what=what, **about))
        while (answer := self._link.until(m.Answer)).ask_id != self._asks:
            pass
        if answer.failure is not None:
            raise BenchraceError.of(answer.failure)
        return answer.result

    def lend(self, lane: str = "lane-0", coordinator: str | None = None) -> str:
        """Start a lend, and return its name."""
        lending = Lending(run_id=RUN, lane_id=lane, host="0.0.0.0")
        request = OperationRequest(lending=lending, coordinator=coordinator)
        operate = OperateAsk(backend="team", operation=Operation.LEND, request=request)
        return str(self._ask("operate", operate=operate)["operation_id"])

    def lent(self, name: str) -> Any:
        """Follow a lend until it listens, and return its status."""
        status, since = None, 0
        while not status or not status["lent"]:
            # Asked again well within each lease of these tests, however long the start takes.
            follow = FollowAsk(operation_id=name, since=since, wait_s=0.2)
            status = self._ask("follow", follow=follow)
            assert status["state"] == "running", status["failure"]
            since = status["next"]
        return status


@pytest.fixture
def start(team: TeamHome, tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def started(dials: bool = False, **settings: Any) -> Central:
            central = None if dials else stack.enter_context(FakeCentral())
            if central is not None:
                settings.update(central=central.url, token="t")
            agent = AgentProcess(tmp_path / "data", **settings)
            stack.callback(agent.close)
            url = f"{agent.started().url.replace('http', 'ws', 1)}{LINK}"
            if central is not None:
                return Central(central.link(), agent)
            return Central(Link(stack.enter_context(connect(url, proxy=None)), {}), agent)

        yield started


def listens(endpoint: str) -> bool:
    host, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def follow(agent: AgentProcess, name: str, state: str) -> Any:
    path = f"/api/v1/operations/{name}"
    return wait_for(lambda: (status := agent.get(path))["state"] == state and status)


@pytest.mark.slow
def test_it_holds_the_machine_until_it_is_cancelled(start: Start, team: TeamHome) -> None:
    central = start()
    agent = central.agent
    # Only a run lends a machine.
    refused = agent.http.post("/api/v1/backends/team/lend", json={})
    assert refused.json()["error"]["message"] == (
        "operation: only a run lends a machine: start one with this machine among a lane's workers"
    )
    name = central.lend()
    status = central.lent(name)
    assert (status["state"], status["lent"]["build"]) == ("running", "b1")
    # Nobody but the agent says where it listens.
    endpoint = status["lent"]["endpoint"]
    assert endpoint.startswith("127.0.0.1:")
    assert listens(endpoint)
    # A central that was restarted finds the one that runs; another lane has to wait.
    assert central.lend() == name
    with pytest.raises(BenchraceError, match=re.escape(f"the lend of team ({name})")) as caught:
        central.lend("lane-1")
    assert caught.value.category is Category.BUSY
    busy = agent.http.post("/jobs", json={"kind": "compute", "backend": "team", "params": {"n": 1}})
    assert busy.status_code == 409, busy.text
    workers = psutil.Process(agent.process.pid).children(recursive=True)
    ended = agent.http.post(f"/api/v1/operations/{name}/cancel").json()
    assert (ended["state"], ended["failure"]["category"]) == ("failed", "cancelled")
    assert team.has("left")
    assert not listens(endpoint)
    assert not any(alive(process.pid) for process in workers)
    # The slot is free again.
    central.lent(central.lend("lane-1"))
    # An agent that stops lets go in order as well.
    team.remove("left")
    assert agent.stop() == 0
    assert team.has("left")


@pytest.mark.slow
def test_it_ends_by_itself_when_nobody_follows_it(start: Start, team: TeamHome) -> None:
    central = start(lease_s=2)
    name = central.lend()
    central.lent(name)
    # A person who looks at it does not keep it.
    ended = follow(central.agent, name, "failed")
    assert team.has("left")
    assert ended["failure"]["category"] == "interrupted"
    assert ended["failure"]["message"] == (
        f"the lend of team ({name}) ended: central has not asked for it for 2 s"
    )
    assert not listens(ended["lent"]["endpoint"])


@pytest.mark.slow
def test_it_ends_with_the_reason_of_its_engine(start: Start, team: TeamHome) -> None:
    central = start()
    name = central.lend()
    central.lent(name)
    team.write("stop")
    ended = follow(central.agent, name, "failed")
    assert ended["failure"]["message"] == "the engine is gone"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_it_listens_at_its_own_end_of_the_link(start: Start) -> None:
    central = start(dials=True, host="127.0.0.2")
    status = central.lent(central.lend())
    assert status["lent"]["endpoint"].startswith("127.0.0.2:")


@pytest.mark.slow
def test_a_configured_address_comes_first(start: Start) -> None:
    central = start(lend_address="127.0.0.3")
    status = central.lent(central.lend(coordinator="192.0.2.1"))
    assert status["lent"]["endpoint"].startswith("127.0.0.3:")


@pytest.mark.slow
def test_after_a_kill_of_the_agent_it_ends_though_cleaning_up_hangs(
    start: Start, team: TeamHome
) -> None:
    team.write("stay")
    central = start()
    central.lent(central.lend())
    (worker,) = psutil.Process(central.agent.process.pid).children()
    central.agent.kill()
    wait_for(lambda: not alive(worker.pid))
    assert not team.has("left")


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
