"""A machine that is lent, by real workers."""

import socket
from pathlib import Path

import pytest

from benchrace.errors import Category
from benchrace.plugin import Lending, Lent, LentDevice, Operation
from benchrace.protocol.agent_worker import (
    Cancel,
    Listening,
    Noted,
    OperateOrder,
    Reply,
    WorkerSetup,
)
from benchrace.testing import Worker, ask, plugin_ref
from tests.spanning_plugin import TeamHome

pytestmark = pytest.mark.slow
LENDING = Lending(run_id="2026-01-01_000000_abcdef", lane_id="lane-1", host="127.0.0.1")


@pytest.fixture
def team(tmp_path: Path) -> TeamHome:
    return TeamHome(tmp_path)


def order(lending: Lending | None = LENDING) -> OperateOrder:
    setup = WorkerSetup(plugins=(plugin_ref("fake_team_module"),))
    return OperateOrder(setup=setup, operation=Operation.LEND, backend="team", lending=lending)


def lent(worker: Worker) -> Lent:
    """Read until the worker tells what it lends."""
    assert worker.hear() == Noted(level="info", message="for lane-1")
    message = worker.hear()
    assert isinstance(message, Listening), (message, worker.log)
    return message.lent


def listens(lent: Lent) -> bool:
    host, _, port = lent.endpoint.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("by_command", [True, False])
def test_it_is_held_until_the_agent_ends_it_or_is_gone(team: TeamHome, by_command: bool) -> None:
    with Worker(order(), team.environment) as worker:
        offered = lent(worker)
        assert (offered.build, offered.devices) == (
            "b1",
            (LentDevice(name="CPU", total_bytes=8, free_bytes=4),),
        )
        assert offered.endpoint.startswith("127.0.0.1:")
        assert listens(offered)
        if by_command:
            worker.say(Cancel(reason="over"))
        else:
            worker.hang_up()
        assert worker.hear() == Reply(result=None)
        assert worker.wait() == 0
    assert not listens(offered)
    # It was left in order, not cancelled in the middle.
    assert team.has("left")


def test_one_that_stops_for_good_says_why(team: TeamHome) -> None:
    with Worker(order(), team.environment) as worker:
        lent(worker)
        team.write("stop")
        reply = worker.hear()
    assert isinstance(reply, Reply)
    assert reply.failure is not None
    assert (reply.failure.category, reply.failure.message) == (
        Category.WORKER_DIED,
        "the engine is gone",
    )


def test_one_that_cannot_start_says_why(team: TeamHome) -> None:
    team.write("refuse", "port 50052 is taken")
    reply = ask(order(), team.environment)
    assert reply is not None
    assert reply.failure is not None
    assert (reply.failure.message, reply.failure.remedy) == ("port 50052 is taken", "Repair it.")


def test_one_that_is_still_starting_ends_at_once(team: TeamHome) -> None:
    team.write("slow")
    with Worker(order(), team.environment) as worker:
        assert isinstance(worker.hear(), Noted)
        worker.say(Cancel(reason="over"))
        assert worker.hear() == Reply(result=None)
    assert not team.has("left")


def test_a_lane_must_be_named(team: TeamHome) -> None:
    reply = ask(order(None), team.environment)
    assert reply is not None
    assert reply.failure is not None
    assert str(reply.failure.fields[0]) == "lending: name the run and the lane"
