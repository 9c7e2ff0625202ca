"""The index of runs: pages, searches, garbage, and what many runs cost."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.errors import BenchraceError
from benchrace.run.lane import LaneClient, RunLane
from benchrace.run.states import RunState
from benchrace.store import reindex
from benchrace.store.index import Index
from benchrace.store.query import Direction, Query, Sort
from benchrace.store.run_folder import RunFolder


def ids(count: int) -> list[str]:
    return [f"2026-11-24_101500_{number:06x}" for number in range(count)]


def listed(index: Index, **query: Any) -> list[str]:
    return [run.run_id for run in index.page(Query(**query)).runs]


@pytest.fixture
def index(tmp_path: Path) -> Any:
    run_ids = Index(tmp_path / "data" / "index.sqlite")
    yield run_ids
    run_ids.close()


def test_pages_go_on_by_key(index: Index, make: Any) -> None:
    for run_id in ids(25):
        index.put(make.metadata(run_id), None)
    got: list[str] = []
    after = None
    while True:
        page = index.page(Query(limit=10, after=after))
        got += [run.run_id for run in page.runs]
        after = page.next
        if after is None:
            break
        index.put(make.metadata(f"2026-11-25_000000_{len(got):06x}"), None)
    assert got == ids(25)[::-1]


def test_runs_of_one_second_are_listed_in_the_order_of_their_making(
    index: Index, make: Any
) -> None:
    run_ids = [f"2026-11-24_101500_{drawn}" for drawn in ("ffffff", "000000", "888888", "111111")]
    for place, run_id in enumerate(run_ids):
        index.put(
            make.metadata(run_id, created_at=1_764_000_000.25 + place * 1e-3, tags=("t",)), None
        )
    newest = run_ids[::-1]
    assert listed(index) == listed(index, tag="t") == newest
    assert listed(index, after=newest[1]) == newest[2:]
    assert listed(index, after=newest[1], tag="t") == newest[2:]
    index.put(make.metadata(run_ids[0], created_at=1_764_000_000.25, tags=()), None)
    assert listed(index, tag="t") == newest[:-1]
    # A page goes on behind a run that was deleted meanwhile, at its second.
    index.remove([newest[0]])
    assert set(listed(index, after="2026-11-24_101501_000000")) == set(newest[1:])
    assert listed(index, after="2026-11-24_101459_ffffff") == []


def test_runs_are_found_by_words_tag_and_state(index: Index, make: Any) -> None:
    lane = RunLane(lane_id="lane-0", label="Fast One", machine_id="box", backend="b", params={})
    first, second, third = ids(3)
    index.put(make.metadata(first, name="Night race", tags=("a", "b"), lanes=(lane,)), None)
    index.put(make.metadata(second, notes="100% _done_", state=RunState.DONE), None)
    index.put(make.metadata(third, tags=("b",)), None)
    assert listed(index, q="race NIGHT") == [first]
    assert listed(index, q="fast box") == [first]
    assert listed(index, q="night day") == []
    assert listed(index, q="% _d") == [second]
    assert listed(index, q="' OR 1=1 --") == []
    assert listed(index, tag="b") == [third, first]
    assert listed(index, state=RunState.DONE) == [second]
    index.put(make.metadata(first, tags=("c",)), None)
    assert listed(index, tag="b") == [third]
    index.remove([third, "unknown"])
    assert listed(index) == [second, first]


def test_runs_are_found_by_machines_that_only_help_a_lane(index: Index, make: Any) -> None:
    lane = RunLane(
        lane_id="lane-0",
        label="L",
        machine_id="own",
        backend="b",
        params={},
        clients=(LaneClient(machine_id="client"),),
        workers=("worker",),
    )
    (only,) = ids(1)
    index.put(make.metadata(only, lanes=(lane,)), None)
    for name in ("own", "client", "worker"):
        assert listed(index, machine=name) == [only] == listed(index, q=name)


def test_runs_are_listed_by_kind_and_machine_and_the_choices_counted(
    index: Index, make: Any
) -> None:
    def lanes(*machines: str) -> tuple[RunLane, ...]:
        return tuple(
            RunLane(lane_id=f"lane-{n}", label=f"L{n}", machine_id=run_id, backend="b", params={})
            for n, run_id in enumerate(machines)
        )

    first, second, third = ids(3)
    index.put(make.metadata(first, lanes=lanes("one", "two", "one"), tags=("a", "a")), None)
    index.put(make.metadata(second, lanes=lanes("two"), kind="other"), None)
    index.put(make.metadata(third, lanes=lanes("two"), tags=("b",), notes="as it is"), None)
    assert listed(index, machine="two") == [third, second, first]
    assert listed(index, machine="two", kind="compute") == [third, first]
    assert listed(index, machine="two", kind="compute", tag="a") == [first]
    assert listed(index, kind="other", tag="a") == []
    assert listed(index, machine="two", after=third, limit=1) == [second]
    assert index.page(Query()).runs[0].notes == "as it is"
    result = index.choices()
    assert [(choice.value, choice.runs) for choice in result.machines] == [
        ("two", 3),
        ("one", 1),
    ]
    assert [(kind.value, kind.runs) for kind in result.kinds] == [("compute", 2), ("other", 1)]
    assert [(tag.value, tag.runs) for tag in result.tags] == [("a", 1), ("b", 1)]
    assert [(state.value, state.runs) for state in result.states] == [("queued", 3)]
    index.remove([first])
    assert [tag.value for tag in index.choices().tags] == ["b"]


def test_runs_of_one_series_are_listed_together(index: Index, make: Any) -> None:
    def put(run_id: str, n: int, **changes: Any) -> None:
        lane = RunLane(
            lane_id="lane-0", label=f"L{n}", machine_id="m", backend="b", params={"n": n}
        )
        index.put(make.metadata(run_id, lanes=(lane,), **changes), None)

    def series(**query: Any) -> list[tuple[str, int]]:
        page = index.series(Query(**query))
        return [(one.newest.run_id, one.runs) for one in page.series]

    a, b, c, d, e = ids(5)
    for run_id, n, tags in ((a, 1, ("t",)), (b, 2, ()), (c, 1, ("t",)), (d, 3, ()), (e, 2, ("t",))):
        put(run_id, n, tags=tags, name=("alpha", "beta", "gamma")[n - 1])
    assert series() == [(e, 2), (d, 1), (c, 2)]
    key = index.page(Query(limit=1, after=d)).runs[0].series
    assert listed(index, series=key) == [c, a]
    assert listed(index, series=key, q="beta") == []
    # Of a filtered list, the newest run that is in it stands for its series.
    assert series(tag="t") == [(e, 1), (c, 2)]
    assert series(q="beta") == [(e, 2)]
    assert series(sort=Sort.TITLE, order=Direction.ASCENDING) == [(c, 2), (e, 2), (d, 1)]
    assert series(series=key) == [(c, 2)]
    first = index.series(Query(limit=2))
    assert ([one.newest.run_id for one in first.series], first.next) == ([e, d], d)
    put(ids(6)[5], 9)
    assert series(limit=2, after=first.next) == [(c, 2)]
    index.remove([c])
    assert series(series=key) == [(a, 1)]


def test_runs_that_repeat_another_with_more_rounds_are_found(index: Index, make: Any) -> None:
    first, second, third = ids(3)
    for run_id, continues in ((first, None), (second, first), (third, None)):
        metadata = make.metadata(run_id)
        spec = msgspec.structs.replace(metadata.spec, continues=continues)
        index.put(msgspec.structs.replace(metadata, spec=spec), None)
    (row,) = index.page(Query(continues=first)).runs
    assert (row.run_id, row.continues) == (second, first)
    assert listed(index, continues=second) == []


@pytest.mark.parametrize("garbage", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_garbage_is_put_aside_and_made_again(tmp_path: Path, make: Any, garbage: bytes) -> None:
    runs, path = tmp_path / "runs", tmp_path / "index.sqlite"
    for run_id in ids(3):
        RunFolder.create(runs, make.metadata(run_id))
    path.write_bytes(garbage)
    index = Index(path)
    assert (index.stale, reindex.catch_up(index, runs).done) == (True, 3)
    assert listed(index) == ids(3)[::-1]
    assert reindex.catch_up(index, runs).done == 3  # All of them are queued still.
    assert not index.stale
    (aside,) = tmp_path.glob("index.sqlite.bad-*")
    assert aside.read_bytes() == garbage
    index.close()


def test_an_index_that_breaks_while_open_heals(tmp_path: Path, make: Any) -> None:
    path = tmp_path / "index.sqlite"
    index = Index(path)
    index.put_all((make.metadata(run_id), None) for run_id in ids(2000))
    index.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xaa" * (len(whole) - 4096))
    again = Index(path)
    assert again.stale
    assert listed(again) == []
    again.close()


def test_an_index_of_another_version_is_made_again(tmp_path: Path) -> None:
    index = Index(tmp_path / "index.sqlite")
    index._database.do(lambda base: base.execute("PRAGMA user_version = 99"))
    index.close()
    again = Index(tmp_path / "index.sqlite")
    assert again.stale
    again.close()


@pytest.mark.slow
def test_a_rebuild_forgets_and_skips_and_tells(tmp_path: Path, index: Index, make: Any) -> None:
    runs = tmp_path / "runs"
    for run_id in ids(450):
        RunFolder.create(runs, make.metadata(run_id))
    (runs / ids(450)[7] / "metadata.json").write_bytes(b"{")
    index.put(make.metadata("2020-01-01_000000_000000"), None)
    progress: list[int] = []
    end = reindex.rebuild(index, runs, lambda now: progress.append(now.done))
    assert progress == [200, 400, 450]
    assert len(end.skipped) == 1
    assert ids(450)[7] in end.skipped[0]
    assert len(index.states()) == 449


def test_catching_up_reads_what_is_new_or_was_unfinished(
    tmp_path: Path, index: Index, make: Any
) -> None:
    runs = tmp_path / "runs"
    index.stale = False
    done, was_running, new = ids(3)
    for run_id in (done, was_running, new):
        RunFolder.create(runs, make.metadata(run_id, state=RunState.INTERRUPTED))
    index.put(make.metadata(done, state=RunState.DONE), None)
    index.put(make.metadata(was_running, state=RunState.RUNNING), None)
    assert reindex.catch_up(index, runs).total == 2
    states = index.states()
    assert (states[done], states[was_running]) == (RunState.DONE, RunState.INTERRUPTED)
    assert new in states


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchraceError, match="file"):
        Index(tmp_path / "file" / "index.sqlite")


def filled(path: Path, make: Any, runs: int) -> Index:
    """Make an index of so many runs: a thousand series."""
    base = make.metadata(tags=("all",))
    index = Index(path)
    index.put_all(
        (msgspec.structs.replace(base, run_id=run_id, warmup=number % 1000), None)
        for number, run_id in enumerate(ids(runs))
    )
    return index


def steps(index: Index, work: Callable[[], object]) -> int:
    """Count the instructions of SQLite's virtual machine: the same on every computer."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 10

    index._database.do(lambda base: base.set_progress_handler(tick, 10))
    work()
    index._database.do(lambda base: base.set_progress_handler(None, 0))
    return count


