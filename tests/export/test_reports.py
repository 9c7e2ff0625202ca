"""Markdown and HTML: complete for readers, and safe from foreign text."""

from collections.abc import Callable
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from benchrace.export import markdown, page, render
from benchrace.export.report import report
from benchrace.export.text import MAX_CHARS, plain
from benchrace.kinds.compute import ELAPSED
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
    text = " ".join("".join(parse(race(), name).text).split())
    for expected in (
        "2026-01-02_030405_abcdef",
        "2023-11-14 22:13:20 UTC",
        "Rate (1/s, higher is better)",
        "things / s",
        "Fast CPU",
        "16 GiB",
        "Big GPU, driver 550, power limit 350 W",
        "container",
        "f00d",
        "the processor was throttled",
        "absent was skipped: lanes[2].machine_id: it is lost",
        "1 of its rounds were discarded",
        "is noisy: its rounds vary by",
        "Heat 0 did not start together: the spread is 7 ms",
        "0 (warm-up)",
        "has only 2 counted rounds",
    ):
        assert expected in text


def test_an_interval_over_recordings_says_so(race: Race) -> None:
    run = race()
    lanes = tuple(
        msgspec.structs.replace(
            lane,
            summary={
                name: msgspec.structs.replace(metric, parts=12, over="12 recordings")
                for name, metric in lane.summary.items()
            },
        )
        for lane in run.lanes
    )
    text = "".join(parse(msgspec.structs.replace(run, lanes=lanes), "markdown").text)
    assert "over 12 recordings" in text
    assert "over 12 recordings" not in "".join(parse(run, "markdown").text)


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_foreign_text_is_text(race: Race, name: str) -> None:
    tags = parse(race(), name)
    used = {tag for tag, _ in tags.tags}
    assert used <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "dl", "dt", "dd"),
        *("ul", "li", "table", "thead", "tbody", "tr", "th", "td", "h3", "p", "div", "span"),
        *("section", "details", "summary", "figure", "strong", "svg", "rect", "line", "circle"),
    }
    assert not any(
        key.startswith("on") or key in ("href", "src") for _, a in tags.tags for key in a
    )
    assert '<script>alert("x")</script> # [a](https://evil.example) [31m`b`' in "".join(tags.text)
    assert "\x1b" not in "".join(tags.text)


def test_the_page_forbids_itself_everything(race: Race) -> None:
    metas = [attributes for tag, attributes in parse(race(), "html").tags if tag == "meta"]
    policies = [meta["content"] for meta in metas if "http-equiv" in meta]
    assert policies
    assert (policies[0] or "").startswith("default-src 'none'")


@given(st.text(max_size=80))
def test_any_text_comes_out_of_a_table_cell_as_it_went_in(text: str) -> None:
    document = f"| a |\n| --- |\n| {markdown.escaped(text)} x |\n"
    tags = Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(document))
    assert {tag for tag, _ in tags.tags} == {"table", "thead", "tbody", "tr", "th", "td"}
    assert " ".join("".join(tags.text).split()) == " ".join(f"a {plain(text)} x".split())


@given(st.text(max_size=80))
def test_any_text_comes_out_of_a_list_as_it_went_in(text: str) -> None:
    tags = Tags(MarkdownIt("commonmark", {"html": True}).render(f"- {markdown.begun(text)}"))
    assert {tag for tag, _ in tags.tags} <= {"ul", "li"}
    assert "".join(tags.text).strip() == plain(text).strip()


@given(st.text(max_size=80))
def test_any_text_comes_out_of_the_page_as_it_went_in(text: str) -> None:
    tags = Tags(f"<p title='{page.escaped(text)}'>{page.escaped(text)}</p>")
    assert tags.tags == [("p", {"title": plain(text)})]
    assert "".join(tags.text) == plain(text)


def test_text_is_one_line_and_ends() -> None:
    assert plain("a\n\tb\u202ec\x00") == "a b c"
    assert plain("x" * 5000) == "x" * MAX_CHARS + "…"


def test_a_report_of_machines_that_say_nothing_is_made(race: Race) -> None:
    content = report(race(empty=True))
    assert all(len(row) == len(grid.header) for grid in content.grids for row in grid.rows)


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_the_time_of_a_round_and_that_of_its_kernel_have_their_own_names(
    race: Race, name: str
) -> None:
    text = " ".join(parse(race(), name).text)
    assert "Round time" in text
    assert ELAPSED.title not in text
