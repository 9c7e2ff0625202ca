from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events import Level
from benchrace.run.machine import MachineView
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.completion import with_automatic
from benchrace.run.planning.duration import LaneTimes, estimate, lane_times
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from benchrace.run.summary import LaneSummary, RoundSummary, RunSummary
from tests.run.conftest import resolve

View = Callable[..., MachineView]
SECOND = 1_000_000_000
NO_ERRORS: Mapping[str, Failure] = {}


def run(machines: Sequence[MachineView], *lanes: dict[str, Any], **other: Any) -> RunMetadata:
    specs = tuple(LaneSpec(params=params) for params in lanes)
    return resolve(RunSpec(kind="compute", lanes=specs, **other), machines)


def over(
    planned: RunMetadata,
    rounds_s: Mapping[str, Sequence[float]],
    wall_s: float,
    errors: Mapping[str, Failure] = NO_ERRORS,
) -> LaneTimes | None:
    """Return the times of a run that has ended."""
    lanes = tuple(
        LaneSummary(
            lane_id=lane.lane_id,
            label=lane.label,
            machine_id=lane.machine_id,
            backend=lane.backend,
            counted=0,
            discarded=0,
            verdict=None,
            marks=(),
            error=errors.get(lane.lane_id),
            summary={},
            rounds=tuple(
                RoundSummary(
                    round=place,
                    warmup=False,
                    heat=None,
                    verdict=Level.VALID,
                    reasons=(),
                    measured=(),
                    elapsed_ns=round(seconds * SECOND),
                )
                for place, seconds in enumerate(rounds_s.get(lane.lane_id, ()))
            ),
        )
        for lane in planned.lanes
    )
    finished = msgspec.structs.replace(planned, started_at=100.0, ended_at=100.0 + wall_s)
    summary = RunSummary(
        run_id="r", lanes=lanes, heats=(), standing=None, winner=None, winner_reason=None
    )
    return lane_times(finished, summary)


def ended(times: LaneTimes | None) -> LaneTimes:
    assert times is not None
    return times


def test_lanes_of_a_machine_take_turns_and_machines_run_beside_each_other(view: View) -> None:
    machines = [view("a"), view("b")]
    planned = run(machines, {"n": 1}, {"n": 2}, rounds=9, warmup=1)
    rounds_s = {"lane-0": [1, 3], "lane-1": [1], "lane-2": [4], "lane-3": [1]}
    times = ended(over(planned, rounds_s, wall_s=5))
    # Machine a: 2 s and 4 s a round; b has 1 s and 1 s; ten rounds of each.
    assert estimate(planned, [times]).duration_ns == 60 * SECOND


def test_what_a_run_took_beside_its_rounds_is_shared_out(view: View) -> None:
    planned = run([view()], {"n": 1}, rounds=4, warmup=0)
    times = ended(over(planned, {"lane-0": [2, 2]}, wall_s=6))
    assert estimate(planned, [times]).duration_ns == 12 * SECOND


def test_the_newest_run_of_the_same_work_counts(view: View) -> None:
    planned = run([view()], {"n": 1}, rounds=1, warmup=0)
    new, old = (ended(over(planned, {"lane-0": [s]}, wall_s=s)) for s in (3, 7))
    other = ended(over(run([view()], {"n": 2}), {"lane-0": [90]}, wall_s=90))
    assert estimate(planned, [other, new, old]).duration_ns == 3 * SECOND


def test_a_default_that_is_left_out_is_the_same_work(view: View) -> None:
    checked = run([view()], {"n": 1, "algorithm": "segmented_sieve"}, rounds=1, warmup=0)
    times = ended(over(checked, {"lane-0": [3]}, wall_s=3))
    assert estimate(run([view()], {"n": 1}, rounds=1, warmup=0), [times]).duration_ns == 3 * SECOND


@pytest.mark.parametrize("lanes", [[], [{"n": 1}]])
def test_what_never_ran_is_not_guessed(view: View, lanes: list[dict[str, Any]]) -> None:
    earlier = [ended(over(run([view()], *lanes), {"lane-0": [1]}, 1))] if lanes else []
    answer = estimate(run([view()], {"n": 1}, {"n": 2}, {"n": 3}), earlier)
    assert answer.duration_ns is None
    assert answer.reason is not None
    assert answer.reason.startswith("no comparable earlier run of ")


def test_open_numbers_of_rounds_have_no_estimate(view: View) -> None:
    planned = run([view()], {"n": 1}, rounds="auto")
    times = ended(over(planned, {"lane-0": [1]}, wall_s=1))
    assert estimate(planned, [times]).duration_ns is None


def test_calibrated_work_is_as_long_again_only_among_the_same_lanes(view: View) -> None:
    both = run([view()], {"n": "auto"}, {"n": "auto", "threads": 1}, rounds=1, warmup=0)
    settled = with_automatic(both, {"n": 500})
    times = ended(over(settled, {"lane-0": [1], "lane-1": [2]}, wall_s=3))
    assert estimate(both, [times]).duration_ns == 3 * SECOND
    alone = run([view()], {"n": "auto"}, rounds=1, warmup=0)
    assert estimate(alone, [times]).duration_ns is None


def test_a_run_that_lacks_a_lane_or_its_end_says_nothing(view: View) -> None:
    planned = run([view()], {"n": 1}, {"n": 2})
    assert over(planned, {"lane-0": [1]}, wall_s=1) is None
    assert over(planned, {"lane-0": [0], "lane-1": [0]}, wall_s=1) is None


def test_the_finished_rounds_of_a_cancelled_run_count_and_its_waits_do_not(view: View) -> None:
    both = run([view()], {"n": "auto"}, {"n": "auto", "threads": 1}, rounds=10, warmup=0)
    settled = with_automatic(both, {"n": 500})
    cancelled = msgspec.structs.replace(settled, state=RunState.CANCELLED)
    errors = {
        lane: BenchraceError(Category.CANCELLED, "x").failure() for lane in ("lane-0", "lane-1")
    }
    times = ended(over(cancelled, {"lane-0": [1, 1], "lane-1": [2]}, 900, errors))
    assert estimate(both, [times]).duration_ns == 30 * SECOND
    # A lane without a finished round is the only one that is not known.
    partly = ended(over(cancelled, {"lane-0": [1]}, 900, errors))
    reason = estimate(both, [partly]).reason
    assert reason is not None
    assert reason.startswith("no comparable earlier run of ")
    assert "more" not in reason
    assert over(cancelled, {}, 900, errors) is None


def test_a_run_that_failed_says_nothing(view: View) -> None:
    planned = run([view()], {"n": 1})
    for state, category in (
        (RunState.CANCELLED, Category.BAD_OUTPUT),
        (RunState.FAILED, Category.CANCELLED),
    ):
        ended_so = msgspec.structs.replace(planned, state=state)
        errors = {"lane-0": BenchraceError(category, "x").failure()}
        assert over(ended_so, {"lane-0": [1]}, 1, errors) is None
