"""Silence is judged in steps, each at its own second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.protocol.liveness import KeepAlive, Liveness

S = 10**9


@pytest.mark.parametrize(
    ("silent_ns", "judged", "closed"),
    [
        (0, Liveness.ALIVE, False),
        (6 * S - 1, Liveness.ALIVE, False),
        (6 * S, Liveness.SUSPECT, False),
        (10 * S - 1, Liveness.SUSPECT, False),
        (10 * S, Liveness.SUSPECT, True),
        (30 * S - 1, Liveness.SUSPECT, True),
        (30 * S, Liveness.LOST, True),
    ],
)
def test_steps(silent_ns: int, judged: Liveness, closed: bool) -> None:
    keep = KeepAlive()
    assert keep.judge(7, 7 + silent_ns) is judged
    assert keep.must_close(7, 7 + silent_ns) is closed


@given(st.integers(0, 100 * S), st.integers(0, 100 * S))
def test_longer_silence_is_never_judged_better(first: int, more: int) -> None:
    order = list(Liveness)
    keep = KeepAlive()
    assert order.index(keep.judge(0, first)) <= order.index(keep.judge(0, first + more))
