"""Text of a terminal: no foreign text moves the cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.cli.output.formatting import clean, clean_line, failure_lines
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
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in cleaned)
        assert not set(cleaned) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(st.text(alphabet=st.characters(max_codepoint=0x300)))
def test_no_control_character_survives_in_any_text(text: str) -> None:
    assert not any(ord(character) < 32 and character != "\n" for character in clean(text))
    assert "\n" not in clean_line(text)
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "a\x1b[31mb",
        "a\x1b]0;title\x07b",
        "a\x9b2Jb",
        "a\x1b\x1b[31mb",
        "a\u202eb",
        "a\u061cb",
        "a\x00b",
        "a\x85b",
    ],
)
def test_what_surrounds_an_escape_stays(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.startswith("a")
    assert cleaned.endswith("b")
    assert cleaned.isprintable()


def test_a_label_stays_on_one_line() -> None:
    assert clean_line("a\r\nb\tc") == "a  b c"
    assert clean("a\nb") == "a\nb"


def test_ordinary_text_stays() -> None:
    assert clean("größer 数 🙂 [b]not markup[/b]") == "größer 数 🙂 [b]not markup[/b]"
    assert clean_line("a\nb\tc") == "a b c"


def test_a_failure_is_said_with_its_remedy_and_without_escapes() -> None:
    plain = BenchraceError(Category.SYSTEM, "broke\x1b[31m\nhere", "fix it\x07").failure()
    assert failure_lines(plain) == ["benchrace: broke here", "  fix it"]
    bad = InvalidInput([FieldError("a.b", "wrong"), FieldError("", "odd")], "fix").failure()
    assert failure_lines(bad) == ["benchrace: a.b: wrong", "benchrace: odd", "  fix"]


def test_one_fault_of_many_lanes_is_one_line() -> None:
    lanes = [FieldError(f"lanes[{number}].backend", "name one") for number in (0, 1, 2, 5)]
    other = FieldError("lanes[1].params.n", "name one")
    refusal = InvalidInput([*lanes, other, FieldError("kind", "unknown")], "fix")
    assert failure_lines(refusal.failure()) == [
        "benchrace: lanes[0-2, 5].backend: name one",
        "benchrace: lanes[1].params.n: name one",
        "benchrace: kind: unknown",
        "  fix",
    ]
    assert refusal.message.count("lanes[0-2, 5].backend: name one") == 1
    assert len(refusal.fields) == 6
