"""Wall clocks that moved while a run was measured."""

from collections.abc import Iterator

from benchrace.events import ClockStep, Reason

MAX_NAMED = 4


class ClockSteps:
    """The moves of each machine's wall clock, and of central's (None)."""

    def __init__(self) -> None:
        self._steps: dict[str | None, list[float]] = {}

    def take(self, event: ClockStep) -> None:
        """Count one move."""
        self._steps.setdefault(event.machine_id, []).append(event.payload.step_s)

    def remarks(self) -> Iterator[Reason]:
        """Yield what each clock's steps mean for the run."""
        for machine_id, steps in sorted(self._steps.items(), key=lambda item: item[0] or ""):
            whose = "central" if machine_id is None else machine_id
            moves = ", ".join(f"{step:+.1f} s" for step in steps[:MAX_NAMED])
            more = f" and {len(steps) - MAX_NAMED} more" if len(steps) > MAX_NAMED else ""
            yield Reason(
                "clock_stepped",
                f"the wall clock of {whose} moved by {moves}{more} during the run: "
                "times of day before and after are not comparable; durations are unaffected",
            )
