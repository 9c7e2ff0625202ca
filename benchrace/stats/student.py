"""Student's t distribution: the quantile that intervals need, without a library.

The tail is a regularised incomplete beta function (DLMF 8.17), by its continued fraction
(DLMF 8.17.22, evaluated after Lentz); the quantile inverts it by Newton steps within a bracket.
"""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_STEPS = 10_000
# Beyond this many degrees of freedom two terms of the expansion about the normal are exact enough.
_NORMAL_FROM = 1e5
# Beyond this many half degrees of freedom lgamma(a + 1/2) - lgamma(a) loses too many digits.
_SERIES_FROM = 40.0


@lru_cache(maxsize=1024)
def quantile(probability: float, df: float) -> float:
    """Return t with P(T <= t) = `probability`, for 0 < probability < 1 and df > 0."""
    if not 0 < probability < 1 or not df > 0:
        raise ValueError(f"no quantile of {probability} with {df} degrees of freedom")
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -_upper(probability, df)
    return _upper(1 - probability, df)


def upper_tail(t: float, df: float) -> float:
    """Return P(T > t) for t >= 0."""
    square = t * t
    return 0.5 * _beta(df / (df + square), square / (df + square), df / 2)


def _upper(tail: float, df: float) -> float:
    if df > _NORMAL_FROM:
        return _near_normal(-NormalDist().inv_cdf(tail), df)
    low, high = 0.0, 1.0
    while upper_tail(high, df) > tail and high < 1e150:
        low, high = high, high * 2
    t = (low + high) / 2
    for _ in range(200):
        excess = upper_tail(t, df) - tail
        low, high = (t, high) if excess > 0 else (low, t)
        step = t + excess / _density(t, df)
        following = step if low < step < high else (low + high) / 2
        if abs(following - t) <= 1e-15 * t:
            return following
        t = following
    return t


def _near_normal(z: float, df: float) -> float:
    """Expand about the normal quantile (Abramowitz and Stegun 26.7.5)."""
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / df + second / df**2


def _density(t: float, df: float) -> float:
    return math.exp(_log_gamma_step(df / 2) - (df + 1) / 2 * math.log1p(t * t / df)) / math.sqrt(
        df * math.pi
    )


def _log_gamma_step(a: float) -> float:
    """Return lgamma(a + 1/2) - lgamma(a), by its series where a is large (DLMF 5.11.13)."""
    if a < _SERIES_FROM:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    x = 1 / (8 * a)
    # sqrt(a) * (1 - x + x^2/2 + 5x^3/2 - 21x^4/8 - 399x^5/8 + ...)
    series = 1 + x * (-1 + x * (0.5 + x * (2.5 + x * (-2.625 + x * -49.875))))
    return 0.5 * math.log(a) + math.log(series)


def _beta(x: float, rest: float, a: float) -> float:
    """Return I_x(a, 1/2), with `rest` = 1 - x computed apart so that neither end loses digits."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    scale = math.exp(_log_gamma_step(a) + a * _log(x, rest) + 0.5 * math.log(rest))
    scale /= math.sqrt(math.pi)
    if x < (a + 1) / (a + 2.5):
        return scale * _fraction(x, a, 0.5) / a
    return 1 - scale * _fraction(rest, 0.5, a) / 0.5


def _log(x: float, rest: float) -> float:
    return math.log1p(-rest) if rest < 0.5 else math.log(x)


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction of the incomplete beta function."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away(1 + even * d), _away(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away(1 + odd * d), _away(1 + odd / c)
        value *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
