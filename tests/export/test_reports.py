"""Markdown and HTML: all that a reader needs, and nothing that foreign text can do to them."""

from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from benchrace.export import markdown, page, render
from benchrace.export.numbers import percent, quantity, seconds
from benchrace.export.report import report
from benchrace.export.text import LONGEST, plain
from benchrace.run.document import RunDocument

Race = Callable[..., RunDocument]


class Tags(HTMLParser):
    """What a browser would see: the elements with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(run: RunDocument, name: str) -> Tags:
    text = render(name, run).decode()
    if name == "markdown":
        text = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return Tags(text)


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_a_report_says_what_a_reader_needs(race: Race, name: str) -> None:
    said = " ".join("".join(parse(race(), name).text).split())
    for expected in (
        "2026-01-02_030405_abcdef",
        "2023-11-14 22:13:20 UTC",
        "Rate (1/s, higher is better)",
        "things / s",
        "Fast CPU",
        "16.0 GiB",
        "Big GPU, driver 550",
        "container",
        "f00d",
        "the processor was throttled",
        "absent was left out: lanes[2].machine_id: it is lost",
        "1 of its rounds were discarded",
        "is noisy: rate varies by",
        "Heat 0 did not start together: the spread is 7 ms",
        "0 (warm-up)",
        "has 2 counted rounds, which is few",
    ):
        assert expected in said


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_foreign_text_is_text(race: Race, name: str) -> None:
    found = parse(race(), name)
    used = {tag for tag, _ in found.tags}
    assert used <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd"),
        *("ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
    }
    assert not any(
        key.startswith("on") or key in ("href", "src") for _, a in found.tags for key in a
    )
    assert '<script>alert("x")</script> # [a](https://evil.example) [31m`b`' in "".join(found.text)
    assert "\x1b" not in "".join(found.text)


def test_the_page_forbids_itself_everything(race: Race) -> None:
    metas = [attributes for tag, attributes in parse(race(), "html").tags if tag == "meta"]
    policies = [each["content"] for each in metas if "http-equiv" in each]
    assert policies
    assert (policies[0] or "").startswith("default-src 'none'")


@given(st.text(max_size=80))
def test_any_text_comes_out_of_a_table_cell_as_it_went_in(text: str) -> None:
    document = f"| a |\n| --- |\n| {markdown.escaped(text)} x |\n"
    found = Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(document))
    assert {tag for tag, _ in found.tags} == {"table", "thead", "tbody", "tr", "th", "td"}
    assert " ".join("".join(found.text).split()) == " ".join(f"a {plain(text)} x".split())


@given(st.text(max_size=80))
def test_any_text_comes_out_of_a_list_as_it_went_in(text: str) -> None:
    found = Tags(MarkdownIt("commonmark", {"html": True}).render(f"- {markdown.begun(text)}"))
    assert {tag for tag, _ in found.tags} <= {"ul", "li"}
    assert "".join(found.text).strip() == plain(text).strip()


@given(st.text(max_size=80))
def test_any_text_comes_out_of_the_page_as_it_went_in(text: str) -> None:
    found = Tags(f"<p title='{page.escaped(text)}'>{page.escaped(text)}</p>")
    assert found.tags == [("p", {"title": plain(text)})]
    assert "".join(found.text) == plain(text)


def test_text_is_one_line_and_ends() -> None:
    assert plain("a\n\tb\u202ec\x00") == "a b c"
    assert plain("x" * 5000) == "x" * LONGEST + "…"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (3, "3"),
        (0.123456, "0.1235"),
        (12.3456, "12.35"),
        (123456.7, "123,457"),
        (50847534, "50,847,534"),
        (1.5e-7, "1.500e-07"),
        (-1234.5, "-1,234"),
        (2e20, "2.000e+20"),
    ],
)
def test_quantities(value: float | None, text: str) -> None:
    assert quantity(value) == text


def test_shares_and_durations() -> None:
    assert (percent(0.0512), percent(None)) == ("5.1 %", "-")
    assert [seconds(each) for each in (1_500_000_000, 2_000_000, 3_456, 7)] == [
        "1.5 s",
        "2 ms",
        "3.456 us",
        "7 ns",
    ]


def test_a_report_of_machines_that_say_nothing_is_made(race: Race) -> None:
    made = report(race(empty=True))
    assert all(len(row) == len(grid.header) for grid in made.grids for row in grid.rows)
