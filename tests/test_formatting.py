"""Values as text: the table that the page is held to as well, and what holds for all values."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace import formatting
from benchrace.formatting import DASH, digits, duration, interval, number, quantity, scale

TABLE = json.loads(Path(__file__).with_name("formatting.json").read_text())
GROUPS = [(name, cases) for group in ("both", "python") for name, cases in TABLE[group].items()]


def column(values: tuple[float, ...], unit: str) -> str:
    """Return the head of a column, its values, and the interval from the first to the last."""
    by = scale(values, unit)
    return f"{by.unit}: {', '.join(map(by.text, values))}; {by.interval((values[0], values[-1]))}"


SPECIAL: dict[str, Callable[..., str]] = {
    "exact_quantity": partial(quantity, exact=True),
    "column": column,
}
NOT_FINITE = ("NaN", "Infinity", "-Infinity")

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30)


def argument(value: Any) -> Any:
    """Return a value of the table: JSON has no NaN, and infinities neither."""
    if isinstance(value, list):
        return tuple(map(argument, value))
    return float(value) if value in NOT_FINITE else value


@pytest.mark.parametrize(("name", "cases"), GROUPS, ids=[name for name, _ in GROUPS])
def test_values_have_the_texts_of_the_table(name: str, cases: list[list[Any]]) -> None:
    say = SPECIAL.get(name) or getattr(formatting, name)
    texts = [(*case[:-1], say(*map(argument, case[:-1]))) for case in cases]
    assert texts == [(*case[:-1], DASH if case[-1] is None else case[-1]) for case in cases]


def test_every_function_is_in_the_table() -> None:
    unlisted = {"DASH", "Scale", "TIMES_NS", "scale"}
    assert set(formatting.__all__) - unlisted == {*TABLE["both"], *TABLE["python"]} - {*SPECIAL}


def value_of(text: str) -> float:
    return float(text.replace(",", "").replace("\u2212", "-"))


@given(finite)
def test_digits_are_near_what_they_stand_for(value: float) -> None:
    assert value_of(digits(value)) == pytest.approx(value, rel=6e-3)


@given(finite)
def test_a_prefix_leaves_at_most_three_digits_before_the_point(value: float) -> None:
    assert re.fullmatch(
        r"\u2212?(\d{1,3}(\.\d+)?|\d\.\d\de-?\d+|\de-?\d+)( [kMGTPE])?", number(value)
    )


@given(st.floats(min_value=0, max_value=59.9e9))
def test_a_short_duration_has_at_most_three_digits_before_the_point(ns: float) -> None:
    assert re.fullmatch(r"\d{1,3}(\.\d+)?(e-\d+)? (s|ms|µs|ns)", duration(ns))


@given(finite, finite)
def test_the_ends_of_an_interval_read_apart_or_as_one(one: float, other: float) -> None:
    low, high = sorted((one, other))
    ends = re.split("–| to ", interval((low, high)))
    assert len(ends) == len(set(ends))


def test_a_column_has_one_prefix_chosen_by_its_largest() -> None:
    rate = scale([7.1e8, None, 5.3e7], "primes/s")
    assert (rate.unit, rate.text(7.1e8), rate.text(5.3e7)) == ("Mprimes/s", "710", "53")
    assert rate.interval((6.9e8, 7.3e8)) == "690–730"
    assert rate.interval(None) == rate.text(None) == DASH
    times = scale([4.2, 2500.0], "ms")
    assert (times.unit, times.text(2500.0), times.text(4.2)) == ("s", "2.50", "0.0042")
    assert scale([], "tok/s").unit == "tok/s"
    assert scale([0.0], "ms").unit == "ms"
    assert scale([0.25], "ms").unit == "µs"
    assert scale([float("inf"), 3.0], "tok/s").unit == "tok/s"


def test_a_column_keeps_a_units_own_prefix() -> None:
    by = scale([1420.0, None, 3.0], "MiB/s")
    assert (by.unit, by.text(1420), by.text(None)) == ("MiB/s", "1,420", "-")
