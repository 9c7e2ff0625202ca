"""The unit of a column, and its header."""

from collections.abc import Callable

import msgspec

from benchrace.cli.race import table
from benchrace.kinds import Estimator
from benchrace.run.document import RunDocument
from tests.cli.race.test_table import printed

Race = Callable[..., RunDocument]


def test_a_header_says_a_word_once() -> None:
    assert table.header("Primes", "Mprimes/s") == "Primes, M/s"
    assert table.header("Elapsed", "ms") == "Elapsed, ms"
    assert table.header("Primes", "primes") == "Primes"


def test_all_digits_of_an_exact_count_are_shown(race: Race) -> None:
    run = race(labels=("calm", "wild"))
    replace = msgspec.structs.replace
    lanes = tuple(
        replace(
            lane,
            summary={
                name: replace(metric, estimator=Estimator.COUNT, value=50_847_534.0)
                for name, metric in lane.summary.items()
            },
        )
        for lane in run.lanes
    )
    lines = printed(table.result_table(replace(run, lanes=lanes), 110)).splitlines()
    assert "Rate, 1/s" in lines[0]
    assert all("50,847,534" in line for line in lines[1:3])
