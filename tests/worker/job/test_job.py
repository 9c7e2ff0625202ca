"""A job's events, their order and their end, from real workers."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.errors import Category
from benchrace.events import (
    TERMINAL,
    JobDone,
    JobError,
    JobStart,
    LaneError,
    LlmToken,
    Log,
    Progress,
    RoundDone,
    RoundStart,
    Stream,
)
from benchrace.protocol.agent_worker import Cancel, PhaseNow, WorkerExit, WorkerSetup
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase, may_follow
from benchrace.testing import JobResult, Worker, plugin_ref, read_journal, run_job
from tests.worker.conftest import scripted

PLUGINS = (plugin_ref("benchrace.testing.scripted"),)
Run = Callable[..., JobResult]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    """Run one job of a lane, for what is only read of it."""
    job = scripted({"text": "word ", "units": 3, "value": 3.5})
    return run_job(job, tmp_path_factory.mktemp("one"), PLUGINS)


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> JobResult:
    """Run one job of two lanes, one after the other."""
    return run_job(scripted({}, {"value": 2.0}), tmp_path_factory.mktemp("two"), PLUGINS)


def test_a_job_says_everything_once_and_in_order(done: JobResult) -> None:
    assert done.status == WorkerExit.DONE
    assert isinstance(done.events[0], JobStart)
    assert isinstance(done.end, JobDone)
    assert [event.seq for event in done.events] == list(range(len(done.events)))
    assert {event.stream for event in done.events} == {Stream.WORK}
    assert [event.round for event in done.of(RoundStart)] == [0, 1, 2]
    assert [event.payload.warmup for event in done.of(RoundDone)] == [True, False, False]
    assert [event.payload.heat for event in done.of(RoundDone)] == [None, 0, 1]
    assert sum(isinstance(event, TERMINAL) for event in done.events) == 1
    times = [event.t_ns for event in done.events]
    assert times == sorted(times)
    assert all(later > 0 for later in times)


def test_the_start_tells_complete_parameters(done: JobResult) -> None:
    (start,) = done.of(JobStart)
    assert start.payload.planned_rounds == 3
    assert start.payload.lanes[0].params == {
        "units": 3,
        "unit_s": 0.0,
        "text": "word ",
        "value": 3.5,
        "misdeed": "none",
        "when": "round",
        "only_round": None,
        "block_s": 0.5,
    }


@pytest.mark.parametrize("index", [0, 1, 2])
def test_events_of_a_round_lie_between_its_start_and_its_end(done: JobResult, index: int) -> None:
    inside = [event for event in done.events if event.round == index]
    assert isinstance(inside[0], RoundStart)
    assert isinstance(inside[-1], RoundDone)
    assert {type(event) for event in inside[1:-1]} == {LlmToken, Progress}
    texts = [event.payload.text for event in inside if isinstance(event, LlmToken)]
    assert "".join(texts) == "word " * 3


def test_the_last_progress_is_always_told(run: Run) -> None:
    done = run({"units": 5000}, rounds=1, warmup=0)
    answer = [event.payload.done for event in done.of(Progress)]
    assert answer[-1] == 5000
    assert len(answer) < 30


def test_the_end_has_medians_of_counted_rounds(done: JobResult) -> None:
    metrics = done.end.payload.metrics
    assert metrics["score"] == 3.5
    assert metrics["units"] == 3
    assert metrics["elapsed_ms"] > 0
    assert "elapsed_ns" not in metrics


def test_several_lanes_put_their_names_before_their_metrics(of_two: JobResult) -> None:
    metrics = of_two.end.payload.metrics
    assert (metrics["lane-0.score"], metrics["lane-1.score"]) == (1.0, 2.0)


def lanes_of(done: JobResult, event: Any) -> list[tuple[str, str]]:
    return [(event.lane_id, event.payload.message) for event in done.of(event)]


def test_contiguous_lanes_are_open_one_at_a_time(of_two: JobResult) -> None:
    assert [message for _, message in lanes_of(of_two, Log)] == [
        "open lane-0",
        "close lane-0",
        "open lane-1",
        "close lane-1",
    ]
    assert [event.lane_id for event in of_two.of(RoundDone)] == ["lane-0"] * 3 + ["lane-1"] * 3


def test_other_orders_open_all_lanes_first(run: Run) -> None:
    done = run({}, {}, order=Order.ABBA)
    assert [message for _, message in lanes_of(done, Log)] == [
        "open lane-0",
        "open lane-1",
        "close lane-0",
        "close lane-1",
    ]
    opened = [event.seq for event in done.of(Log)][:2]
    assert max(opened) < done.of(RoundStart)[0].seq
    # The agent knows which lane is being opened.
    lanes = [phase.lane_id for phase in done.phases if phase.phase is JobPhase.OPENING]
    assert lanes[:2] == ["lane-0", "lane-1"]


def test_phases_follow_the_states_of_a_job(of_two: JobResult) -> None:
    phases = [JobPhase.ACCEPTED, *(phase.phase for phase in of_two.phases)]
    assert phases[1:] == [JobPhase.OPENING, JobPhase.RUNNING] * 2
    assert all(may_follow(now, then) for now, then in pairwise(phases))


def test_what_a_plugin_writes_to_standard_output_is_no_protocol(run: Run) -> None:
    done = run({"misdeed": "print"})
    assert isinstance(done.end, JobDone)
    assert all(isinstance(phase, PhaseNow) for phase in done.phases)
    assert '{"type":"reply"}' in done.log


def test_bad_parameters_close_the_lane_alone(run: Run) -> None:
    done = run({"units": 0}, {})
    (lane,) = done.of(LaneError)
    assert lane.lane_id == "lane-0"
    assert lane.payload.error.category is Category.VALIDATION
    assert [field.path for field in lane.payload.error.fields] == ["units"]
    assert isinstance(done.end, JobDone)
    assert done.end.payload.metrics["lane-1.score"] == 1.0


def test_a_backend_that_nobody_offers_is_named(tmp_path: Path, order: Any) -> None:
    job = order()
    with Worker(msgspec.structs.replace(job, setup=WorkerSetup(plugins=()))) as worker:
        assert worker.wait() == WorkerExit.DONE
    end = read_journal(tmp_path)[-1]
    assert isinstance(end, JobError)
    assert "no installed plugin offers 'scripted'" in end.payload.message


def test_a_journal_of_another_attempt_is_left_alone(tmp_path: Path, order: Any) -> None:
    before = b'{"whole":"line"}\n'
    (tmp_path / "work.ndjson").write_bytes(before)
    with Worker(order()) as worker:
        assert worker.wait() == WorkerExit.UNWRITABLE
        assert "another attempt" in worker.log
    assert (tmp_path / "work.ndjson").read_bytes() == before


def test_a_first_line_that_is_no_order_is_refused() -> None:
    with Worker(Cancel(reason="none")) as worker:  # type: ignore[arg-type]
        assert worker.wait() == WorkerExit.BAD_ORDER
        assert "invalid order" in worker.log
