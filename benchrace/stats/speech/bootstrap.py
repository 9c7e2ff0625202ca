"""A ratio's error over the parts of the work, where rounds only repeat it: a bootstrap."""

import math
import random
from collections.abc import Sequence
from functools import lru_cache

from benchrace.events import Measured
from benchrace.stats.moments import deviation, mean, usable

# For a standard error a few hundred are enough; the seed makes the same log give the same number.
SAMPLES = 500
_SEED = 1
Parts = tuple[tuple[float, float], ...]


def pooled(rounds: Sequence[Measured]) -> Parts | None:
    """Add up each part over the rounds; None where they do not have the same parts."""
    counts = {len(figure.parts) for figure in rounds}
    if counts == {0} or len(counts) != 1:
        return None
    columns = zip(*(figure.parts for figure in rounds), strict=True)
    return tuple(
        (math.fsum(part[0] for part in column), math.fsum(part[1] for part in column))
        for column in columns
    )


@lru_cache(maxsize=256)
def error(parts: Parts) -> float | None:
    """Return the standard error of sum/sum over at least two parts; None where it has none.

    Parts are drawn with replacement, as many as there are, and the ratio is taken of each sample.
    The spread of these ratios lacks a factor of sqrt(U / (U - 1)), as the samples vary around the
    parts' own mean: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.
    """
    draw, count = random.Random(_SEED), len(parts)
    ratios = []
    for _ in range(SAMPLES):
        sample = draw.choices(parts, k=count)
        whole = math.fsum(part[1] for part in sample)
        if whole > 0:
            ratios.append(math.fsum(part[0] for part in sample) / whole)
    if len(ratios) < 2:
        return None
    center = mean(ratios)
    spread = deviation([ratio - center for ratio in ratios])
    result = spread * math.sqrt(count / (count - 1))
    return result if usable(result) else None
