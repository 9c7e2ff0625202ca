"""Find the N that takes about two seconds, by timing growing ones."""

from collections.abc import Awaitable, Callable

TARGET_S = 2.0
_ENOUGH_S = 0.2
_GROWTH = 8


async def calibrate(
    seconds: Callable[[int], Awaitable[float]],
    *,
    first: int,
    limit: int,
    exponent: float,
    growth: int = _GROWTH,
) -> int:
    """Return an N of the form d x 10^k, at most `limit`, so that its count can be checked.

    `seconds(n)` runs once and tells how long it took, which grows as n^`exponent`.
    """
    n = min(first, limit)
    took = await seconds(n)
    while took < _ENOUGH_S and n < limit:
        n = min(n * growth, limit)
        took = await seconds(n)
    wanted = n * (TARGET_S / max(took, 1e-6)) ** (1 / exponent)
    return round_down(min(wanted, limit))


def round_down(n: float) -> int:
    """Keep the first digit of n, and make the others zero; at least 1."""
    digits = str(max(1, int(n)))
    return int(digits[0] + "0" * (len(digits) - 1))
