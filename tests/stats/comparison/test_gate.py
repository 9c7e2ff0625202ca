"""What a gate finds: worse, unknown, or passed, for each headline metric of each lane."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.run.document import RunDocument, document
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold
from benchrace.stats.comparison.gate import Checked, Outcome, gate
from benchrace.stats.comparison.several import compare_runs
from tests.stats.conftest import RATE, TIME, rate

STEADY = (100.0, 100.5, 99.5, 100.2, 99.8)
# They vary so much that the interval of a ratio has no upper end.
WILD = (1.0, 1000.0, 10.0, 3.0, 5.0)
Documents = Callable[..., RunDocument]


@pytest.fixture
def documents(run: Callable[..., RunMetadata], script: Any) -> Documents:
    """A run with lanes by label; the rounds of each take these times."""

    def make(n: int = 1000, **lanes: tuple[float, ...]) -> RunDocument:
        metrics = [RATE, msgspec.structs.replace(TIME, headline=True)]
        metadata = run(lanes=len(lanes), metrics=metrics)
        schema = {"properties": {"n": {"title": "N"}}}
        described = {
            name: msgspec.structs.replace(workload, work=("n",), params_schema=schema)
            for name, workload in metadata.workloads.items()
        }
        labelled = tuple(
            msgspec.structs.replace(lane, label=label, params={"n": n})
            for lane, label in zip(metadata.lanes, lanes, strict=True)
        )
        metadata = msgspec.structs.replace(metadata, lanes=labelled, workloads=described)
        fold = Fold(metadata)
        for at, times in enumerate(lanes.values()):
            for number, ms in enumerate(times):
                fold.feed(script.done(at, number, rate(n, ms), Measured(metric="time", value=ms)))
        return document(metadata, fold.summary())

    return make


def times(factor: float) -> tuple[float, ...]:
    return tuple(value * factor for value in STEADY)


def check(a: RunDocument, b: RunDocument, over: float = 0.0) -> tuple[Checked, ...]:
    return gate(compare_runs([a, b]), a, over)


def outcomes(a: RunDocument, b: RunDocument, over: float = 0.0) -> dict[str | None, Outcome]:
    return {one.metric: one.outcome for one in check(a, b, over)}


def test_each_metric_is_judged_in_its_own_direction(documents: Documents) -> None:
    slow, quick = documents(a=times(1.2)), documents(a=STEADY)
    assert set(outcomes(quick, slow).values()) == {Outcome.WORSE}
    assert set(outcomes(quick, slow)) == {"Rate", "Time"}
    assert set(outcomes(slow, quick).values()) == {Outcome.PASSED}
    assert set(outcomes(quick, quick).values()) == {Outcome.PASSED}


def test_what_is_worse_by_no_more_than_the_threshold_passes(documents: Documents) -> None:
    a, b = documents(a=STEADY), documents(a=times(1.25))
    assert check(a, b)[0].text == "20 % slower (95 % interval −20 to −20 %)"
    assert set(outcomes(a, b, over=0.19).values()) == {Outcome.WORSE}
    assert set(outcomes(a, b, over=0.21).values()) == {Outcome.PASSED}


def test_what_varies_too_much_is_unknown_with_its_reason(documents: Documents) -> None:
    one = check(documents(a=WILD), documents(a=STEADY))[-1]
    assert (one.metric, one.outcome) == ("Time", Outcome.UNKNOWN)
    assert one.text == "the rounds vary too much for an interval"
    (short, *_) = check(documents(a=STEADY), documents(a=(100.0,)))
    assert short.outcome is Outcome.UNKNOWN
    assert short.text == "one round has no spread and no interval"


def test_a_lane_of_the_baseline_that_is_gone_is_unknown(documents: Documents) -> None:
    a, b = documents(a=STEADY, b=STEADY), documents(a=STEADY)
    assert [(one.lane, one.metric, one.outcome) for one in check(a, b)][-1] == (
        "b",
        None,
        Outcome.UNKNOWN,
    )
    # A lane that only the new run has is compared with nothing.
    assert {one.lane for one in check(b, a)} == {"a"}


def test_a_lane_without_rounds_is_unknown(documents: Documents) -> None:
    a, b = documents(a=STEADY), documents(a=())
    (one, *_) = check(a, b)
    assert (one.outcome, one.text) == (
        Outcome.UNKNOWN,
        "the new run has no value: no counted round",
    )
    (nothing,) = check(b, b)
    assert (nothing.metric, nothing.outcome) == (None, Outcome.UNKNOWN)


def test_of_other_work_only_rates_are_checked(documents: Documents) -> None:
    a, b = documents(a=STEADY), documents(n=500, a=STEADY)
    assert outcomes(a, b) == {"Rate": Outcome.WORSE}


def test_each_further_run_is_checked(documents: Documents) -> None:
    a, c = documents(a=STEADY), documents(a=times(2))
    checked = gate(compare_runs([a, a, c]), a)
    assert [(one.run, one.outcome) for one in checked if one.metric == "Rate"] == [
        ("B", Outcome.PASSED),
        ("C", Outcome.WORSE),
    ]
