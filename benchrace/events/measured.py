"""Values that rounds yield: numbers with their parts, and the verdict on them."""

from enum import StrEnum

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """Why a result is less than valid: a code for machines, a sentence for people."""

    code: str
    text: str


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One number. `value` is null where it was not measured, and then `reason` says why.

    A ratio keeps its `numerator` and `denominator`, so that rounds combine as sum/sum. Where
    `value` is an estimate, the true one lies between `low` and `high`, and `unknown` says what is
    not known; all three are null for an exact number. `parts` are numerator and denominator of each
    part of a ratio whose interval is over parts, equal and in one order in all rounds of a lane;
    `grouped` says that there are many, and each of these adds up several.
    """

    metric: str
    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    reason: str | None = None
    low: float | None = None
    high: float | None = None
    unknown: Reason | None = None
    parts: tuple[tuple[float, float], ...] = ()
    grouped: bool = False


class Level(StrEnum):
    VALID = "VALID"
    SUSPECT = "SUSPECT"
    INVALID = "INVALID"


class Verdict(msgspec.Struct, frozen=True):
    """Whether a result counts. SUSPECT counts and marks its lane; INVALID never counts."""

    level: Level = Level.VALID
    reasons: tuple[Reason, ...] = ()

    def worse(self, level: Level, code: str, text: str) -> "Verdict":
        """Add a reason; the level can only get worse."""
        order = (Level.VALID, Level.SUSPECT, Level.INVALID)
        worst = max(self.level, level, key=order.index)
        return Verdict(worst, (*self.reasons, Reason(code, text)))
