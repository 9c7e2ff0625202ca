"""What a soak is judged by."""

from collections.abc import Sequence
from typing import NamedTuple


class Goal(NamedTuple):
    """A goal with what was measured; `met` is None where it could not be judged."""

    name: str
    measured: str
    goal: str
    met: bool | None


def table(goals: Sequence[Goal]) -> str:
    """Draw the goals, one a line."""
    words = {True: "ok", False: "MISSED", None: "-"}
    rows = [
        ("", "measured", "goal", ""),
        *((g.name, g.measured, g.goal, words[g.met]) for g in goals),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
