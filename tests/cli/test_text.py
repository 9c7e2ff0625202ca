"""Words and numbers: no foreign text moves the cursor, no number hides its unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.cli.column import digits, header, scale
from benchrace.cli.text import (
    clean,
    clean_line,
    duration,
    failure_lines,
    number,
    ordinal,
    percent,
    quantity,
)
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[H",
    "\x9b31m",
    "\x1bc",
    "\x1bP1$r\x1b\\",
    "a\rb\x08\x08c\x07",
    "\u202eevil\u202c",
    "\x1b[\x1b[31m",
    "\x1b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_escape_gets_through(text: str) -> None:
    for cleaned in (clean(text), clean_line(text)):
        assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in cleaned)
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(alphabet=st.characters(max_codepoint=0x300)))
def test_no_control_character_survives_in_any_text(text: str) -> None:
    assert not any(ord(each) < 32 and each != "\n" for each in clean(text))
    assert "\n" not in clean_line(text)
    assert clean(clean(text)) == clean(text)


def test_ordinary_text_stays() -> None:
    assert clean("größer 数 🙂 [b]not markup[/b]") == "größer 数 🙂 [b]not markup[/b]"
    assert clean_line("a\nb\tc") == "a b c"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (0.5, "0.5"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (999.4, "999"),
        (999.9, "1.00 k"),
        (1234, "1.23 k"),
        (5.6e8, "560 M"),
        (2e12, "2 T"),
        (-1500, "-1.50 k"),
    ],
)
def test_a_number_has_three_digits_and_a_prefix(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (7.1e8, "primes/s", "710 Mprimes/s"),
        (12.5, "tok/s", "12.5 tok/s"),
        (1850, "ms", "1.85 s"),
        (0.25, "ms", "250 us"),
        (None, "ms", "-"),
    ],
)
def test_a_quantity_carries_its_unit(value: float | None, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0000005, "0.5 us"),
        (0.0123, "12.3 ms"),
        (1.85, "1.85 s"),
        (59.99, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_a_time_is_in_words(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


def test_shares_and_places() -> None:
    assert [percent(each) for each in (None, 0.012, 0.5)] == ["-", "1.2 %", "50 %"]
    places = " ".join(ordinal(each) for each in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111))
    assert places == "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th"


def test_a_column_has_one_prefix_chosen_by_its_largest() -> None:
    rate = scale([7.1e8, None, 5.3e7], "primes/s")
    assert (rate.unit, rate.text(7.1e8), rate.text(5.3e7)) == ("Mprimes/s", "710", "53")
    assert rate.interval((6.9e8, 7.3e8)) == "690 .. 730"
    assert rate.interval(None) == rate.text(None) == "-"
    times = scale([4.2, 2500.0], "ms")
    assert (times.unit, times.text(2500.0), times.text(4.2)) == ("s", "2.50", "0.0042")
    assert scale([], "tok/s").unit == "tok/s"
    assert scale([0.0], "ms").unit == "ms"


def test_a_header_says_a_word_once() -> None:
    assert header("Primes", "Mprimes/s") == "Primes, M/s"
    assert header("Elapsed", "ms") == "Elapsed, ms"
    assert header("Primes", "primes") == "Primes"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_digits_are_near_what_they_stand_for(value: float) -> None:
    assert float(digits(value)) == pytest.approx(value, rel=6e-3, abs=1e-12)


def test_a_failure_is_said_with_its_remedy_and_without_escapes() -> None:
    plain = BenchraceError(Category.SYSTEM, "broke\x1b[31m\nhere", "mend it\x07").failure()
    assert failure_lines(plain) == ["benchrace: broke here", "  mend it"]
    bad = InvalidInput([FieldError("a.b", "wrong"), FieldError("", "odd")], "fix").failure()
    assert failure_lines(bad) == ["benchrace: a.b: wrong", "benchrace: odd", "  fix"]
