"""The result in exports: the head of the terminal, and what each lane has of the best one."""

import csv
import io
import json
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console

from benchrace.cli.race import report as terminal
from benchrace.events import Measured
from benchrace.export import render
from benchrace.export.report import report
from benchrace.export.result import result_grids
from benchrace.kinds import Better
from benchrace.run import headline
from benchrace.run.document import RunDocument, document
from benchrace.run.lane import LaneClient
from benchrace.run.metadata import RunMetadata
from benchrace.run.result import Result
from benchrace.run.states import RunState
from benchrace.stats import Fold
from tests.export.conftest import HOSTILE
from tests.export.results import run_document
from tests.export.test_reports import Tags
from tests.stats.conftest import FOUND, RATE, TIME, Script, rate, run

__all__ = ["run"]
Race = Callable[..., RunDocument]


@pytest.fixture
def timed(run: Callable[..., RunMetadata]) -> RunDocument:
    """A finished race of two lanes, of which the second is half as fast and has one slow round."""
    metrics = [RATE, msgspec.structs.replace(TIME, headline=True), FOUND]
    metadata = msgspec.structs.replace(run(metrics=metrics), state=RunState.DONE)
    script, fold = Script(), Fold(metadata)
    for number, value in enumerate((100, 101, 99, 102, 98)):
        for lane, factor in enumerate((1, 2)):
            ms = factor * value * (9 if lane and number == 4 else 1)
            fold.feed(
                script.done(
                    lane,
                    number,
                    rate(1000, factor * value),
                    Measured(metric="time", value=ms),
                    Measured(metric="found", value=50847534),
                )
            )
    return document(metadata, fold.summary())


def result_of(race: RunDocument) -> Result:
    assert race.result is not None
    return race.result


def printed(race: RunDocument, width: int = 100) -> list[str]:
    out = io.StringIO()
    terminal.report(Console(file=out, width=width), race, ("stored in", "here"))
    return out.getvalue().splitlines()


def test_terminal_and_exports_have_the_same_head(timed: RunDocument) -> None:
    head = headline.head(result_of(timed))
    assert head[0] == "Lane 0 wins, 2.0x faster (95 % interval 1.95 to 2.05x)"
    assert head[1] == "Rate: 10 against 5 1/s"
    assert head[2].startswith("Confidence: high.")
    assert tuple(printed(timed)[:3]) == head
    markdown = render("markdown", timed).decode().splitlines()
    assert markdown[2] == f"**{head[0]}**"
    assert head[1] in markdown
    shown = "".join(Tags(render("report", timed).decode()).text)
    assert "Lane 0 wins" in shown
    assert "faster · 95 % interval 1.95 to 2.05x" in shown
    assert all(line in shown for line in head[1:])
    first = json.loads(render("pytest-benchmark", timed))["benchmarks"][0]["extra_info"]
    assert tuple(first["head"]) == head
    assert first["confidence"]["level"] == "high"
    assert (first["result"]["place"], first["result"]["share"]) == (1, 1.0)
    rows = list(csv.DictReader(io.StringIO(render("csv", timed).decode())))
    assert {row["outcome"] for row in rows} == {head[0]}
    assert {row["confidence"] for row in rows} == {result_of(timed).confidence.text}
    slower = next(row for row in rows if row["lane_id"] == "lane-1")
    assert (slower["place"], slower["noisy"]) == ("2", "false")
    assert float(slower["ratio_low"]) < float(slower["ratio"]) == pytest.approx(2)
    whole = json.loads(render("json", timed))
    assert whole["result"]["headline"] == "Lane 0 wins"


def test_the_first_table_compares_each_lane_with_the_best(timed: RunDocument) -> None:
    grid = report(timed).grids[0]
    assert grid.title == "Result"
    assert [row[:5] for row in grid.rows] == [
        ("1", "Lane 0", "10", "100 %", "-"),
        ("2", "Lane 1", "5", "50 %", "2.0x"),
    ]
    assert [row[-1] for row in grid.rows] == ["winner", ""]


def test_more_rounds_are_offered_in_a_tie(race: Race) -> None:
    tied = race(labels=("calm", "wild"))
    lines = printed(tied)
    assert lines[0] == "Too close to call"
    assert lines[2].endswith("2 more rounds in each lane would probably decide it.")
    assert [row[-1] for row in report(tied).grids[0].rows] == ["tied", "tied"]


