"""Numbers, columns and hostile words."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.cli.column import header, scale
from benchrace.cli.server_sent import Message, messages
from benchrace.cli.text import clean, clean_line, duration, ordinal, quantity

HOSTILE = [
    "a\x1b[31mb",
    "a\x1b]0;title\x07b",
    "a\x9b2Jb",
    "a\x1b\x1b[31mb",
    "a\u202eb",
    "a\u061cb",
    "a\x00b",
    "a\x85b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_moves_the_cursor(text: str) -> None:
    said = clean(text)
    assert said.startswith("a")
    assert said.endswith("b")
    assert said.isprintable()


def test_a_label_stays_on_one_line() -> None:
    assert clean_line("a\r\nb\tc") == "a  b c"
    assert clean("a\nb") == "a\nb"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1420, "MiB/s", "1420 MiB/s"),
        (1420, "GB", "1420 GB"),
        (12_300_000, "primes/s", "12.3 Mprimes/s"),
        (1850, "ms", "1.85 s"),
        (12.3, "MiB/s", "12.3 MiB/s"),
        (None, "MiB/s", "-"),
    ],
)
def test_a_unit_gets_at_most_one_prefix(value: float | None, unit: str, said: str) -> None:
    assert quantity(value, unit) == said


def test_a_column_has_one_prefix() -> None:
    by = scale([1420.0, None, 3.0], "MiB/s")
    assert (by.unit, by.text(1420), by.text(None)) == ("MiB/s", "1420", "-")
    by = scale([2e6, 3e3], "primes/s")
    assert (by.unit, by.text(2e6), header("Primes", by.unit)) == ("Mprimes/s", "2", "Primes, M/s")


def test_times_and_places() -> None:
    said = [duration(each) for each in (None, 0.00085, 125, 3720)]
    assert said == ["-", "850 us", "2 min 05 s", "1 h 02 min"]
    assert [ordinal(each) for each in (1, 2, 11, 23)] == ["1st", "2nd", "11th", "23rd"]


STREAM = "event: lines\nid: 1\ndata: a\u2028b\ndata: c\r\n\n: hello\n\ndata:x\n\ndata: cut".encode()


@given(st.lists(st.integers(0, len(STREAM))))
def test_any_chunks_give_the_same_messages(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(STREAM)]
    found = list(messages(STREAM[a:b] for a, b in pairwise(at)))
    data = ("a\u2028b".encode(), b"c")
    assert found == [Message("lines", "1", data), Message("", None, (b"x",))]
