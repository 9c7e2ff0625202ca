"""Numbers in sentences: amounts, ratios, and what is better about them."""

from collections.abc import Sequence

from benchrace import formatting
from benchrace.formatting import TIMES_NS, duration, percent, prose
from benchrace.formatting import ratio as times
from benchrace.formatting.numbers import fixed
from benchrace.kinds import Better
from benchrace.run.result import Ratio
from benchrace.run.summary import MetricSummary

# From here on a ratio is said as "1.5x" and no longer as "50 %".
_TIMES = 1.5
# Ends of intervals nearer to 1 have a second decimal.
_NEAR = 0.095


def amounts(values: Sequence[float], unit: str, *, exact: bool = False) -> list[str]:
    """Format values for a sentence; times have their unit, everything else has none yet."""
    if unit in TIMES_NS:
        return [duration(value * TIMES_NS[unit]) for value in values]
    return [prose(value, exact=exact) for value in values]


def margin(ratio: float, unit: str, better: Better) -> str:
    """Format how many times better one side is: `12 % faster`, `2.2x slower`, `11 % lower`."""
    if is_speed(unit, better):
        return formatting.margin(ratio)
    return formatting.margin(_of_values(ratio, better), "higher", "lower")


def is_speed(unit: str, better: Better) -> bool:
    """Check whether the better side is the faster one: of times and of rates."""
    is_time = unit in TIMES_NS and better is Better.LOWER
    return is_time or (unit.endswith("/s") and better is Better.HIGHER)


def interval(ratio: Ratio, unit: str, better: Better) -> str | None:
    """Format the interval of a ratio in the terms of `margin`; None where it has no width."""
    if ratio.ci95 is None or ratio.ci95[0] == ratio.ci95[1]:
        return None
    low, high = ratio.ci95
    if 1 / _TIMES < ratio.value < _TIMES and low > 0.5 and high < 2:
        if not is_speed(unit, better):
            low, high = sorted(_of_values(end, better) for end in ratio.ci95)
        low_text, high_text = percent(low - 1).removesuffix(" %"), percent(high - 1)
    else:
        if ratio.value < 1:
            # A margin says how many times slower, not how many times faster.
            if low <= 0:
                return None
            low, high = 1 / high, 1 / low
        near = times(low) == times(high)
        low_text, high_text = _end(low, near).removesuffix("x"), _end(high, near)
    return f"95 % interval {low_text} to {high_text}"


def value_interval(figure: MetricSummary) -> str | None:
    """Format the interval of a value, beside that value; None where it has no width."""
    if figure.ci95 is None or figure.ci95[0] == figure.ci95[1]:
        return None
    return f"95 % interval {formatting.interval(figure.ci95, figure.unit, figure.value)}"


def sentence(text: str, *names: str) -> str:
    """Begin a text with a capital letter, unless it begins with a name, which stays as it is."""
    return text if text.startswith(names) else text[:1].upper() + text[1:]


def _of_values(ratio: float, better: Better) -> float:
    """Return the ratio of the values themselves, from how many times better one is."""
    return 1 / ratio if better is Better.LOWER else ratio


def _end(ratio: float, near: bool) -> str:
    return f"{fixed(ratio, 2)}x" if near or abs(ratio - 1) < _NEAR else times(ratio)
