from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.events import (
    ClockStep,
    JobCancelled,
    JobDone,
    JobError,
    JobTimeout,
    LaneError,
    Level,
    Measured,
    Preview,
    RunLifecycle,
    Stream,
)
from benchrace.events.payloads import (
    ClockStepPayload,
    JobCancelledPayload,
    JobDonePayload,
    JobErrorPayload,
    JobTimeoutPayload,
    LaneErrorPayload,
    PreviewPayload,
    RunLifecyclePayload,
    RunPhase,
)
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import LaneSummary
from benchrace.stats import Fold
from tests.stats.conftest import TIME, rate

Run = Callable[..., RunMetadata]
Rounds = Callable[..., bytes]


def lane(fold: Fold, number: int = 0) -> LaneSummary:
    return fold.summary().lanes[number]


def test_warm_ups_and_invalid_rounds_are_kept_and_never_counted(run: Run, script: Any) -> None:
    fold = Fold(run())
    fold.feed(script.done(0, 0, Measured(metric="time", value=900), warmup=True))
    fold.feed(script.done(0, 1, Measured(metric="time", value=10)))
    fold.feed(script.done(0, 2, Measured(metric="time", value=700), level=Level.INVALID))
    fold.feed(script.done(0, 3, Measured(metric="time", value=14), level=Level.SUSPECT))
    result = lane(fold)
    assert (result.summary["time"].n, result.summary["time"].value) == (2, 12)
    assert [round_.round for round_ in result.rounds] == [0, 1, 2, 3]
    assert (result.counted, result.discarded, result.verdict) == (2, 1, Level.SUSPECT)
    assert [mark.text for mark in result.marks] == ["because SUSPECT"]


def test_a_lane_ahead_that_lost_a_round_is_no_winner(run: Run, script: Any) -> None:
    fold = Fold(run(2, [TIME]))
    for number in range(5):
        level = Level.INVALID if number == 2 else Level.VALID
        fold.feed(
            script.done(0, number, Measured(metric="time", value=10 + number / 100), level=level)
        )
        fold.feed(script.done(1, number, Measured(metric="time", value=20 + number / 100)))
    summary = fold.summary()
    assert [lane.missing for lane in summary.lanes] == [1, 0]
    assert summary.winner is None
    assert summary.winner_reason is not None
    assert "lacks rounds: 4 of 5 rounds" in summary.winner_reason


def test_a_lane_that_was_given_up_lacks_the_rounds_it_never_ran(run: Run, script: Any) -> None:
    fold = Fold(run())
    fold.feed(script.done(0, 0, warmup=True) + script.done(0, 1))
    assert lane(fold).missing == 0
    error = BenchraceError(Category.UNREACHABLE, "the engine is gone").failure()
    fold.feed(script.event(LaneError, LaneErrorPayload(error=error), lane=0))
    assert (lane(fold).counted, lane(fold).discarded, lane(fold).missing) == (1, 0, 4)
    assert fold.lanes[0].cause == error


def test_a_lane_whose_rounds_were_all_discarded_is_invalid_and_says_why(
    run: Run, script: Any
) -> None:
    fold = Fold(run())
    assert lane(fold).verdict is None
    fold.feed(script.done(0, 0, level=Level.SUSPECT, warmup=True))
    assert lane(fold).verdict is None
    fold.feed(script.done(0, 1, level=Level.INVALID) + script.done(0, 2, level=Level.INVALID))
    result = lane(fold)
    assert (result.verdict, len(result.marks)) == (Level.INVALID, 1)
    assert result.summary["time"].reason == "no counted round"


def test_duplicates_unknown_tags_other_attempts_and_garbage_change_nothing(
    run: Run, script: Any, rounds: Rounds
) -> None:
    log = rounds(0, (1, 1), (3, 1))
    fold, bare = Fold(run()), Fold(run())
    bare.feed(log)
    newer = script.done(0, 2).replace(b'"round_done"', b'"round_thought_of"')
    other = script.done(0, 3, job_id="an earlier attempt")
    stranger = script.done(7, 0)
    fold.feed(log + newer + other + stranger + b"\n\nnot json\n" + log)
    assert fold.summary() == bare.summary()
    assert fold.unreadable == 1


