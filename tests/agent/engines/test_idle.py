"""Engines that idle: what counts as use, and that only those that were started here are stopped."""

import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.agent.engines.idle import IdleClock, remembered
from benchrace.plugin import Model, Probe, Resident
from benchrace.testing.clock import FakeClock
from tests.agent.conftest import AgentProcess, StartAgent, wait_for
from tests.agent.engines.test_operations import job, status_of
from tests.engine_plugin import EngineHome

pytestmark = pytest.mark.slow

LIMIT_S = 0.6


def test_the_time_runs_from_the_last_use() -> None:
    clock = FakeClock()
    idle = IdleClock(
        clock, {"a": {"idle_stop_s": 60, "other": []}, "b": {}, "c": {"idle_stop_s": -1}}
    )
    assert (idle.stops_at("b"), idle.stops_at("c"), idle.left_s("b")) == (None, None, float("inf"))
    # From when it was first asked about, where nobody has used it yet.
    began = clock.wall_s()
    assert idle.stops_at("a") == began + 60
    clock.pass_s(50)
    assert idle.left_s("a") == pytest.approx(10)
    idle.used(["a"])
    assert (idle.left_s("a"), idle.stops_at("a")) == (60, clock.wall_s() + 60)
    clock.pass_s(61)
    assert idle.left_s("a") < 0


def test_what_a_stopped_engine_has_is_not_missing() -> None:
    model = Model(name="m", loaded=Resident())
    ours = Probe(reachable=True, models=(model,), started=True)
    gone = Probe(reachable=False)
    resting = remembered(ours, gone)
    assert (resting.reachable, resting.models) == (False, (Model(name="m"),))
    assert remembered(resting, gone) == resting
    # Of one that answers, or was somebody else's, nothing is known but what it says.
    empty = Probe(reachable=True)
    assert remembered(resting, empty) == empty
    assert remembered(msgspec.structs.replace(ours, started=False), gone) == gone
    assert remembered(None, gone) == gone
    # Some list what lies on the disk without their engine: that is newer than what is remembered.
    listed = Probe(reachable=False, models=(model, Model(name="n")))
    assert remembered(gone, listed) == remembered(ours, listed) == listed


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineHome:
    home = EngineHome(tmp_path)
    for name, value in home.environment.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def agent(engine: EngineHome, start_agent: StartAgent) -> AgentProcess:
    from benchrace.agent.settings import WORKER

    tables = {"engine": {"idle_stop_s": LIMIT_S}}
    defaults = {"sampling_s": 0, "heartbeat_interval_s": 0.5}
    return start_agent(worker=WORKER, tables=tables, defaults=defaults).started()


def stops(agent: AgentProcess) -> list[Any]:
    every = agent.get("/api/v1/operations")["operations"]
    return [
        operation
        for operation in every
        if operation["operation"] == "stop" and operation["state"] == "done"
    ]


# Each step is a worker with every plugin of this environment, and the machine may be busy.
@pytest.mark.timeout(90)
def test_an_engine_that_was_started_here_is_stopped_after_the_job_and_not_in_it(
    agent: AgentProcess, engine: EngineHome
) -> None:
    (engine.home / "running").touch()
    wait_for(lambda: status_of(agent)["reachable"], 30)
    # Somebody else's idles as long as it likes.
    assert status_of(agent)["stops_at"] is None
    job_id = wait_for(
        lambda: (answer := job(agent, 5)).status_code == 202 and answer.json()["job_id"]
    )
    agent.until(job_id, "running")
    (engine.home / "started").touch()
    ran_until = time.time() + 2 * LIMIT_S
    wait_for(lambda: time.time() > ran_until)
    assert (engine.home / "running").exists()
    ended = time.time()
    agent.http.post(f"/jobs/{job_id}/cancel")
    (stopped,) = wait_for(lambda: stops(agent), 30)
    assert stopped["started_at"] >= ended + LIMIT_S - 0.1
    assert not (engine.home / "running").exists()
    wait_for(lambda: (now := status_of(agent))["reachable"] is False and now["stops_at"] is None)
