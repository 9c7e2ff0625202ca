"""A few lines of Markdown, safe from foreign text."""

import msgspec
import pytest
from markdown_it import MarkdownIt

from benchrace.export import render
from benchrace.run.states import RunState
from tests.export.conftest import HOSTILE
from tests.export.results import many, run_document
from tests.export.test_reports import Tags


def test_it_has_the_result_and_a_line_for_each_lane() -> None:
    run = run_document()
    result = run.result
    assert result is not None
    lines = render("snippet", run).decode().splitlines()
    assert lines[0] == "**K: small-q8 vs small-f16**"
    (lead,) = [line for line in lines if line.startswith(result.headline)]
    assert f"{result.margin} ({result.interval}). {result.detail}" in lead
    rows = [line for line in lines if line.startswith("| ")]
    assert [row.split(" | ")[1] for row in rows] == ["Lane", "---", "small-q8", "small-f16"]
    assert rows[3].endswith("| 50 % | 5 |")
    assert "benchrace 2026-01-02\\_030405\\_abcdef" in lines[-1]


def test_no_more_lanes_than_fit() -> None:
    text = render("snippet", many(9)).decode()
    assert "and 3 more lanes" in text
    assert "lane 6" not in text


@pytest.mark.parametrize("state", [RunState.CANCELLED, RunState.FAILED])
def test_a_run_without_a_result_says_why(state: RunState) -> None:
    text = render("snippet", run_document(((), ()), state=state)).decode()
    assert f"The run is {state}." in text
    assert "| Lane" not in text


def test_a_run_that_is_on_says_so() -> None:
    text = render("snippet", run_document(state=RunState.RUNNING)).decode()
    assert "The run is running." in text
    assert "small-q8 leads so far, 2.0x faster" in text


def test_an_interval_has_the_prefix_of_its_value() -> None:
    run = run_document()
    assert run.result is not None
    lane = msgspec.structs.replace(run.result.lanes[0], value=950e3, ci95=(800e3, 1.2e6))
    result = msgspec.structs.replace(run.result, lanes=(lane,), unit="tok/s")
    text = render("snippet", msgspec.structs.replace(run, result=result)).decode()
    assert "| 950 ktok/s | 800–1,200 ktok/s |" in text


def test_foreign_text_is_text() -> None:
    text = render("snippet", run_document(labels=(HOSTILE, "b"), name=HOSTILE)).decode()
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = {tag for tag, _ in Tags(shown).tags}
    assert tags <= {"p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
