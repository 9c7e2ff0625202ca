"""The report as a page: the result, charts that have every round, and folded tables."""

import re

import pytest

from benchrace.export import render
from benchrace.run.document import RunDocument
from tests.export.card.test_card import RUNS
from tests.export.results import run_document
from tests.export.test_reports import Tags


def page(run: RunDocument) -> str:
    return render("report", run).decode()


def charts(text: str) -> list[str]:
    return re.findall(r"<svg [^>]*aria-label=.*?</svg>", text)


def places(chart: str) -> list[float]:
    return [float(place) for place in re.findall(r'cx="([\d.-]+)%"', chart)]


def test_the_result_is_at_the_top() -> None:
    run = RUNS["won"]
    assert run.result is not None
    text = " ".join("".join(Tags(page(run)).text).split())
    head = text[: text.index("Rounds in charts")]
    for sentence in (run.result.headline, run.result.detail, run.result.confidence.text):
        assert sentence in head
    assert "2.0x" in head
    assert f"faster · {run.result.interval}" in head


def test_every_lane_has_a_bar_and_every_headline_metric_a_strip() -> None:
    run = RUNS["won"]
    bars, strips, lines = (charts(page(run))[at] for at in (slice(2), slice(2, 4), slice(4, None)))
    assert [len(places(chart)) for chart in (*bars, *strips)] == [5, 5, 5, 5]
    (line,) = lines
    assert len(places(line)) == 10
    assert line.count("<line") == 8
    for chart in (*bars, *strips, line):
        assert all(0 <= place <= 100 for place in places(chart))


def test_rounds_lie_where_their_values_are() -> None:
    run = run_document(((1.0, 2.0), (4.0, 4.0)))
    strips = charts(page(run))[2:4]
    fast, slow = map(places, strips)
    # 100, 50 and 25 things a second: halves of what is left.
    assert fast[0] - fast[1] == pytest.approx(2 * (fast[1] - slow[0]), rel=0.01)


def test_what_is_long_is_folded() -> None:
    text = page(RUNS["won"])
    folded = re.findall(r"<details><summary>(.*?)</summary>", text)
    assert {"Rounds", "Machines", "Formulas"} <= set(folded)
    assert "open" not in {
        key for tag, attributes in Tags(text).tags if tag == "details" for key in attributes
    }
    shown = re.findall(r"<h2>(.*?)</h2>", text)
    assert {"Hardware", "Settings", "All metrics"} <= set(shown)
    assert shown[-1] == "Run"


@pytest.mark.parametrize("name", RUNS)
def test_every_run_has_a_page_that_needs_nothing_else(name: str) -> None:
    text = page(RUNS[name])
    tags = Tags(text)
    assert text.endswith("</html>\n")
    assert not {"script", "link", "img", "iframe", "object", "use", "image"} & {
        tag for tag, _ in tags.tags
    }
    used = {key for _, attributes in tags.tags for key in attributes}
    assert not {key for key in used if key.startswith("on")} | (used & {"href", "src"})
    assert "url(" not in text
    if not RUNS[name].lanes[0].rounds:
        assert charts(text) == []
        assert "No result" in "".join(tags.text)


def test_lanes_keep_their_colours() -> None:
    run = run_document(((2.0, 2.0), (1.0, 1.0)))
    first, second = charts(page(run))[:2]
    assert "small-f16" in first
    assert "var(--lane-1)" in first
    assert "var(--lane-0)" in second