def test_a_run_before_its_jobs_have_names_takes_any(run: Run, rounds: Rounds) -> None:
    fold = Fold(run(job_id=None))
    fold.feed(rounds(0, (1, 1)))
    assert lane(fold).counted == 1


def test_a_lane_that_could_not_be_opened_has_its_error(run: Run, script: Any) -> None:
    fold = Fold(run())
    failure = BenchraceError(Category.MISSING_MODEL, "no such model").failure()
    fold.feed(script.event(LaneError, LaneErrorPayload(error=failure), 1))
    assert lane(fold, 0).error is None
    assert lane(fold, 1).error == failure


@pytest.mark.parametrize(
    ("type_", "payload", "category"),
    [
        (
            JobError,
            JobErrorPayload(
                category=Category.WORKER_DIED, message="killed", remedy="again", detail="Traceback"
            ),
            Category.WORKER_DIED,
        ),
        (
            JobTimeout,
            JobTimeoutPayload(category=Category.TIMEOUT_IDLE, message="slow", remedy="wait"),
            Category.TIMEOUT_IDLE,
        ),
        (JobCancelled, JobCancelledPayload(reason="by hand"), Category.CANCELLED),
    ],
)
def test_a_job_s_end_fails_the_lanes_that_it_cut_off(
    run: Run, script: Any, type_: Any, payload: Any, category: Category
) -> None:
    fold = Fold(run(lanes=2))
    for number in range(6):
        fold.feed(script.done(0, number, warmup=number == 0))
    fold.feed(script.event(type_, payload))
    fold.feed(
        script.event(
            JobCancelled, JobCancelledPayload(reason="later"), machine_id="x", job_id="other"
        )
    )
    assert lane(fold, 0).error is None
    error = lane(fold, 1).error
    assert error is not None
    assert error.category is category


def test_an_interrupted_run_says_so_in_the_lanes_that_were_cut_off(run: Run, script: Any) -> None:
    fold = Fold(run(lanes=2))
    for number in range(6):
        fold.feed(script.done(0, number, warmup=number == 0))
    over = RunLifecyclePayload(phase=RunPhase.RUN_END, state="interrupted", reason="not heard")
    fold.feed(script.event(RunLifecycle, over, job_id=None, stream=Stream.CENTRAL))
    assert lane(fold, 0).error is None
    error = lane(fold, 1).error
    assert error is not None
    assert (error.category, error.message) == (Category.INTERRUPTED, "not heard")


@pytest.mark.parametrize("unsettled", [False, True])
def test_another_lane_s_loss_does_not_fail_an_adaptive_lane_that_had_ended(
    run: Run, script: Any, unsettled: bool
) -> None:
    metadata = run(lanes=2)
    lanes = [
        msgspec.structs.replace(lane, job_id=f"j{number}")
        for number, lane in enumerate(metadata.lanes)
    ]
    spec = msgspec.structs.replace(metadata.spec, rounds="auto")
    fold = Fold(msgspec.structs.replace(metadata, spec=spec, rounds=30, lanes=tuple(lanes)))
    for number in range(12):
        amount = 150.0 if unsettled and number % 2 else 100.0
        fold.feed(script.done(0, number, rate(amount, 1.0), job_id="j0"))
    assert fold.settled("lane-0") is not unsettled
    if unsettled:
        # As a round that had begun when the lane was settled can make it.
        fold.feed(script.event(JobDone, JobDonePayload(metrics={}), job_id="j0"))
    over = RunLifecyclePayload(phase=RunPhase.RUN_END, state="interrupted", reason="B stopped")
    fold.feed(script.event(RunLifecycle, over, job_id=None, stream=Stream.CENTRAL))
    assert lane(fold, 0).error is None
    assert lane(fold, 1).error is not None