@pytest.mark.slow
def test_a_page_costs_the_same_among_many_runs(tmp_path: Path, make: Any) -> None:
    costs = []
    for runs in (1000, 4000):
        index = filled(tmp_path / str(runs), make, runs)
        costs.append(
            [
                steps(index, partial(index.page, query))
                for query in (
                    Query(),
                    Query(after=ids(runs)[runs // 2]),
                    Query(tag="all", after=ids(runs)[10]),
                    Query(state=RunState.QUEUED),
                )
            ]
        )
        index.close()
    assert costs[0] == costs[1]
    assert max(costs[0]) < 1000


@pytest.mark.slow
def test_no_query_costs_more_than_60_instructions_per_run(tmp_path: Path, make: Any) -> None:
    index = filled(tmp_path / "index.sqlite", make, 4000)
    for query in (
        Query(),
        Query(q="nothing-has-this"),
        Query(kind="compute", tag="all", machine="m1", after=ids(4000)[2000]),
        Query(tag="all", state=RunState.DONE),
    ):
        assert steps(index, partial(index.page, query)) < 60 * 4000
        assert steps(index, partial(index.series, query)) < 60 * 4000
    assert steps(index, index.choices) < 60 * 4000
    assert index.choices().kinds[0].runs == 4000
    index.close()
