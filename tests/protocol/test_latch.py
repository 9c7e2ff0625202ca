"""A latch: on at its limit, off only well below it."""

from benchrace.protocol.latch import Latch


def test_a_value_near_the_limit_does_not_flap() -> None:
    latch = Latch(on=2, off=1)
    seen = [latch.judge(value) for value in (1.9, 2, 1.5, None, 1, 0.9, 1.9)]
    assert seen == [False, True, True, True, True, False, False]
