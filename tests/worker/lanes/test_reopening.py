"""An engine that is restarted in the middle of a lane: waited for once, and opened again."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.events import JobCancelled, JobDone, LaneError, Log, Progress, RoundDone
from benchrace.protocol.agent_worker import Cancel, PhaseNow
from benchrace.run.lane import JobLane
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase
from benchrace.testing import JobResult, Worker, job_lane, job_order, job_spec, plugin_ref, run_job
from benchrace.testing.clock import FakeClock
from benchrace.testing.context import RecordingContext
from benchrace.testing.job import read_journal
from benchrace.worker.lanes.lane import JobLaneState
from benchrace.worker.lanes.reopening import Reopening

pytestmark = pytest.mark.slow

# An engine of one process, that all lanes share. It breaks off in rounds of a lane, by number of
# the call, and refuses so many attempts to open before it answers again.
PLUGIN = """
from benchrace.plugin import *

class P(Params, frozen=True, kw_only=True):
    breaks: tuple[int, ...] = ()
    refused: int = 0
    category: str = "unreachable"

class R(Record, frozen=True, kw_only=True):
    nonce: str

def derive(record, params):
    yield Measured(metric="n", value=1.0)

KIND = Kind(name="served", title="Served", params=P, record=R, derive=derive,
            metrics=(Metric(name="n", title="N", unit="", better=Better.LOWER, headline=True),))
AWAY = {"left": 0}

class Served(Backend):
    name, title = "served", "Served"
    workloads = (Workload(kind=KIND),)

    def __init__(self, config=None):
        super().__init__(config)
        self.calls = 0

    async def open(self, lane, context):
        if AWAY["left"]:
            AWAY["left"] -= 1
            raise BenchraceError(Category.UNREACHABLE, "nobody listens")
        context.log(f"open {lane.lane_id}")

    async def round(self, lane, context):
        self.calls += 1
        if self.calls in lane.params.breaks:
            AWAY["left"] = lane.params.refused
            raise BenchraceError(Category(lane.params.category), "the stream was cut")
        return R(nonce=context.round.nonce)

    async def close(self, lane, context):
        context.log(f"close {lane.lane_id}")

@hookimpl
def benchrace_backends():
    return [Served]

@hookimpl
def benchrace_kinds():
    return [KIND]
"""

Play = Callable[..., JobResult]


@pytest.fixture
def module(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "served.py").write_text(dedent(PLUGIN))
    return {"PYTHONPATH": str(tmp_path)}


@pytest.fixture
def play(tmp_path: Path, module: dict[str, str]) -> Play:
    def play(*lanes: dict[str, Any], **plan: Any) -> JobResult:
        job_lanes = [job_lane(at, "served", params) for at, params in enumerate(lanes)]
        spec = job_spec("served", job_lanes, **plan)
        return run_job(spec, tmp_path, [plugin_ref("served")], environment=module)

    return play


def rounds(done: JobResult, lane: str = "lane-0") -> list[tuple[int, bool, bool]]:
    """List number, warm-up and success."""
    return [
        (event.round, event.payload.warmup, event.payload.error is None)
        for event in done.of(RoundDone)
        if event.lane_id == lane
    ]


def test_a_lane_goes_on_with_new_warm_ups_once_its_engine_answers_again(play: Play) -> None:
    done = play({"breaks": [3], "refused": 1}, rounds=3, warmup=1)
    assert isinstance(done.end, JobDone)
    assert rounds(done) == [
        (0, True, True),
        (1, False, True),
        (2, False, False),
        (4, True, True),
        (3, False, True),
    ]
    nonces = [event.payload.record["nonce"] for event in done.of(RoundDone) if event.payload.record]
    assert len(set(nonces)) == len(nonces)
    warnings = [event.payload.message for event in done.of(Log) if event.payload.level == "warning"]
    assert warnings == ["the engine was lost (nobody listens); waiting up to 120 s"]
    assert [(event.payload.total, event.payload.unit) for event in done.of(Progress)] == [
        (120.0, "s of waiting")
    ]


def test_every_open_lane_of_the_machine_is_opened_again(play: Play) -> None:
    done = play({"breaks": [3]}, {}, rounds=2, warmup=1, order=Order.ABBA)
    assert isinstance(done.end, JobDone)
    assert rounds(done) == [(0, True, True), (1, False, False), (3, True, True), (2, False, True)]
    assert rounds(done, "lane-1") == [
        (0, True, True),
        (3, True, True),
        (1, False, True),
        (2, False, True),
    ]


def test_a_lane_that_has_waited_once_does_not_wait_again(play: Play) -> None:
    done = play({"breaks": [2, 4], "refused": 1}, rounds=5, warmup=0)
    (error,) = done.of(LaneError)
    text = "the engine was lost for the second time: nobody listens"
    assert error.payload.error.message == text
    assert rounds(done)[-1] == (3, False, False)


def test_an_engine_that_is_there_at_once_costs_no_wait(play: Play) -> None:
    done = play({"breaks": [2, 4], "category": "ended_early"}, rounds=5, warmup=0)
    assert isinstance(done.end, JobDone)
    assert [good for _, _, good in rounds(done)] == [True, False, True, False, True]
    assert not [event for event in done.of(Log) if event.payload.level == "warning"]


@pytest.mark.parametrize("category", ["stream_error", "bad_output", "timeout_idle"])
def test_an_engine_that_answers_with_an_error_is_not_opened_again(
    play: Play, category: str
) -> None:
    done = play({"breaks": [2], "category": category}, rounds=3, warmup=0)
    opened = [event for event in done.of(Log) if event.payload.message == "open lane-0"]
    assert (len(opened), isinstance(done.end, JobDone)) == (1, True)


def test_after_its_last_round_nothing_is_opened_again(play: Play) -> None:
    done = play({"breaks": [2], "refused": 9}, rounds=2, warmup=0)
    assert isinstance(done.end, JobDone)
    assert not done.of(LaneError)


def test_a_cancel_ends_the_wait(tmp_path: Path, module: dict[str, str]) -> None:
    lane = job_lane(0, "served", {"breaks": [1], "refused": 10_000})
    order = job_order(
        job_spec("served", [lane], rounds=3, warmup=0), tmp_path, [plugin_ref("served")]
    )
    with Worker(order, environment=module) as worker:
        phases: list[JobPhase] = []
        while phases[-2:] != [JobPhase.RUNNING, JobPhase.OPENING]:
            text = worker.hear()
            assert text is not None
            phases += [text.phase] if isinstance(text, PhaseNow) else []
        worker.say(Cancel(reason="enough"))
        worker.wait()
    assert isinstance(read_journal(tmp_path)[-1], JobCancelled)


def test_the_limit_ends_the_lane_with_the_cause() -> None:
    clock = FakeClock()
    context = RecordingContext(clock=clock)
    lane = JobLaneState(JobLane(lane_id="lane-0", label="a", backend="b", params={}))

    async def attempt() -> None:
        clock.pass_s(50)
        raise BenchraceError(Category.UNREACHABLE, "nobody listens", "Start it.")

    async def main() -> Any:
        return await Reopening(limit_s=120, every_s=0).run(lane, attempt, context)

    failure = anyio.run(main)
    text = "the engine was lost and did not answer within 120 s: nobody listens"
    assert (failure.message, failure.remedy) == (text, "Start it.")
    assert lane.waited
