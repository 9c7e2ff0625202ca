"""How a kind reviews a round beside the earlier ones of its job, with real workers."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from benchrace.events import JobError, Level, RoundDone
from benchrace.testing import JobResult, job_lane, job_spec, plugin_ref, run_job

pytestmark = pytest.mark.slow

PLUGIN = """
from benchrace.plugin import *

class P(Params, frozen=True, kw_only=True):
    cost: int = 1

class R(Record, frozen=True, kw_only=True):
    cost: int

def derive(record, params):
    yield Measured(metric="cost", value=record.cost)

def review(current, earlier):
    if current.record.cost < 0:
        raise ZeroDivisionError("a review may be wrong")
    seen = " ".join(f"{each.lane_id}:{each.record.cost}" for each in earlier)
    if any(current.record.cost * 4 <= each.record.cost for each in earlier):
        yield Reason("too_cheap", f"after {seen}")

KIND = Kind(name="costing", title="Costing", params=P, record=R, derive=derive, review=review,
            metrics=(Metric(name="cost", title="Cost", unit="u", better=Better.LOWER,
                            headline=True),))

class One(Backend):
    name, title = "one", "One"
    workloads = (Workload(kind=KIND),)

    async def round(self, lane, context):
        if lane.params.cost == 99:
            context.invalid("wrong", "it does not count")
        if lane.params.cost == 98:
            context.invalid("simulated", "a mock answered")
        return R(cost=lane.params.cost)

class Two(One):
    name, title = "two", "Two"

@hookimpl
def benchrace_backends():
    return [One, Two]

@hookimpl
def benchrace_kinds():
    return [KIND]
"""


def play(tmp_path: Path, *lanes: tuple[str, int], warmup: int = 0) -> JobResult:
    (tmp_path / "costing.py").write_text(dedent(PLUGIN))
    job_lanes = [job_lane(at, name, {"cost": cost}) for at, (name, cost) in enumerate(lanes)]
    return run_job(
        job_spec("costing", job_lanes, rounds=1, warmup=warmup),
        tmp_path,
        [plugin_ref("costing")],
        environment={"PYTHONPATH": str(tmp_path)},
    )


def reasons(done: JobResult) -> list[list[str]]:
    rounds: list[Any] = [event.payload for event in done.of(RoundDone)]
    assert all(
        round_.verdict.level is not Level.VALID for round_ in rounds if round_.verdict.reasons
    )
    return [[f"{r.code} {r.text}" for r in round_.verdict.reasons] for round_ in rounds]


def test_a_round_is_compared_with_those_of_all_backends(tmp_path: Path) -> None:
    done = play(tmp_path, ("one", 40), ("two", 10), ("one", 20))
    assert reasons(done) == [[], ["too_cheap after lane-0:40"], []]


def test_warmups_are_earlier_rounds_too(tmp_path: Path) -> None:
    done = play(tmp_path, ("one", 40), ("two", 10), warmup=1)
    assert reasons(done)[-1] == ["too_cheap after lane-0:40 lane-0:40"]


@pytest.mark.parametrize("cost", [99, 98])
def test_rounds_that_do_not_count_are_no_measure(tmp_path: Path, cost: int) -> None:
    assert reasons(play(tmp_path, ("one", cost), ("two", 10)))[1] == []


def test_a_review_that_raises_is_a_bug_of_the_plugin(tmp_path: Path) -> None:
    done = play(tmp_path, ("one", -1))
    (error,) = done.of(JobError)
    payload: Any = error.payload
    assert payload.category == "plugin_error"
    assert "reviewing a round of costing" in payload.message
