"""Which lane meets which: as chosen by hand, then by rules, and each lane once."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import InvalidInput
from benchrace.run.document import DocumentLane, RunDocument, document
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold
from benchrace.stats.comparison.by_hand import choices
from benchrace.stats.comparison.matching import BY_HAND, match_lanes
from benchrace.stats.comparison.several import compare_runs, split
from tests.stats.conftest import make_run, rate

LABELS = st.lists(st.sampled_from(("x", "y", "z", "a=b")), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def blank() -> RunDocument:
    """Return a run of one lane that did nothing."""
    metadata = make_run(lanes=1)
    return document(metadata, Fold(metadata).summary())


def of(blank: RunDocument, labels: list[str], run_id: str = "r") -> RunDocument:
    lanes = tuple(
        msgspec.structs.replace(blank.lanes[0], lane_id=f"lane-{number}", label=label)
        for number, label in enumerate(labels)
    )
    return msgspec.structs.replace(blank, run_id=run_id, lanes=lanes)


def ids(lanes: tuple[DocumentLane, ...]) -> list[str]:
    return [lane.lane_id for lane in lanes]


@given(labels=LABELS, others=LABELS, data=st.data())
def test_each_lane_is_matched_once_or_left(
    blank: RunDocument, labels: list[str], others: list[str], data: st.DataObject
) -> None:
    a, b = of(blank, labels), of(blank, others)
    chosen: dict[str, str | None] = {}
    free = ids(b.lanes)
    for lane in data.draw(st.lists(st.sampled_from(ids(a.lanes)), unique=True)):
        chosen[lane] = data.draw(st.sampled_from([None, *free]))
        free = [one for one in free if one != chosen[lane]]
    result = match_lanes(a, b, chosen)
    pairs = {match.a.lane_id: match.b.lane_id for match in result.matches}
    assert sorted([*pairs, *ids(result.only_a)]) == ids(a.lanes)
    assert sorted([*pairs.values(), *ids(result.only_b)]) == ids(b.lanes)
    assert list(pairs) == sorted(pairs)
    for one, other in chosen.items():
        assert pairs.get(one) == other
    by_hand = {match.a.lane_id for match in result.matches if match.rule == BY_HAND}
    assert by_hand == {one for one, other in chosen.items() if other is not None}
    # The rules leave nothing that still fits.
    left = {lane.label for lane in result.only_a if lane.lane_id not in chosen}
    assert left.isdisjoint(lane.label for lane in result.only_b)


def test_a_match_names_lanes_by_id_or_label(blank: RunDocument) -> None:
    runs = [of(blank, labels) for labels in (["x", "y"], ["p", "q"], ["m", "n"])]
    assert choices(["x=lane-1", "lane-1==n"], runs) == (
        {"lane-0": "lane-1"},
        {"lane-1": "lane-1"},
    )
    assert choices([" y = - = m "], runs) == ({"lane-1": None}, {"lane-1": "lane-0"})
    assert choices([], runs) == ({}, {})


@pytest.mark.parametrize(
    ("texts", "path", "message"),
    [
        (["x=p", "x=z"], "match[1]", "has no lane 'z'; its lanes: lane-0 (p) and lane-1 (q)"),
        (["z=p"], "match[0]", "run a has no lane 'z'"),
        (["x=p", "x=q"], "match[1]", "lane lane-0 of run a is matched twice"),
        (["x=p", "y=lane-0"], "match[1]", "lane lane-0 of run b is matched twice"),
        (["x"], "match[0]", "does not have 2 lanes"),
        (["x=p=q"], "match[0]", "use IDs for labels with ="),
        (["=p"], "match[0]", "run a has no lane ''"),
    ],
)
def test_a_wrong_match_names_the_lanes_there_are(
    blank: RunDocument, texts: list[str], path: str, message: str
) -> None:
    runs = [of(blank, ["x", "y"], "a"), of(blank, ["p", "q"], "b")]
    with pytest.raises(InvalidInput) as raised:
        choices(texts, runs)
    assert [field.path for field in raised.value.fields] == [path]
    assert message in raised.value.message
    assert "lane-0=lane-1" in raised.value.remedy


def test_a_label_of_two_lanes_needs_an_id(blank: RunDocument) -> None:
    runs = [of(blank, ["x", "x"], "a"), of(blank, ["p"], "b")]
    with pytest.raises(InvalidInput, match=r"has 2 lanes 'x'; its lanes: lane-0 \(x\)"):
        choices(["x=p"], runs)


def test_every_run_is_held_against_the_baseline(
    run: Callable[..., RunMetadata], script: Any
) -> None:
    def timed(run_id: str, factor: float) -> RunDocument:
        metadata = msgspec.structs.replace(run(lanes=2), run_id=run_id)
        fold = Fold(metadata)
        for lane in range(2):
            for number, value in enumerate((100, 101, 99)):
                fold.feed(script.done(lane, number, rate(value * factor * (1 + lane), 1)))
        return document(metadata, fold.summary())

    runs = [timed("a", 1), timed("b", 2), timed("c", 4)]
    result = compare_runs(runs, ["lane-0=lane-1=lane-0"])
    assert [(one.a, one.b) for one in result.comparisons] == [("a", "b"), ("a", "c")]
    first, second = result.comparisons
    assert [(lane.a, lane.b, lane.matched_by) for lane in first.lanes] == [
        ("lane-0", "lane-1", "hand"),
        ("lane-1", "lane-0", "machine, backend and parameters"),
    ]
    assert [lane.b for lane in second.lanes] == ["lane-0", "lane-1"]
    assert first.lanes[0].headline == "B is 4.0x faster than A"
    assert second.lanes[0].headline == "C is 4.0x faster than A"


def test_lanes_of_a_run_are_compared_with_each_other(blank: RunDocument) -> None:
    one, other = of(blank, ["x", "y", "z"], "a"), of(blank, ["x", "p"], "b")
    result = compare_runs([one, one, other, other], lanes=["x", "lane-2", "p", None])
    pairs = [[(lane.a, lane.b) for lane in run.lanes] for run in result.comparisons]
    assert pairs == [[("lane-0", "lane-2")], [("lane-0", "lane-1")], [("lane-0", "lane-0")]]
    assert result.comparisons[0].only_b == ()
    assert result.comparisons[2].only_b == ("lane-1",)
    assert split("r:lane-0") == ("r", "lane-0")
    assert split("r") == ("r", None)


def test_a_lane_that_a_run_does_not_have_is_named(blank: RunDocument) -> None:
    runs = [of(blank, ["x", "y"], "a"), of(blank, ["p"], "b")]
    with pytest.raises(InvalidInput, match=r"^b: run b has no lane 'z'; its lanes: lane-0 \(p\)"):
        compare_runs(runs, lanes=[None, "z"])
