"""Faults of real plugins end one round, one lane or one job, with a category."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from benchrace.errors import Category
from benchrace.events import JobDone, JobError, JobTimeout, LaneError, Level, Log, RoundDone
from benchrace.protocol.agent_worker import WorkerExit
from benchrace.testing import JobResult, plugin_ref, run_job
from benchrace.testing.limits import HANG_S
from tests.worker.conftest import scripted

pytestmark = pytest.mark.slow

Run = Callable[..., JobResult]
# Parameters and plans of jobs that wait for a limit of the worker, and compute nothing meanwhile.
HANGING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "hang_thread": ({}, {"timeout_s": 0.3}),
    "block": ({"block_s": 3600.0}, {"warmup": 0}),
    "hold_lock": ({}, {"warmup": 0}),
}


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], JobResult]]:
    """Run all that hang at once; return how each ended."""
    plugins = (plugin_ref("benchrace.testing.scripted"),)
    with ThreadPoolExecutor(len(HANGING)) as pool:
        jobs = {
            misdeed: pool.submit(
                run_job,
                scripted({"misdeed": misdeed, **params}, **plan),
                tmp_path_factory.mktemp(misdeed),
                plugins,
            )
            for misdeed, (params, plan) in HANGING.items()
        }
        yield lambda misdeed: jobs[misdeed].result(HANG_S)


def rounds(done: JobResult) -> list[tuple[int, Level]]:
    return [(event.round, event.payload.verdict.level) for event in done.of(RoundDone)]


def codes(done: JobResult, number: int) -> list[str]:
    (result,) = [event for event in done.of(RoundDone) if event.round == number]
    return [reason.code for reason in result.payload.verdict.reasons]


def test_a_foreseen_failure_costs_its_round_alone(run: Run) -> None:
    done = run({"misdeed": "fail", "only_round": 1}, rounds=3)
    assert rounds(done) == [
        (0, Level.VALID),
        (1, Level.INVALID),
        (4, Level.VALID),
        (2, Level.VALID),
        (3, Level.VALID),
    ]
    failed = done.of(RoundDone)[1].payload
    assert failed.error.category is Category.UNREACHABLE
    assert failed.record is None
    assert isinstance(done.end, JobDone)


def test_three_failures_in_a_row_give_the_lane_up(run: Run) -> None:
    done = run({"misdeed": "fail"}, {}, rounds=5)
    (lane,) = done.of(LaneError)
    assert lane.lane_id == "lane-0"
    # What came first is the cause of the others.
    assert lane.payload.error.detail == "round 0"
    assert [event.lane_id for event in done.of(RoundDone)].count("lane-0") == 3
    assert [event.payload.message for event in done.of(Log)][:2] == ["open lane-0", "close lane-0"]
    assert isinstance(done.end, JobDone)
    assert done.end.payload.metrics["lane-1.score"] == 1.0


def test_a_job_without_a_round_that_counts_fails_with_the_first_failure(run: Run) -> None:
    done = run({"misdeed": "fail"})
    assert isinstance(done.end, JobError)
    assert done.end.payload.category is Category.UNREACHABLE
    assert done.end.payload.message == "the scripted engine does not answer"


def test_a_lane_that_does_not_open_leaves_the_others_alone(run: Run) -> None:
    done = run({"misdeed": "fail", "when": "open"}, {})
    assert [event.lane_id for event in done.of(LaneError)] == ["lane-0"]
    assert {event.lane_id for event in done.of(RoundDone)} == {"lane-1"}
    assert "close lane-0" in [event.payload.message for event in done.of(Log)]
    assert isinstance(done.end, JobDone)


def test_a_memory_error_is_out_of_memory(run: Run) -> None:
    done = run({"misdeed": "out_of_memory"}, rounds=1, warmup=0)
    assert done.of(RoundDone)[0].payload.error.category is Category.OUT_OF_MEMORY
    assert done.end.payload.category is Category.OUT_OF_MEMORY


@pytest.mark.parametrize("when", ["open", "round", "close"])
@pytest.mark.parametrize(
    ("misdeed", "text"), [("raise", "ZeroDivisionError"), ("exit", "SystemExit: 3")]
)
def test_a_bug_ends_the_job_with_its_traceback(
    run: Run, misdeed: str, text: str, when: str
) -> None:
    done = run({"misdeed": misdeed, "when": when})
    assert done.status == WorkerExit.DONE
    assert isinstance(done.end, JobError)
    assert done.end.payload.category is Category.PLUGIN_ERROR
    assert text in done.end.payload.message
    assert "scripted.py" in (done.end.payload.detail or "")


def test_an_exit_in_a_task_of_the_plugin_ends_the_job_too(run: Run) -> None:
    done = run({"misdeed": "exit_in_task"})
    assert done.end.payload.category is Category.PLUGIN_ERROR
    assert "SystemExit" in done.end.payload.message


@pytest.mark.parametrize(("misdeed", "status"), [("exit_hard", 3), ("abort", -signal.SIGABRT)])
def test_a_plugin_that_ends_the_process_leaves_whole_lines(
    run: Run, misdeed: str, status: int
) -> None:
    done = run({"misdeed": misdeed, "only_round": 1})
    assert done.status == status
    assert not any(isinstance(event, JobError | JobDone) for event in done.events)
    assert [event.seq for event in done.events] == list(range(len(done.events)))
    assert done.of(RoundDone)[0].round == 0


def test_a_return_value_of_another_type_is_a_bug(run: Run) -> None:
    done = run({"misdeed": "nonsense"})
    assert done.end.payload.category is Category.PLUGIN_ERROR
    assert "expected ScriptedRecord" in done.end.payload.message


def test_an_undeclared_metric_is_a_bug(run: Run) -> None:
    done = run({"misdeed": "bad_metric"})
    assert done.end.payload.category is Category.PLUGIN_ERROR
    assert "not a declared metric" in done.end.payload.message


@pytest.mark.parametrize("misdeed", ["nan", "negative"])
def test_impossible_numbers_make_the_round_invalid(run: Run, misdeed: str) -> None:
    done = run({"misdeed": misdeed, "only_round": 1}, rounds=3)
    assert codes(done, 1) == ["bad_output"]
    assert rounds(done)[1][1] is Level.INVALID
    assert isinstance(done.end, JobDone)


def test_a_job_of_marked_rounds_alone_fails_by_all_that_they_were_marked_for(run: Run) -> None:
    failed = run({"misdeed": "marked"}).end.payload
    assert failed.category is Category.BAD_OUTPUT
    assert failed.message == "cached: it had the answer already; shared: somebody else is here"
    assert "contradicts itself" not in failed.remedy
    assert "fix the cause that it names" in failed.remedy


def test_a_record_that_is_too_long_fails_its_round(run: Run) -> None:
    done = run({"misdeed": "huge", "only_round": 1})
    assert codes(done, 1) == ["bad_output"]
    assert done.of(RoundDone)[1].payload.record is None
    assert isinstance(done.end, JobDone)


def test_a_blocked_loop_makes_the_round_suspect(run: Run) -> None:
    done = run({"misdeed": "block", "only_round": 1, "block_s": 0.4})
    assert codes(done, 1) == ["loop_blocked"]
    assert rounds(done) == [(0, Level.VALID), (1, Level.SUSPECT), (2, Level.VALID)]
    assert isinstance(done.end, JobDone)


def test_a_loop_that_was_blocked_while_opening_marks_no_round(run: Run) -> None:
    done = run({"misdeed": "block", "when": "open", "block_s": 0.4})
    assert {level for _, level in rounds(done)} == {Level.VALID}


def test_a_round_over_its_limit_ends_the_job(run: Run) -> None:
    done = run({"misdeed": "hang", "only_round": 1}, timeout_s=0.3)
    assert isinstance(done.end, JobTimeout)
    assert "round 1" in done.end.payload.message
    assert "close lane-0" in [event.payload.message for event in done.of(Log)]


def test_a_round_that_swallows_its_time_out_ends_the_job_too(run: Run) -> None:
    done = run({"misdeed": "swallow_cancel", "only_round": 1}, timeout_s=0.3)
    assert isinstance(done.end, JobTimeout)


def test_a_thread_that_hangs_past_its_time_out_is_ended_from_outside(
    hanging: Callable[[str], JobResult],
) -> None:
    done = hanging("hang_thread")
    assert done.status == WorkerExit.DONE
    assert isinstance(done.end, JobTimeout)


def test_a_loop_that_is_silent_for_ten_seconds_ends_the_job(
    hanging: Callable[[str], JobResult],
) -> None:
    done = hanging("block")
    assert done.end.payload.category is Category.PLUGIN_ERROR
    assert "for 10 s" in done.end.payload.message
    assert "time.sleep(params.block_s)" in done.end.payload.detail


@pytest.mark.timeout(60)
def test_a_loop_that_keeps_the_interpreters_lock_ends_the_worker(
    hanging: Callable[[str], JobResult],
) -> None:
    done = hanging("hold_lock")
    assert done.status == 1
    assert "scripted.py" in done.log
    assert not any(isinstance(event, JobError | JobDone) for event in done.events)
