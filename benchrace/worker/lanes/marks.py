"""What a round collects beside its record: metrics and doubts from the backend."""

import math
from collections.abc import Collection

from benchrace.events import Level, Measured, Verdict

SIMULATED = "simulated"


class Marks:
    """Belongs to one round; usable from the loop and from the round's own threads."""

    def __init__(self, metrics: Collection[str]) -> None:
        self.verdict = Verdict()
        self.measured: list[Measured] = []
        self._metrics = metrics

    @property
    def simulated(self) -> bool:
        """Check whether no engine did the round's work."""
        return any(reason.code == SIMULATED for reason in self.verdict.reasons)

    def suspect(self, code: str, text: str) -> None:
        self.verdict = self.verdict.worse(Level.SUSPECT, code, text)

    def invalid(self, code: str, text: str) -> None:
        self.verdict = self.verdict.worse(Level.INVALID, code, text)

    def measure(
        self,
        metric: str,
        value: float | None,
        numerator: float | None,
        denominator: float | None,
        reason: str | None,
    ) -> None:
        """Add a number; raises `ValueError` for a name or a shape that makes no sense."""
        if metric not in self._metrics:
            listed = ", ".join(self._metrics)
            raise ValueError(f"the kind declares no metric {metric!r}; it has {listed}")
        if value is None and numerator is not None and denominator is not None:
            value = numerator / denominator if denominator else None
            reason = reason if denominator else reason or "the denominator is 0"
        if value is None and reason is None:
            raise ValueError(f"{metric}: give a value, or numerator and denominator, or a reason")
        self.measured.append(
            Measured(
                metric=metric,
                value=value,
                numerator=numerator,
                denominator=denominator,
                reason=reason,
            )
        )


def is_number(value: object) -> bool:
    """Check whether `value` is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)
