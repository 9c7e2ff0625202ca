"""A run as a row: what came of it, on what, and how rows are sorted and continued."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from benchrace.cli.runs.list import listing
from benchrace.events import RunLifecycle
from benchrace.events.payloads import RunLifecyclePayload, RunPhase
from benchrace.run.metadata import RunMetadata
from benchrace.run.result import ConfidenceLevel
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary
from benchrace.stats import Fold
from benchrace.store.index import Entry, Index
from benchrace.store.query import Direction, Query, Sort
from benchrace.store.run_row import RowMachine, RunRow, build_row
from tests.stats.conftest import rounds, run, script

__all__ = ["rounds", "run", "script"]

STEADY = (100, 100.5, 99.5, 100.2, 99.8)
NOISY = (100, 121, 89, 100.5, 99.7)
BOX = {"hardware": {"cpu": {"model": "Xeon"}, "gpus": [{"name": "RTX 4090"}, {"name": None}]}}
Race = Callable[..., Entry]


@pytest.fixture
def race(run: Callable[..., RunMetadata], rounds: Callable[..., bytes], script: Any) -> Race:
    """Runs lanes with these rates to their end; other arguments are the run's."""

    def fold(*lanes: Sequence[float], **changes: Any) -> tuple[RunMetadata, RunSummary]:
        metadata = msgspec.structs.replace(
            run(lanes=len(lanes)), state=RunState.DONE, machines={"m": BOX}
        )
        folded = Fold(metadata)
        for number, values in enumerate(lanes):
            folded.feed(rounds(number, *((value, 1) for value in values)))
        end = RunLifecyclePayload(phase=RunPhase.RUN_END, state=RunState.DONE)
        folded.feed(script.event(RunLifecycle, end))
        return msgspec.structs.replace(metadata, **changes), folded.summary()

    return fold


def run_id(number: int) -> str:
    return f"2026-11-24_10150{number}_00000{number}"


def twice(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(2 * value for value in values)


def drawn(row: RunRow, capsys: pytest.CaptureFixture[str]) -> str:
    Console(width=200).print(listing([row], 200))
    return capsys.readouterr().out


def test_a_row_says_what_its_result_says(race: Race, capsys: pytest.CaptureFixture[str]) -> None:
    metadata, summary = race(STEADY, twice(STEADY))
    row = build_row(metadata, summary)
    assert summary is not None
    assert summary.result is not None
    assert row.result is not None
    assert (row.result.headline, row.result.margin) == ("Lane 1 wins", "2.0x faster")
    assert row.result.doubt == summary.result.confidence.text
    assert (row.result.confidence, row.result.leader) == (ConfidenceLevel.HIGH, "Lane 1")
    assert [(lane.share, lane.place) for lane in row.lanes] == [(0.5, 2), (1, 1)]
    assert row.title == "Lane 0 vs Lane 1"
    assert row.machines == (RowMachine(machine_id="m", label="m", cpu="Xeon", gpus=("RTX 4090",)),)
    out = drawn(row, capsys)
    assert "Lane 1 wins, 2.0x faster, 200/s" in out
    assert "high" in out


def test_a_tie_shows_the_values_that_are_too_close(
    race: Race, capsys: pytest.CaptureFixture[str]
) -> None:
    row = build_row(*race(NOISY, STEADY))
    assert row.result is not None
    assert (row.winner, row.result.margin) == (None, None)
    assert set(row.result.tied) == {"Lane 0", "Lane 1"}
    assert row.result.confidence is ConfidenceLevel.LOW
    out = drawn(row, capsys)
    assert "Too close to call: 102/s vs 100/s" in out
    assert "low" in out


def test_a_row_of_an_older_version_still_lists(
    race: Race, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata, summary = race(STEADY, twice(STEADY))
    assert summary is not None
    bare = msgspec.structs.replace(summary, result=None)
    encoded = msgspec.json.decode(msgspec.json.encode(build_row(metadata, bare)))
    for name in ("title", "result", "machines"):
        del encoded[name]
    row = msgspec.convert(encoded | {"run_id": run_id(0)}, type=RunRow)
    assert (row.winner, row.result, row.machines) == ("Lane 1", None, ())
    assert "Lane 1 wins: 200/s" in drawn(row, capsys)


def test_many_lanes_have_a_short_title(race: Race) -> None:
    assert build_row(*race(*(STEADY,) * 5)).title == "Lane 0 vs Lane 1 vs Lane 2 and 2 more"


@pytest.fixture
def sorted_index(tmp_path: Path, race: Race) -> Any:
    index = Index(tmp_path / "index.sqlite")
    faster = tuple(3 * value for value in STEADY)
    for number, (name, lanes) in enumerate(
        (("b", (STEADY, twice(STEADY))), ("C", (STEADY, faster)), ("a", (STEADY, NOISY)))
    ):
        index.put(*race(*lanes, run_id=run_id(number), name=name, tags=("t",)))
    queued, _ = race(STEADY)
    for number in (3, 4):
        changes = {"run_id": run_id(number), "name": f"x{number}", "tags": ("t",)}
        index.put(msgspec.structs.replace(queued, machines={}, **changes), None)
    yield index
    index.close()


@pytest.mark.parametrize("tag", [None, "t"])
@pytest.mark.parametrize(
    ("sort", "order", "runs"),
    [
        (Sort.CREATED, Direction.DESCENDING, "43210"),
        (Sort.CREATED, Direction.ASCENDING, "01234"),
        (Sort.TITLE, Direction.ASCENDING, "20134"),
        (Sort.TITLE, Direction.DESCENDING, "43102"),
        (Sort.RESULT, Direction.DESCENDING, "10243"),
        (Sort.RESULT, Direction.ASCENDING, "20134"),
        (Sort.VALUE, Direction.DESCENDING, "10243"),
        (Sort.CONFIDENCE, Direction.ASCENDING, "20134"),
        (Sort.MACHINE, Direction.ASCENDING, "34012"),
    ],
)
def test_runs_are_sorted_and_continued_by_each_column(
    sorted_index: Index, sort: Sort, order: Direction, runs: str, tag: str | None
) -> None:
    got: list[str] = []
    after = None
    while True:
        page = sorted_index.page(Query(sort=sort, order=order, limit=2, after=after, tag=tag))
        got += [row.run_id[-1] for row in page.runs]
        after = page.next
        if after is None:
            break
    assert "".join(got) == runs


def test_a_row_says_how_much_work_its_lanes_had(run: Callable[..., RunMetadata]) -> None:
    metadata = run(lanes=2)
    phrases = {"zero": "automatic size", "other": "{} MB"}
    schema = {
        "properties": {"n": {"title": "N"}, "m": {"title": "M"}, "size": {"phrases": phrases}}
    }
    workload = msgspec.structs.replace(
        metadata.workloads["b"], work=("n", "m", "size", "text"), params_schema=schema
    )

    def work(*params: dict[str, Any]) -> str:
        lanes = tuple(
            msgspec.structs.replace(lane, params=values)
            for lane, values in zip(metadata.lanes, params, strict=True)
        )
        changed = msgspec.structs.replace(metadata, lanes=lanes, workloads={"b": workload})
        return build_row(changed, None).work

    assert work({"n": 20_000_000, "m": 3, "text": "x"}, {"n": 20_000_000, "m": 3}) == (
        "N 20 million, M 3"
    )
    assert work({"n": 1, "m": 3}, {"n": 2, "m": 3}) == "M 3"
    assert work({"n": True}, {"n": True}) == ""
    assert work({"size": 0}, {"size": 0}) == "automatic size"
    assert work({"size": 2000}, {"size": 2000}) == "2,000 MB"
