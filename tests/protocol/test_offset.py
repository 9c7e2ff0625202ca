"""The estimate of two clocks' offset stays within its stated uncertainty."""

from hypothesis import given
from hypothesis import strategies as st

from benchrace.protocol.offset import Offset, OffsetEstimate, Ping

ns = st.integers(0, 10**9)
offsets = st.integers(-(10**18), 10**18)


def ping(sent_ns: int, there_ns: int, busy_ns: int, back_ns: int, offset_ns: int) -> Ping:
    """Make an exchange that took `there_ns` to them, `busy_ns` with them and `back_ns` back."""
    received = sent_ns + there_ns + offset_ns
    return Ping(
        sent_ns=sent_ns,
        received_ns=received,
        replied_ns=received + busy_ns,
        returned_ns=sent_ns + there_ns + busy_ns + back_ns,
    )


@given(st.lists(st.tuples(ns, ns, ns), min_size=1, max_size=80), offsets)
def test_the_truth_is_within_the_uncertainty(legs: list[tuple[int, int, int]], true: int) -> None:
    estimate, now = OffsetEstimate(), 0
    for there, busy, back in legs:
        exchange = ping(now, there, busy, back, true)
        estimate.add(exchange)
        now = exchange.returned_ns
    offset = estimate.at(now)
    assert offset is not None
    assert abs(offset.offset_ns - true) <= offset.uncertainty_ns


@given(ns, offsets, st.integers(-50, 50), st.integers(0, 10**12))
def test_it_stays_within_while_clocks_drift(
    there: int, true: int, drift_ppm: int, age_ns: int
) -> None:
    estimate = OffsetEstimate()
    exchange = ping(0, there, 0, there, true)
    estimate.add(exchange)
    now = exchange.returned_ns + age_ns
    drifted = true + age_ns * drift_ppm // 1_000_000
    offset = estimate.at(now)
    assert offset is not None
    assert abs(offset.offset_ns - drifted) <= offset.uncertainty_ns + 1


def test_the_lowest_round_trip_decides_until_it_is_old() -> None:
    estimate = OffsetEstimate()
    estimate.add(ping(0, 1_000, 0, 1_000, 500))
    estimate.add(ping(10_000, 90_000, 0, 10_000, 500))
    now = 110_000
    sharp = estimate.at(now)
    assert sharp is not None
    assert sharp.offset_ns == 500
    # Ten minutes later 50 us a second have made the slow but fresh one the better of the two.
    fresh = ping(600 * 10**9, 90_000, 0, 10_000, 20_000_000)
    estimate.add(fresh)
    later = estimate.at(fresh.returned_ns)
    assert later == Offset(offset_ns=20_040_000, uncertainty_ns=50_000)


def test_an_old_ping_leaves_the_window() -> None:
    estimate = OffsetEstimate(window=2)
    for offset in (1, 2, 3):
        estimate.add(ping(0, 10, 0, 10, offset))
    newest = estimate.at(20)
    assert newest is not None
    assert newest.offset_ns == 2


def test_nothing_is_known_before_the_first_answer() -> None:
    assert OffsetEstimate().at(0) is None
    assert OffsetEstimate().round_trip_ns() is None


@given(offsets, offsets)
def test_translating_there_and_back_is_the_same_instant(instant: int, offset_ns: int) -> None:
    offset = Offset(offset_ns=offset_ns, uncertainty_ns=0)
    assert offset.ours(offset.theirs(instant)) == instant


def test_an_answer_that_claims_to_be_older_than_the_question_has_no_negative_round_trip() -> None:
    exchange = Ping(sent_ns=0, received_ns=0, replied_ns=100, returned_ns=10)
    assert exchange.round_trip_ns == 0
