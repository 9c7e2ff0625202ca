"""A yes or no with hysteresis: a value near its limit does not change it again and again."""


class Latch:
    """On from `on` upwards, and off again below `off`, which is lower."""

    def __init__(self, on: float, off: float) -> None:
        self._on = on
        self._off = off
        self.value = False

    def judge(self, measured: float | None) -> bool:
        """Take a new measurement, and return the state; what was not measured changes nothing."""
        if measured is not None:
            self.value = measured >= (self._off if self.value else self._on)
        return self.value
