"""The heading and footnotes of a result table: formulas, marks, failures, lanes left out."""

from collections.abc import Iterable, Iterator

from benchrace.cli.output.formatting import clean_line
from benchrace.errors import Failure, with_remedy
from benchrace.events import Reason
from benchrace.formatting import duration, plural
from benchrace.run.clients import machines_of
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.findings.noise import noise
from benchrace.run.metadata import RunMetadata

# A prompt can be long; it is whole in the run's document.
_MAX_LENGTH = 60


def heading(run: RunDocument) -> str:
    """Return what was raced: the kind, the parameters that all lanes share, the rounds."""
    shared = " ".join(f"{key}={shorten(value)}" for key, value in _shared(run).items())
    warmup = f" after {plural(run.warmup, 'warm-up round')}" if run.warmup else ""
    rounds = "adaptive rounds" if run.spec.rounds == "auto" else plural(run.rounds, "round")
    machines = len({lane.machine_id for lane in run.lanes})
    order = "" if machines == len(run.lanes) else f", order {run.order.value}"
    raced = "; ".join(part for part in (shared, rounds) if part)
    simulated = "simulated " if run.simulated else ""
    words = f"{simulated}{run.kind}: {raced}{warmup} in {_lanes(len(run.lanes))}{order}"
    return clean_line(words)


def _lanes(number: int) -> str:
    return "one lane" if number == 1 else f"each of {number} lanes"


def formulas(run: RunDocument) -> Iterator[str]:
    """Yield the formula of each headline metric."""
    texts: dict[str, str] = {}
    for lane in run.lanes:
        for metric in lane.summary.values():
            if metric.headline and metric.formula:
                texts.setdefault(metric.title, metric.formula)
    for title, formula in texts.items():
        yield clean_line(f"{title} = {formula}")


def notes(run: RunDocument) -> Iterator[str]:
    """Yield everything that limits what the numbers mean."""
    if run.result is None and run.winner_reason:
        yield f"no winner: {clean_line(run.winner_reason)}"
    for remark in _unsaid(run):
        yield f"{clean_line(remark.text)} ({clean_line(remark.code)})"
    yield from _of_lanes(run.lanes)
    yield from left_out(run)
    if run.staggered:
        yield f"staggered: the machines did not start close enough together{_widest(run)}"
    elif len({name for lane in run.lanes for name in machines_of(lane)}) > 1 and (
        apart := _widest(run)
    ):
        # Workers have no job of their own, and so no start.
        yield f"the machines started together{apart}"
    yield from _failures(run)


def _unsaid(run: RunDocument) -> Iterator[Reason]:
    """Yield the remarks that the result's confidence does not name already."""
    reasons = () if run.result is None else run.result.confidence.reasons
    codes = {reason.code for reason in reasons}
    return (remark for remark in run.remarks if remark.code not in codes)


def left_out(run: RunMetadata) -> Iterator[str]:
    """Yield the lanes that do not take part, and why."""
    for left in run.left_out:
        why = [str(field) for field in left.fields]
        why += [with_remedy(problem.message, problem.remedy) for problem in left.problems]
        yield f"skipped: {clean_line(left.label)}: {clean_line('; '.join(why))}"


def _of_lanes(lanes: Iterable[DocumentLane]) -> Iterator[str]:
    """Yield the limits of lanes, each text once, with all lanes that it applies to."""
    labels: dict[str, list[str]] = {}
    for lane in lanes:
        for text in _limits(lane):
            labels.setdefault(text, []).append(clean_line(lane.label))
    for text, names in labels.items():
        yield f"{', '.join(names)}: {text}"
    for lane in lanes:
        yield from map(clean_line, noise(lane))


def _limits(lane: DocumentLane) -> Iterator[str]:
    for mark in lane.marks:
        yield f"{clean_line(mark.text)} ({clean_line(mark.code)})"
    missing = max(lane.discarded, lane.missing)
    planned = plural(lane.counted + missing, "round")
    if lane.discarded:
        verb = "was" if lane.discarded == 1 else "were"
        yield f"{lane.discarded} of {planned} {verb} not counted"
    if unfinished := missing - lane.discarded:
        yield f"{unfinished} of {planned} did not finish"


def _failures(run: RunDocument) -> Iterator[str]:
    """Yield each failure once: with its lanes, or alone where no lane has it."""
    lanes: dict[str, list[str]] = {}
    for lane in run.lanes:
        error = lane.error or next((done.error for done in lane.rounds if done.error), None)
        if error:
            lanes.setdefault(_words(error), []).append(clean_line(lane.label))
    for words, labels in lanes.items():
        yield f"{', '.join(labels)}: {words}"
    if run.failure:
        words = _words(run.failure)
        for printed in lanes:
            words = words.removesuffix(printed)
        if words:
            yield words.removesuffix(": ")


def tracebacks(run: RunDocument) -> dict[str, list[str]]:
    """Return every traceback, or other detail of a failure, with the lanes it belongs to."""
    owners: dict[str, list[str]] = {}
    for lane in run.lanes:
        label = clean_line(lane.label)
        if lane.error and lane.error.detail:
            owners.setdefault(lane.error.detail, []).append(label)
        for done in lane.rounds:
            if done.error and done.error.detail:
                owners.setdefault(done.error.detail, []).append(f"{label}, round {done.round}")
    for left in run.left_out:
        for problem in left.problems:
            if problem.detail:
                owners.setdefault(problem.detail, []).append(f"skipped: {clean_line(left.label)}")
    if run.failure and run.failure.detail:
        owners.setdefault(run.failure.detail, []).append("the run")
    return owners


def _shared(run: RunDocument) -> dict[str, object]:
    first, *others = run.lanes or (None,)
    if first is None:
        return {}
    defaults = _defaults(run, first)
    return {
        key: value
        for key, value in first.params.items()
        if all(other.params.get(key) == value for other in others)
        and (key not in defaults or defaults[key] != value or key in run.spec.params)
    }


def shorten(value: object) -> str:
    """Return a parameter's value, shortened where it is long."""
    text = str(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."


def _defaults(run: RunDocument, lane: DocumentLane) -> dict[str, object]:
    workload = run.workloads.get(lane.backend)
    properties = workload.params_schema.get("properties", {}) if workload else {}
    return {key: field["default"] for key, field in properties.items() if "default" in field}


def _widest(run: RunDocument) -> str:
    """Return how far apart the machines started at most, with its uncertainty."""
    judged = [heat for heat in run.heats if heat.spread_ns is not None]
    if not judged:
        return ""
    widest = max(judged, key=lambda heat: heat.spread_ns or 0)
    return f" ({duration(widest.spread_ns)} ± {duration(widest.uncertainty_ns)} apart)"


def _words(failure: Failure) -> str:
    return clean_line(with_remedy(failure.message, failure.remedy))
