"""A log of simulated machines says so by itself, and so does all that is derived from it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.events import JobStart
from benchrace.events.payloads import JobStartPayload
from benchrace.run.document import document
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.stats import Fold
from benchrace.stats.comparison.change import Verdict
from benchrace.stats.comparison.compare import compare
from benchrace.stats.comparison.work import MIXED
from benchrace.stats.simulated import CODE
from benchrace.store.run_row import build_row
from tests.stats.conftest import Script, rate

Run = Callable[..., RunMetadata]


def start(simulated: bool) -> JobStartPayload:
    return JobStartPayload(
        kind="k",
        lanes=(),
        planned_rounds=5,
        monotonic_ns=0,
        boot_id=None,
        pid=1,
        version="1",
        simulated=simulated,
    )


def raced(metadata: RunMetadata, *, logged: bool = False, factor: float = 1.0) -> Any:
    """Return the document of a race of two lanes."""
    script, fold = Script(), Fold(metadata)
    fold.feed(script.event(JobStart, start(logged)))
    for number in range(5):
        for lane in range(2):
            fold.feed(script.done(lane, number, rate(factor * 1000, (lane + 1) * (100 + number))))
    return document(metadata, fold.summary())


def test_the_log_alone_marks_a_run(run: Run) -> None:
    race = raced(run(), logged=True)
    assert race.simulated
    assert [remark.code for remark in race.remarks][:1] == [CODE]
    assert race.result.headline.startswith("Simulated: Lane 0 ")
    real = raced(run())
    assert not real.simulated
    assert real.result.headline.startswith("Lane 0 ")


def test_the_plan_alone_marks_a_run(run: Run) -> None:
    metadata = msgspec.structs.replace(run(), simulated=True, state=RunState.DONE)
    race = raced(metadata)
    assert (race.simulated, race.result.headline) == (True, "Simulated: Lane 0 wins")
    assert build_row(metadata, None).simulated


@pytest.mark.parametrize("invented_first", [True, False])
def test_a_simulated_run_and_a_real_one_get_no_verdict(run: Run, invented_first: bool) -> None:
    sides = [raced(run(), logged=invented_first), raced(run(), logged=not invented_first, factor=2)]
    comparison = compare(*sides)
    for pair in comparison.lanes:
        assert (pair.work, pair.headline) == (MIXED, None)
        assert {metric.better for metric in pair.metrics} == {None}
        verdicts = {metric.change.verdict for metric in pair.metrics}
        assert verdicts <= {Verdict.NOT_COMPARABLE, Verdict.NOT_MEASURED}
        assert Verdict.NOT_COMPARABLE in verdicts
        assert "simulated machines" in {difference.field for difference in pair.differing}


def test_two_simulated_runs_compare_and_say_so(run: Run) -> None:
    pair = compare(raced(run(), logged=True), raced(run(), logged=True, factor=2)).lanes[0]
    assert pair.headline is not None
    assert pair.headline.startswith("Simulated: B is ")
