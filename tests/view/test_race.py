from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.events import (
    ComputeLine,
    JobCancelled,
    JobDone,
    JobError,
    LaneError,
    Level,
    LlmToken,
    Progress,
    RoundDone,
    RoundStart,
    RunLifecycle,
    Stream,
    Verdict,
    encode,
)
from benchrace.events import payloads as p
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.view.lane import LAST_LINES, MAX_LINE_CHARS, LaneState
from benchrace.view.race import RaceView

SECOND = 1_000_000_000


def metadata(
    lanes: int = 2, job_id: str | None = "j0123456789abcdef", rounds: int = 2
) -> RunMetadata:
    return RunMetadata(
        run_id="r",
        version="1",
        created_at=0,
        spec=RunSpec(kind="k"),
        state=RunState.RUNNING,
        kind="k",
        order=Order.ABBA,
        sync=Sync.FIRST_HEAT,
        salt="",
        rounds=rounds,
        warmup=1,
        lanes=tuple(
            RunLane(
                lane_id=f"lane-{n}",
                label=f"L{n}",
                machine_id="m",
                backend="b",
                params={},
                job_id=job_id,
            )
            for n in range(lanes)
        ),
    )


def line(
    type_: Any,
    payload: Any,
    at_s: float = 0,
    lane: int | None = 0,
    number: int | None = 0,
    **other: Any,
) -> bytes:
    envelope = {
        "run_id": "r",
        "job_id": "j0123456789abcdef",
        "machine_id": "m",
        "lane_id": None if lane is None else f"lane-{lane}",
        "round": number,
        "stream": Stream.WORK,
        "seq": 0,
        "t_ns": int(at_s * SECOND),
        "timestamp_s": at_s,
        **other,
    }
    return encode(type_(payload=payload, **envelope))


def start(lane: int, number: int, at_s: float) -> bytes:
    payload = p.RoundStartPayload(warmup=number == 0, heat=None, started_ns=0)
    return line(RoundStart, payload, at_s, lane, number)


def progress(lane: int, done: float, total: float | None, at_s: float) -> bytes:
    return line(Progress, p.ProgressPayload(done=done, total=total, unit="blocks"), at_s, lane)


def done(
    lane: int, number: int, at_s: float, took_s: float = 1, level: Level = Level.VALID
) -> bytes:
    payload = p.RoundDonePayload(
        warmup=number == 0,
        heat=None,
        elapsed_ns=int(took_s * SECOND),
        record=None,
        measured=(),
        verdict=Verdict(level),
        metrics_version=1,
    )
    return line(RoundDone, payload, at_s, lane, number)


def test_a_lane_goes_from_waiting_to_done() -> None:
    view = RaceView(metadata())
    (lane, other) = view.lanes
    assert (lane.state, lane.fraction, lane.remaining_ns, view.started) == (
        LaneState.WAITING,
        None,
        None,
        False,
    )
    view.feed(start(0, 0, 0) + progress(0, 1, 4, 1))
    lane = view.lanes[0]
    assert (lane.state, lane.fraction, lane.elapsed_ns) == (LaneState.WARMING, 0.25, SECOND)
    # A quarter took 1 s, so a round 4 s: 3 s of the warm-up and two rounds are left.
    assert lane.remaining_ns == 11 * SECOND
    view.feed(done(0, 0, 4, took_s=4))
    assert view.lanes[0].state is LaneState.RESTING
    view.feed(start(0, 1, 5) + progress(0, 3, 4, 8))
    lane = view.lanes[0]
    assert (lane.state, lane.round, lane.counted, lane.planned) == (LaneState.RUNNING, 1, 0, 2)
    assert (lane.done, lane.total, lane.unit, lane.seen_s) == (3, 4, "blocks", 8)
    assert lane.remaining_ns == 5 * SECOND
    view.feed(done(0, 1, 9, took_s=2) + start(0, 2, 9) + done(0, 2, 12, took_s=3))
    lane = view.lanes[0]
    assert (lane.state, lane.fraction, lane.remaining_ns) == (LaneState.DONE, 1, 0)
    assert (lane.last_ns, lane.best_ns, lane.place) == (3 * SECOND, 2 * SECOND, 1)
    assert view.lanes[1] == other


def test_places_are_the_order_of_finishing() -> None:
    view = RaceView(metadata(rounds=1))
    view.feed(done(1, 1, 1) + done(0, 1, 2))
    assert [lane.place for lane in view.lanes] == [2, 1]


