"""Who waits for whom, and how far apart starts lay: pure rules."""

from hypothesis import given
from hypothesis import strategies as st

from benchrace.central.runs.start.line import (
    MAX_MARGIN_NS,
    MIN_MARGIN_NS,
    Line,
    Spread,
    Stand,
    margin_ns,
    next_line,
    spread,
)
from benchrace.protocol.offset import Offset

EVERY = frozenset(range(5))
FIRST = frozenset({0})


def test_nobody_starts_before_somebody_is_ready() -> None:
    assert next_line({"a": Stand(armed=EVERY), "b": Stand(armed=EVERY)}) is None


def test_the_ready_wait_for_those_on_their_way() -> None:
    stands = {"a": Stand(armed=EVERY, ready=0), "b": Stand(armed=EVERY)}
    assert next_line(stands) == Line(heat=0, ready=("a",), awaited=("b",))


def test_nobody_waits_for_one_that_is_over_or_further_or_not_armed() -> None:
    stands = {
        "a": Stand(armed=EVERY, ready=1, begun=0),
        "over": Stand(armed=EVERY, over=True),
        "further": Stand(armed=EVERY, ready=3, begun=0),
        "free": Stand(armed=FIRST, begun=0),
        "begun": Stand(armed=EVERY, begun=1),
    }
    assert next_line(stands) == Line(heat=1, ready=("a",), awaited=())


def test_the_lowest_heat_comes_first() -> None:
    stands = {"a": Stand(armed=EVERY, ready=2), "b": Stand(armed=EVERY, ready=1)}
    assert next_line(stands) == Line(heat=1, ready=("b",), awaited=())


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.builds(
            Stand,
            armed=st.frozensets(st.integers(0, 4)),
            ready=st.none() | st.integers(0, 4),
            begun=st.integers(-1, 4),
            over=st.booleans(),
        ),
    )
)
def test_no_two_jobs_wait_for_each_other(stands: dict[str, Stand]) -> None:
    line = next_line(stands)
    standing = {job for job, stand in stands.items() if stand.ready is not None and not stand.over}
    assert (line is None) == (not standing)
    if line is not None:
        # Whoever is awaited is still on the way: one that stands at a line is never awaited.
        assert standing.isdisjoint(line.awaited)
        assert set(line.ready) <= standing


def test_the_margin_covers_round_trip_and_uncertainty_within_bounds() -> None:
    assert margin_ns([], []) == MIN_MARGIN_NS
    assert margin_ns([None, 40_000_000], [5_000_000]) == 85_000_000
    assert margin_ns([10**12], [0]) == MAX_MARGIN_NS


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 10**9), min_size=2),
    st.lists(st.integers(-(10**18), 10**18), min_size=8, max_size=8),
    st.lists(st.integers(-(10**6), 10**6), min_size=8, max_size=8),
)
def test_the_true_spread_is_within_the_uncertainty(
    true: dict[str, int], offsets: list[int], errors: list[int]
) -> None:
    estimates = {
        job: Offset(offset_ns=offset + error, uncertainty_ns=abs(error))
        for job, offset, error in zip("abcdefgh", offsets, errors, strict=True)
    }
    starts = {
        job: instant + dict(zip("abcdefgh", offsets, strict=True))[job]
        for job, instant in true.items()
    }
    result = spread(starts, estimates)
    assert result is not None
    actual = max(true.values()) - min(true.values())
    assert result.spread_ns >= 0
    most = 2 * max(abs(error) for error in errors)
    assert abs(result.spread_ns - actual) <= most
    assert result.uncertainty_ns <= most


def test_one_machine_has_no_spread() -> None:
    assert spread({"a": 5}, {}) == Spread(spread_ns=0, uncertainty_ns=0)


def test_an_unknown_clock_makes_the_spread_unknown() -> None:
    assert spread({"a": 5, "b": 6}, {"a": Offset(offset_ns=0, uncertainty_ns=0)}) is None
