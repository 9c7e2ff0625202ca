"""Kills at random moments of real work: nothing that was served is lost, and each job ends once."""

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import msgspec
import psutil
import pytest

from benchrace.agent.settings import WORKER
from tests.agent.conftest import AgentProcess, StartAgent, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
FINAL = {"job_done", "job_error", "job_timeout", "job_cancelled"}
FINAL_STATES = ("done", "failed", "cancelled", "timed_out")
WORK = {"n": 2 * 10**9, "threads": 1, "progress_interval_s": 0.01}


def kill_worker(data: Path, job_id: str) -> None:
    """Kill the worker where there is one yet."""
    mark = data / "jobs" / job_id / "worker.json"
    if mark.exists():
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(msgspec.json.decode(mark.read_bytes())["pid"]).kill()


def strike(agent: AgentProcess, job_id: str, victim: str) -> None:
    """Kill the worker, the agent, or both as nearly at once as two signals can be."""
    if victim == "both":
        os.kill(agent.process.pid, signal.SIGSTOP)
    if victim in ("worker", "both"):
        kill_worker(agent.data, job_id)
    if victim in ("agent", "both"):
        agent.kill()


@pytest.mark.parametrize("seed", range(3))
def test_random_kills(start_agent: StartAgent, seed: int) -> None:
    dice = random.Random(seed)
    settings = {"worker": WORKER, "share_host": True}
    agent = start_agent(**settings).started()
    for victim in dice.sample(["worker", "agent", "both"] * 2, 6):
        request = {"kind": "compute", "params": WORK, "repeat": 20, "sampling_s": 0.02}
        job_id = agent.http.post("/jobs", json=request).json()["job_id"]
        time.sleep(dice.uniform(0, 0.7))
        served = agent.events(job_id)
        strike(agent, job_id, victim)
        if agent.process.poll() is not None:
            agent = start_agent(**settings).started()
        elif victim == "worker" and not served:
            # The worker had not begun: there was nothing to kill yet.
            agent.http.post(f"/jobs/{job_id}/cancel")
        agent.until(job_id, *FINAL_STATES)
        after = agent.events(job_id)
        assert after[: len(served)] == served
        assert [event["type"] in FINAL for event in after].count(True) == 1
        assert after[-1]["type"] in FINAL
        wait_for(lambda: not agent.get("/health")["busy"])  # noqa: B023