def test_a_shared_place_and_a_tie_with_the_first_are_told_apart(timed: RunDocument) -> None:
    outcome = result_of(timed)
    first, second = outcome.lanes
    third = msgspec.structs.replace(second, lane_id="lane-2")
    labels = msgspec.structs.replace(timed.lanes[1], lane_id="lane-2", label="Lane 2")
    tied = msgspec.structs.replace(
        timed,
        lanes=(*timed.lanes, labels),
        winner=None,
        result=msgspec.structs.replace(
            outcome, lanes=(first, second, third), tied=("lane-0", "lane-2"), winner=None
        ),
    )
    (grid,) = result_grids(tied)
    assert [(row[0], row[-1]) for row in grid.rows] == [("1", "tied"), ("=2", ""), ("=2", "tied")]
    rows = [row for row in render("snippet", tied).decode().splitlines() if "| Lane " in row]
    assert [row.split(" | ")[0] for row in rows[1:]] == ["| 1 (tied)", "| =2", "| =2 (tied)"]


def test_times_show_their_median_and_counts_all_digits(timed: RunDocument) -> None:
    table = "\n".join(printed(timed))
    assert "Time (median), ms" in table
    (row,) = [line for line in printed(timed) if line.startswith("2nd")]
    assert " 202 " in row
    grids = {grid.title: grid for grid in report(timed).grids}
    time = grids["Time (ms, lower is better)"]
    assert time.header[2:4] == ("Median", "Mean")
    assert time.rows[1][2:4] == ("202", "513.6")
    counts = next(grid for title, grid in grids.items() if title.startswith("Found"))
    assert counts.rows[0][2] == "50,847,534"
    whole = render("report", timed).decode()
    assert "<th>Metric</th>" in whole
    assert "<td>Time (median)</td>" in whole
    assert "202 ms (mean: " in whole
    assert "Time (median), lower is better" in whole


def test_a_time_that_ranks_shows_what_its_interval_is_of(run: Callable[..., RunMetadata]) -> None:
    metric = msgspec.structs.replace(TIME, headline=True, better=Better.LOWER)
    metadata = msgspec.structs.replace(run(metrics=[metric]), state=RunState.DONE)
    script, fold = Script(), Fold(metadata)
    for number, value in enumerate((10, 10, 40)):
        fold.feed(script.done(0, number, Measured(metric="time", value=value)))
        fold.feed(script.done(1, number, Measured(metric="time", value=value * 9)))
    lines = printed(document(metadata, fold.summary()))
    assert any("Time (mean), ms" in line for line in lines)
    for shape in ("snippet", "card", "markdown", "report"):
        assert "Time (mean)" in render(shape, document(metadata, fold.summary())).decode(), shape
    (row,) = [line for line in lines if "Lane 0" in line and line.lstrip().startswith(("1", "=1"))]
    assert " 20 " in row


def test_foreign_labels_stay_on_one_line(race: Race) -> None:
    lines = printed(race(labels=(HOSTILE, "b")))
    assert "\x1b" not in "".join(lines)
    assert lines[1].startswith('=1+1|<script>alert("x")</script> # [a]')


def test_without_a_result_there_is_no_head(race: Race) -> None:
    empty = race(empty=True)
    assert (empty.result, report(empty).head) == (None, ())
    assert report(empty).grids[0].title != "Result"


def test_a_race_that_is_on_has_no_winner_yet() -> None:
    race = run_document(state=RunState.RUNNING)
    content = report(race)
    assert content.head[0].startswith("small-q8 leads so far, 2.0x faster")
    assert dict(content.facts)["Winner"] == "not decided: the run is running"
    table = content.grids[0]
    assert table.rows[0][-1] == "leads so far"
    assert table.header[4:6] == ("Best / this lane", "95 % interval of the ratio")
    assert "small-q8</span> leads so far" in render("report", race).decode()


def test_a_race_that_is_over_has_a_winner() -> None:
    content = report(run_document())
    assert dict(content.facts)["Winner"] == "small-q8"
    assert content.grids[0].rows[0][-1] == "winner"


def test_a_metric_without_a_direction_is_headed_by_its_name_and_unit(
    run: Callable[..., RunMetadata],
) -> None:
    count = msgspec.structs.replace(FOUND, unit="primes", better=Better.NONE)
    metadata = run(metrics=[RATE, count])
    script, fold = Script(), Fold(metadata)
    for lane in (0, 1):
        fold.feed(script.done(lane, 0, rate(1000, 100), Measured(metric="found", value=4)))
    titles = [grid.title for grid in report(document(metadata, fold.summary())).grids]
    assert "Found (primes)" in titles


def test_rows_have_the_other_machines_of_a_lane_in_columns_of_their_own(timed: RunDocument) -> None:
    first, *others = timed.lanes
    first = msgspec.structs.replace(
        first, workers=("w1", "w2"), clients=(LaneClient(machine_id="c1"),)
    )
    run = msgspec.structs.replace(timed, lanes=(first, *others))
    rows = list(csv.DictReader(io.StringIO(render("csv", run).decode())))
    machines = {row["lane_id"]: (row["machine_id"], row["workers"], row["clients"]) for row in rows}
    assert machines[first.lane_id] == (first.machine_id, "w1+w2", "c1")
    assert machines[others[0].lane_id] == (others[0].machine_id, "", "")
