"""Differences within the error of the stamps are a tie."""

from typing import Any

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.kinds import LLM, Kind
from benchrace.kinds.metric import Better, Estimator, Metric
from benchrace.run.summary import MetricSummary
from benchrace.stats.timing_error import Stamped, largest, stamps, tie
from tests.stats.text_run import COLD, Log, ratio, run

FIRST = Metric(
    name="ttft_ms", title="T", unit="ms", better=Better.LOWER, headline=True, stamped=True
)
UNSTAMPED = msgspec.structs.replace(FIRST, stamped=False)


def kind(metric: Metric) -> Kind:
    return Kind(
        name="k",
        title="K",
        params=LLM.params,
        record=LLM.record,
        metrics=(metric,),
        derive=LLM.derive,
    )


def machine(bias: Any, jitter: Any) -> dict[str, Any]:
    return {"timing": {"bias_ms": bias, "jitter_ms": jitter}}


def places(of: Kind, machines: dict[str, Any], where: tuple[str, str], *values: float) -> list[int]:
    log = Log(
        run(*({**COLD, "machine": machine_id} for machine_id in where), kind=of, machines=machines)
    )
    for lane, value in enumerate(values):
        for number in range(4):
            log.done(lane, number, Measured(metric="ttft_ms", value=value + number * 1e-6))
    standing = log.fold.standing()
    assert standing is not None
    return [place.place or 0 for place in standing.places]


@pytest.mark.parametrize(
    ("machines", "where", "values", "expected"),
    [
        ({}, ("m", "m"), (10.0, 10.3), [1, 2]),
        ({"m": machine(0.1, 0.3)}, ("m", "m"), (10.0, 10.3), [1, 1]),
        ({"m": machine(0.1, 0.3)}, ("m", "m"), (10.0, 10.5), [1, 2]),
        ({"m": machine(0.1, 0.3), "n": machine(0.1, 0.2)}, ("m", "n"), (10.0, 10.6), [1, 1]),
        ({"m": machine(0.1, 0.3), "n": machine(0.1, 0.2)}, ("m", "n"), (10.0, 10.8), [1, 2]),
        ({"m": machine(0.1, 0.3)}, ("m", "n"), (10.0, 10.3), [1, 1]),
    ],
)
def test_a_time_within_the_error_of_its_machines_is_a_tie(
    machines: dict[str, Any], where: tuple[str, str], values: Any, expected: list[int]
) -> None:
    assert places(kind(FIRST), machines, where, *values) == expected


def test_what_is_not_stamped_has_no_such_tie() -> None:
    machines = {"m": machine(0.1, 0.3)}
    assert places(kind(UNSTAMPED), machines, ("m", "m"), 10.0, 10.3) == [1, 2]


@pytest.mark.parametrize(("apart", "expected"), [(1.0, [1, 1]), (3.0, [1, 2])])
def test_a_rate_has_the_error_of_its_span(apart: float, expected: list[int]) -> None:
    # 100 tokens in a second, stamped within 20 ms: 2 tokens/s.
    log = Log(run(COLD, COLD, machines={"m": machine(5, 15)}))
    for lane, tokens in enumerate((100.0, 100.0 - apart)):
        for number in range(4):
            log.done(lane, number, ratio("gen_tokens_per_s", tokens + number * 1e-6, 1.0))
    standing = log.fold.standing()
    assert standing is not None
    assert [place.place for place in standing.places] == expected


@pytest.mark.parametrize(
    "timing",
    [None, {}, 7, {"timing": None}, machine("a", 1), machine(-1, 1), machine(None, 1)],
)
def test_a_machine_that_tells_nonsense_tells_nothing(timing: Any) -> None:
    assert stamps({"m": timing}) == {}
    assert stamps({"m": machine(0.25, 0.5)}) == {"m": 0.75}


def test_the_error_of_a_shared_load_is_that_of_its_worst_machine() -> None:
    errors = {"a": 0.1, "b": 0.5, "c": 0.2}
    figure = MetricSummary(
        title="T",
        unit="ms",
        better=Better.LOWER,
        estimator=Estimator.SAMPLE,
        n=4,
        value=10.0,
        stamped=True,
    )
    shared, alone = Stamped(("a", "b"), figure), Stamped(("c",), figure)
    assert tie(shared, alone, errors) == pytest.approx(0.7)
    assert tie(shared, shared, errors) == 0.5
    assert (largest(("a", "c"), errors), largest(("z",), errors)) == (0.2, None)
