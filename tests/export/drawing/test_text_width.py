"""Text is shortened and broken by an estimate of its width."""

from pathlib import Path
from re import findall

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.export.drawing.palette import DARK, LIGHT
from benchrace.export.drawing.text_width import shorten, shorten_words, text_width, wrap

ROOT = Path(__file__).parents[3]
# The tokens of a colour that has another name here, in light and in dark.
TOKENS = {"track": ("sunk", "hairline")}


def test_what_is_wide_counts_as_wide() -> None:
    assert text_width("iii", 20) < text_width("nnn", 20) < text_width("WWW", 20)
    assert text_width("n", 20, bold=True) > text_width("n", 20)
    assert text_width("模", 20) > text_width("e", 20)
    assert text_width("e\u0301", 20) == text_width("e", 20)


@given(st.text(max_size=60), st.floats(30, 400), st.booleans())
def test_a_short_text_fits(text: str, width: float, bold: bool) -> None:
    short = shorten(text, width, 20, bold=bold)
    assert text_width(short, 20, bold=bold) <= width
    assert (short == text) is (text_width(text, 20, bold=bold) <= width or "…" in text == short)


def test_both_ends_of_a_name_stay() -> None:
    short = shorten("qwen3-30b-a3b-instruct-2507-q4_k_m", 200, 16)
    assert short.startswith("qwen3")
    assert short.endswith("_m")
    assert "…" in short


@given(st.lists(st.text(min_size=1, max_size=12), max_size=30), st.integers(1, 4))
def test_lines_fit_and_keep_the_order_of_words(words: list[str], lines: int) -> None:
    text = " ".join(words)
    rows = wrap(text, 200, 16, lines)
    assert len(rows) <= lines
    assert all(text_width(row, 16) <= 200 or " " not in row for row in rows)
    if not any("…" in row for row in rows):
        assert " ".join(rows).split() == text.split()


def test_a_title_loses_whole_words_and_keeps_its_end() -> None:
    text = "Generate text: workstation vs server and 13 more (simulated)"
    assert shorten_words(text, 2000, 16) == text
    short = shorten_words(text, 330, 16)
    assert text_width(short, 16) <= 330
    assert "…" in short
    assert set(short.split()) <= {*text.split(), "…"}
    assert short.endswith("(simulated)")
    assert "…" in shorten_words("x" * 90, 200, 16)


def test_a_title_keeps_a_name_or_a_part_of_each_and_its_ending() -> None:
    names = ("qwen3-30b-a3b-instruct-2507-q4_k_m", "qwen3-30b-a3b-instruct-2507-q8_0")
    text = f"Generate text: {' vs '.join(names)}"
    ending = " (simulated)"
    for width in (200, 330, 450, 520):
        short = shorten_words(text + ending, width, 16, names=names, ending=ending)
        assert text_width(short, 16) <= width
        assert short.endswith(ending)
        assert width < 300 or "-2507-q" in short
    assert shorten_words(text, 400, 16, names=names).startswith("Generate text: qwen3")
    # One whole name is better than the ends of two.
    assert names[1] in shorten_words(text, 520, 16, names=names)
    assert text_width(shorten_words(text + ending, 40, 16, names=names, ending=ending), 16) <= 40


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    assert wrap("one two three four five", 90, 16, 2) == ["one two", "three…"]
    assert wrap("", 90, 16, 2) == []


@pytest.mark.parametrize("name", [field for field in LIGHT.__struct_fields__ if field != "lanes"])
def test_colours_are_the_page_s(name: str) -> None:
    tokens = page_colours()
    light, dark = TOKENS.get(name, (name.replace("_", "-"),) * 2)
    assert (getattr(LIGHT, name), getattr(DARK, name)) == (tokens[light][0], tokens[dark][1])


def test_lanes_have_the_page_s_colours() -> None:
    tokens = page_colours()
    names = sorted(name for name in tokens if name.startswith("lane-"))
    assert [tokens[name] for name in names] == list(zip(LIGHT.lanes, DARK.lanes, strict=True))


def page_colours() -> dict[str, tuple[str, str]]:
    """Return the page's colours by name, light and dark."""
    text = (ROOT / "ui/src/design/tokens.css").read_text()
    pattern = r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);"
    return {name: (light, dark) for name, light, dark in findall(pattern, text)}