def test_lines_and_text_keep_their_tail() -> None:
    view = RaceView(metadata())
    view.feed(start(0, 1, 0))
    for number in range(LAST_LINES + 2):
        view.feed(line(ComputeLine, p.ComputeLinePayload(line=f"{number}" + "x" * 9000)))
    shown = view.lanes[0].lines
    assert [item[0] for item in shown] == [str(n) for n in range(2, LAST_LINES + 2)]
    assert all(len(item) == MAX_LINE_CHARS for item in shown)
    view.feed(start(0, 2, 0))
    for text in ("Uni", "fied\nmem", "ory"):
        view.feed(line(LlmToken, p.LlmTokenPayload(text=text)))
    assert view.lanes[0].lines == ("Unified", "memory")


@pytest.mark.parametrize("total", [None, 0, -1])
def test_progress_without_a_total_has_no_fraction(total: float | None) -> None:
    view = RaceView(metadata())
    view.feed(start(0, 1, 0) + progress(0, 5, total, 1))
    assert (view.lanes[0].fraction, view.lanes[0].done) == (None, 5)
    view.feed(progress(0, 5, 4, 1))
    assert view.lanes[0].fraction == 1


def test_a_failed_lane_stays_failed_and_the_others_go_on() -> None:
    view = RaceView(metadata())
    failure = BenchraceError(Category.MISSING_MODEL, "none").failure()
    view.feed(line(LaneError, p.LaneErrorPayload(error=failure)))
    view.feed(start(0, 1, 1) + done(1, 1, 1) + line(JobDone, p.JobDonePayload(metrics={})))
    assert [lane.state for lane in view.lanes] == [LaneState.FAILED, LaneState.DONE]
    assert view.lanes[0].error == failure
    # A shortened lane is over with its job.
    assert view.lanes[1].place == 1


def test_the_end_of_a_job_ends_its_lanes() -> None:
    died = p.JobErrorPayload(category=Category.WORKER_DIED, message="killed", remedy="again")
    view = RaceView(metadata())
    view.feed(done(0, 1, 0) + done(0, 2, 0) + line(JobError, died, lane=None))
    assert [lane.state for lane in view.lanes] == [LaneState.DONE, LaneState.FAILED]
    assert view.lanes[1].error is not None
    view = RaceView(metadata())
    view.feed(line(JobCancelled, p.JobCancelledPayload(reason="x"), lane=None, job_id="other"))
    assert [lane.state for lane in view.lanes] == [LaneState.WAITING] * 2
    view.feed(line(JobCancelled, p.JobCancelledPayload(reason="x"), lane=None))
    assert [lane.state for lane in view.lanes] == [LaneState.CANCELLED] * 2
    view = RaceView(metadata())
    view.feed(line(JobDone, p.JobDonePayload(metrics={}), lane=None))
    assert view.lanes[0].state is LaneState.FAILED


def test_discarded_rounds_are_done_and_no_guide_to_time() -> None:
    view = RaceView(metadata())
    view.feed(done(0, 1, 1, level=Level.INVALID))
    assert (view.lanes[0].ended, view.lanes[0].counted) == (1, 0)
    assert view.lanes[0].best_ns is None


def test_a_run_begins_and_ends() -> None:
    view = RaceView(metadata(job_id=None))
    own: dict[str, Any] = {
        "job_id": None,
        "machine_id": None,
        "stream": Stream.CENTRAL,
        "lane": None,
    }
    view.feed(line(RunLifecycle, p.RunLifecyclePayload(phase=p.RunPhase.RUN_START), **own))
    assert (view.started, view.ended) == (True, False)
    view.feed(b"garbage\n" + start(9, 0, 0) + start(0, 0, 0).replace(b"round_start", b"novelty"))
    assert view.lanes == RaceView(metadata(job_id=None)).lanes
    view.feed(line(RunLifecycle, p.RunLifecyclePayload(phase=p.RunPhase.RUN_END), **own))
    assert view.ended
    assert {lane.state for lane in view.lanes} == {LaneState.CANCELLED}


@given(st.lists(st.integers(0, 4000), max_size=20))
def test_pieces_of_any_size_give_the_same_view(cuts: list[int]) -> None:
    log = start(0, 0, 0) + progress(0, 1, 2, 1) + done(0, 0, 2) + start(1, 0, 3) + done(1, 1, 4)
    whole, pieces = RaceView(metadata()), RaceView(metadata())
    whole.feed(log)
    for begin, end in pairwise([0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]):
        pieces.feed(log[begin:end])
    assert pieces.lanes == whole.lanes
