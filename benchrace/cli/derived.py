"""What `benchrace runs derive` says of numbers that were derived again."""

from collections.abc import Iterator

from benchrace.events import Measured
from benchrace.run.rederive import Derivation

_MOST = 20


def told(made: Derivation) -> Iterator[str]:
    """Say what was derived, by which version, and what is not as it was."""
    labels = {lane.lane_id: lane.label for lane in made.summary.lanes}
    for backend, now in made.metrics_version.items():
        then = made.metrics_version_then.get(backend, ())
        before = ", ".join(map(str, then)) or "none"
        yield f"{backend}: metrics version {now}; measured with {before}"
    yield f"{made.rounds} rounds derived again"
    if (stamps := made.restamped) is not None:
        line = f"stamps from raw arrivals: {stamps.same} rounds as recorded"
        line += f", {stamps.different} not" if stamps.different else ""
        yield line + (f", {stamps.unknown} cannot be made again" if stamps.unknown else "")
        yield from (f"  {reason}" for reason in stamps.reasons)
    if not made.changes:
        yield "no number differs"
    for change in made.changes:
        yield (
            f"{labels.get(change.lane_id, change.lane_id)}: {change.metric} differs in "
            f"{change.rounds} rounds; in round {change.first_round} it was {_said(change.was)} "
            f"and is {_said(change.now)}"
        )
    for problem in made.problems[:_MOST]:
        yield f"not derived: {problem}"
    if len(made.problems) > _MOST:
        yield f"not derived: {len(made.problems) - _MOST} more"


def _said(measured: Measured | None) -> str:
    if measured is None:
        return "no metric"
    if measured.value is None:
        return f"unknown ({measured.reason})"
    return f"{measured.value:g}"
