"""What stands beside a change in the terminal: its interval, or why there is none."""

import msgspec

from benchrace.cli.runs.compare_report import certainty
from benchrace.events import Measured
from benchrace.kinds import Better
from benchrace.run.summary import MetricSummary
from benchrace.stats.comparison.change import change
from benchrace.stats.comparison.compare import MetricPair
from benchrace.stats.comparison.difference import Difference
from benchrace.stats.estimate import estimated
from tests.stats.conftest import TIME

STEADY, QUICK = (10.0, 10.1, 9.9), (5.0, 5.1, 4.9)


def beside(
    a: tuple[float, ...],
    b: tuple[float, ...],
    ahead: str | None = None,
    better: Better = TIME.better,
) -> str:
    """Return the cell for two lanes whose rounds took these times."""

    def summary(values: tuple[float, ...]) -> MetricSummary:
        rounds = [Measured(metric="time", value=value) for value in values]
        return msgspec.structs.replace(estimated(TIME, rounds).summary, better=better)

    one, other = summary(a), summary(b)
    return certainty(
        MetricPair(
            name="time",
            title="Time",
            unit="ms",
            direction=better,
            headline=True,
            a=one,
            b=other,
            difference=Difference(value=None),
            better=ahead,
            change=change(one, other, ahead=ahead, comparable=True),
        )
    )


def test_an_interval_stands_alone_where_the_change_is_clear() -> None:
    assert beside(STEADY, QUICK, "b") == "95 % interval 1.9 to 2.1x"
    # A metric in which neither direction is better has an interval, too.
    assert beside(STEADY, QUICK, "b", Better.NONE).startswith("95 % interval ")


def test_more_rounds_stand_beside_what_they_would_decide() -> None:
    close = beside(STEADY, (10.1, 10.2, 10.0))
    assert close == "95 % interval −3.2 to 1.3 %; 14 more rounds in each would probably decide it"
    wild = beside(STEADY, (1.0, 1000.0, 10.0))
    assert wild.startswith("the rounds vary too much for an interval; ")
    assert wild.endswith(" more rounds in each would probably decide it")


def test_what_is_missing_is_named() -> None:
    assert beside(STEADY, (5.0,)) == "one round has no spread and no interval"
    assert beside(STEADY, ()) == "the new run has no value: no counted round"
