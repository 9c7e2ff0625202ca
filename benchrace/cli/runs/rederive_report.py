"""The report of `benchrace runs derive`."""

from collections.abc import Iterator

from benchrace.events import Measured
from benchrace.formatting import plural
from benchrace.run import headline
from benchrace.run.rederive import Derivation

_MAX_PROBLEMS = 20


def render(derivation: Derivation) -> Iterator[str]:
    """Yield what was recomputed, by which version, and what differs."""
    labels = {lane.lane_id: lane.label for lane in derivation.summary.lanes}
    for backend, now in derivation.metrics_version.items():
        then = derivation.metrics_version_then.get(backend, ())
        before = ", ".join(map(str, then)) or "none"
        yield f"{backend}: metrics version {now}; measured with {before}"
    yield f"{plural(derivation.rounds, 'round')} recomputed"
    if (stamps := derivation.restamped) is not None:
        line = f"stamps from raw arrivals: {plural(stamps.same, 'round')} match"
        line += f", {stamps.different} differ" if stamps.different else ""
        yield line + (f", {stamps.unknown} cannot be recomputed" if stamps.unknown else "")
        yield from (f"  {reason}" for reason in stamps.reasons)
    if derivation.summary.result is not None:
        yield headline.outcome(derivation.summary.result)
    if not derivation.changes:
        yield "no numbers differ"
    for change in derivation.changes:
        rounds = plural(change.rounds, "round")
        yield (
            f"{labels.get(change.lane_id, change.lane_id)}: {change.metric} differs in {rounds}; "
            f"in round {change.first_round} it was {_format(change.was)} "
            f"and is {_format(change.now)}"
        )
    for problem in derivation.problems[:_MAX_PROBLEMS]:
        yield f"not recomputed: {problem}"
    if len(derivation.problems) > _MAX_PROBLEMS:
        yield f"not recomputed: {len(derivation.problems) - _MAX_PROBLEMS} more"


def _format(measured: Measured | None) -> str:
    if measured is None:
        return "no metric"
    if measured.value is None:
        return f"unknown ({measured.reason})"
    return f"{measured.value:g}"
