"""What a reader has to know beside the numbers: formulas, marks, failures, what was left out."""

from collections.abc import Iterator

from benchrace.cli.text import clean_line, duration
from benchrace.errors import Failure, with_remedy
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.metadata import RunMetadata
from benchrace.run.noise import noise

# A prompt can be long; it is whole in the run's document.
_LONGEST = 60


def heading(run: RunDocument) -> str:
    """Say what was raced: the kind, the parameters that all lanes share, the rounds."""
    shared = " ".join(f"{key}={cut(value)}" for key, value in _shared(run).items())
    warmup = f" after {run.warmup} of warm-up" if run.warmup else ""
    rounds = "adaptive rounds" if run.spec.rounds == "auto" else counted(run.rounds, "round")
    machines = len({lane.machine_id for lane in run.lanes})
    order = "" if machines == len(run.lanes) else f", order {run.order.value}"
    raced = "; ".join(each for each in (shared, rounds) if each)
    words = f"{run.kind}: {raced}{warmup} in {_lanes(len(run.lanes))}{order}"
    return clean_line(words)


def counted(number: int, noun: str) -> str:
    """Say how many: `1 round`, `5 rounds`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _lanes(number: int) -> str:
    return "one lane" if number == 1 else f"each of {number} lanes"


def formulas(run: RunDocument) -> Iterator[str]:
    """Say what each headline number is."""
    said: dict[str, str] = {}
    for lane in run.lanes:
        for metric in lane.summary.values():
            if metric.headline and metric.formula:
                said.setdefault(metric.title, metric.formula)
    for title, formula in said.items():
        yield clean_line(f"{title} = {formula}")


def notes(run: RunDocument) -> Iterator[str]:
    """Say all that limits what the numbers mean."""
    if run.winner is None and run.winner_reason:
        yield f"no winner: {clean_line(run.winner_reason)}"
    for remark in run.remarks:
        yield f"{clean_line(remark.text)} ({clean_line(remark.code)})"
    for lane in run.lanes:
        yield from _of_lane(lane)
    yield from left_out(run)
    if run.staggered:
        yield f"staggered: the machines did not start close enough together{_widest(run)}"
    if run.failure:
        yield _words(run.failure)


def left_out(run: RunMetadata) -> Iterator[str]:
    """Say which lanes do not take part, and why."""
    for left in run.left_out:
        why = [str(each) for each in left.fields]
        why += [with_remedy(each.message, each.remedy) for each in left.problems]
        yield f"left out: {clean_line(left.label)}: {clean_line('; '.join(why))}"


def _of_lane(lane: DocumentLane) -> Iterator[str]:
    label = clean_line(lane.label)
    for mark in lane.marks:
        yield f"{label}: {clean_line(mark.text)} ({clean_line(mark.code)})"
    for each in noise(lane):
        yield clean_line(each)
    if lane.discarded:
        yield f"{label}: {lane.discarded} of its rounds did not count"
    error = lane.error or next((each.error for each in lane.rounds if each.error), None)
    if error:
        yield f"{label}: {_words(error)}"


def _shared(run: RunDocument) -> dict[str, object]:
    first, *others = run.lanes or (None,)
    if first is None:
        return {}
    defaults = _defaults(run, first)
    return {
        key: value
        for key, value in first.params.items()
        if all(each.params.get(key) == value for each in others)
        and (key not in defaults or defaults[key] != value or key in run.spec.params)
    }


def cut(value: object) -> str:
    """Say a parameter's value, cut where it is long."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _defaults(run: RunDocument, lane: DocumentLane) -> dict[str, object]:
    known = run.workloads.get(lane.backend)
    properties = known.params_schema.get("properties", {}) if known else {}
    return {key: each["default"] for key, each in properties.items() if "default" in each}


def _widest(run: RunDocument) -> str:
    spreads = [heat.spread_ns for heat in run.heats if heat.spread_ns is not None]
    return f" ({duration(max(spreads) / 1e9)} apart)" if spreads else ""


def _words(failure: Failure) -> str:
    return clean_line(with_remedy(failure.message, failure.remedy))
