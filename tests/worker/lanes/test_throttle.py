"""Batching for display: by length, by line, by age."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.testing import FakeClock
from benchrace.worker.lanes.throttle import MAX_CHARS, Flush, TextBatch, Throttled, clean, cut

Batch = Callable[..., tuple[TextBatch, list[str]]]


def never(seconds: float, call: Callable[[], None]) -> None:
    """Arrange nothing."""


class Timer:
    """Passes the time of a clock, and makes the calls that are due then."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.pending: list[tuple[int, Callable[[], None]]] = []

    def __call__(self, seconds: float, call: Callable[[], None]) -> None:
        self.pending.append((self._clock.monotonic_ns() + round(seconds * 1e9), call))

    def pass_s(self, seconds: float) -> None:
        self._clock.pass_s(seconds)
        now_ns = self._clock.monotonic_ns()
        due = [call for at_ns, call in self.pending if at_ns <= now_ns]
        self.pending = [entry for entry in self.pending if entry[0] > now_ns]
        for call in due:
            call()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timer(clock: FakeClock) -> Timer:
    return Timer(clock)


@pytest.fixture
def batch(clock: FakeClock, timer: Timer) -> Batch:
    def batch(chars: int = 64, seconds: float = 0.1) -> tuple[TextBatch, list[str]]:
        shown: list[str] = []
        text = TextBatch(lambda text, _: shown.append(text), clock, Flush(chars, seconds), timer)
        return text, shown

    return batch


def test_text_waits_for_64_characters(batch: Batch) -> None:
    text, shown = batch()
    text.add("x" * 63)
    assert shown == []
    text.add("yz")
    assert shown == ["x" * 63 + "yz"]


def test_a_newline_shows_at_once(batch: Batch) -> None:
    text, shown = batch()
    text.add("a")
    text.add("b\n")
    assert shown == ["ab\n"]


def test_old_text_is_shown_with_the_next_piece(batch: Batch, clock: FakeClock) -> None:
    text, shown = batch()
    text.add("a")
    clock.pass_s(0.099)
    text.add("b")
    assert shown == []
    clock.pass_s(0.002)
    text.add("c")
    assert shown == ["abc"]


def test_text_that_stops_is_shown_by_the_alarm(batch: Batch, timer: Timer) -> None:
    text, shown = batch()
    text.add("a")
    timer.pass_s(0.099)
    assert shown == []
    timer.pass_s(0.002)
    assert shown == ["a"]
    assert timer.pending == []


def test_many_pieces_set_one_alarm(batch: Batch, timer: Timer) -> None:
    text, _ = batch(chars=1000)
    for _ in range(100):
        text.add("a")
    assert len(timer.pending) == 1


def test_an_alarm_for_text_that_was_shown_waits_for_what_came_since(
    batch: Batch, timer: Timer
) -> None:
    text, shown = batch()
    text.add("a")
    timer.pass_s(0.06)
    text.show()
    text.add("b")
    timer.pass_s(0.06)
    assert shown == ["a"]
    timer.pass_s(0.05)
    assert shown == ["a", "b"]


def test_the_end_shows_the_rest_and_nothing_twice(batch: Batch) -> None:
    text, shown = batch()
    text.add("a")
    text.show()
    text.show()
    assert shown == ["a"]


@given(st.lists(st.text(max_size=200)), st.integers(1, 100))
def test_nothing_is_lost_or_reordered(pieces: list[str], chars: int) -> None:
    shown: list[str] = []
    text = TextBatch(lambda text, _: shown.append(text), FakeClock(), Flush(chars, 1000), never)
    for piece in pieces:
        text.add(piece)
    text.show()
    assert "".join(shown) == "".join(pieces)
    assert "" not in shown


def test_long_text_is_shown_in_parts(batch: Batch) -> None:
    text, shown = batch()
    text.add("x" * (MAX_CHARS * 2 + 5))
    assert [len(part) for part in shown] == [MAX_CHARS, MAX_CHARS, 5]


def test_the_pieces_of_what_is_shown_are_counted_once() -> None:
    shown: list[tuple[int, int]] = []
    text = TextBatch(
        lambda text, n: shown.append((len(text), n)), FakeClock(), Flush(9, 1000), never
    )
    for piece in ("ab", "", "c", "\n", "x" * MAX_CHARS + "yz"):
        text.add(piece)
    assert shown == [(4, 3), (MAX_CHARS, 1), (2, 0)]


def test_the_environment_sets_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_STREAM_FLUSH_CHARS", "5")
    monkeypatch.setenv("BENCH_STREAM_FLUSH_SECONDS", "0.5")
    flush = Flush.from_environment()
    assert (flush.chars, flush.seconds) == (5, 0.5)


@pytest.mark.parametrize("value", ["", "many", "1e3"])
def test_what_is_no_number_leaves_the_defaults(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("BENCH_STREAM_FLUSH_CHARS", value)
    flush = Flush.from_environment()
    assert (flush.chars, flush.seconds) == (64, 0.1)


def test_any_text_can_be_encoded() -> None:
    assert clean("a\ud800b") == "a?b"
    assert cut("x" * (MAX_CHARS + 1)) == "x" * (MAX_CHARS - 1) + "…"
    assert cut("x" * MAX_CHARS) == "x" * MAX_CHARS


def test_progress_is_thinned_to_30_a_second_and_ends_with_the_last(clock: FakeClock) -> None:
    shown: list[float] = []
    thinned = Throttled(lambda done, total, unit: shown.append(done), clock, never)
    for step in range(1001):
        thinned.put(step, 1000, "x")
        clock.pass_s(0.001)
    thinned.show()
    thinned.show()
    assert 29 <= len(shown) <= 32
    assert shown[0] == 0
    assert shown[-1] == 1000
    assert shown == sorted(set(shown))


def test_progress_that_stops_is_shown_by_the_alarm(clock: FakeClock, timer: Timer) -> None:
    shown: list[float] = []
    thinned = Throttled(lambda done, total, unit: shown.append(done), clock, timer)
    for done in range(1, 10):
        thinned.put(done, 10, "x")
    assert shown == [1]
    assert len(timer.pending) == 1
    timer.pass_s(0.05)
    assert shown == [1, 9]
    assert timer.pending == []