def test_heat_starts_are_kept(run: Run, script: Any) -> None:
    fold = Fold(run())
    began = RunLifecyclePayload(
        phase=RunPhase.HEAT_START, heat=0, spread_ns=5, uncertainty_ns=7, staggered=True
    )
    fold.feed(script.event(RunLifecycle, began, job_id=None, stream=Stream.CENTRAL))
    fold.feed(script.event(RunLifecycle, RunLifecyclePayload(phase=RunPhase.RUN_END)))
    (heat,) = fold.summary().heats
    assert (heat.heat, heat.spread_ns, heat.uncertainty_ns, heat.staggered) == (0, 5, 7, True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 5000), max_size=40), seed=st.integers())
def test_pieces_of_any_size_and_any_order_of_rounds_give_the_same(
    run: Run, script: Any, cuts: list[int], seed: int
) -> None:
    random = Random(seed)
    lines = [
        script.done(
            number % 2,
            number // 2,
            Measured(
                metric="rate",
                value=random.random(),
                numerator=random.random(),
                denominator=1 + random.random(),
            ),
            level=random.choice(list(Level)),
        )
        for number in range(12)
    ]
    log = b"".join(lines)
    whole, pieces, shuffled = Fold(run()), Fold(run()), Fold(run())
    whole.feed(log)
    at = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for start, end in pairwise(at):
        pieces.feed(log[start:end])
        pieces.summary()
    random.shuffle(lines)
    shuffled.feed(b"".join(lines))
    assert pieces.summary() == whole.summary() == shuffled.summary()


def test_bytes_after_the_last_newline_never_existed(run: Run, script: Any) -> None:
    fold = Fold(run())
    fold.feed(script.done(0, 0)[:-1])
    assert lane(fold).rounds == ()
    fold.feed(b"\n")
    assert len(lane(fold).rounds) == 1


def test_a_summary_is_json_of_the_documented_shape(run: Run, rounds: Rounds) -> None:
    fold = Fold(run())
    fold.feed(rounds(0, (1, 1), (3, 1)))
    document = msgspec.json.decode(msgspec.json.encode(fold.summary()))
    result = document["lanes"][0]
    assert {"n", "mean", "median", "sd", "cv", "ci95", "unit", "better"} <= set(
        result["summary"]["rate"]
    )
    assert {"round", "warmup", "heat", "verdict", "reasons", "measured"} <= set(result["rounds"][0])
    assert result["rounds"][0]["verdict"] == "VALID"
    assert len(result["summary"]["rate"]["ci95"]) == 2


def test_a_round_counts_once_however_often_it_is_told(run: Run, script: Any) -> None:
    fold = Fold(run())
    fold.feed(script.done(0, 1, Measured(metric="time", value=1)))
    fold.feed(script.done(0, 1, Measured(metric="time", value=99)))
    assert lane(fold).summary["time"].value == 1


def test_clocks_that_were_set_are_remarked_on_by_machine(run: Run, script: Any) -> None:
    fold = Fold(run())
    assert fold.summary().remarks == ()
    for step_s in (3600.0, -3600.04):
        line = script.event(ClockStep, ClockStepPayload(step_s=step_s))
        fold.feed(line + line)
    fold.feed(script.event(ClockStep, ClockStepPayload(step_s=1.5), machine_id=None, job_id=None))
    central, machine = fold.summary().remarks
    assert (central.code, machine.code) == ("clock_stepped", "clock_stepped")
    assert central.text.startswith("the wall clock of central moved by +1.5 s during the run")
    assert machine.text.startswith("the wall clock of m moved by +3600.0 s, -3600.0 s during")


def test_what_is_only_shown_is_not_decoded(
    run: Run, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    monkeypatch.setattr(Fold, "_event", lambda _, line: decoded.append(line))
    Fold(run()).feed(script.event(Preview, PreviewPayload(media_type="image/png", data=b"x"), 0))
    assert decoded == []
