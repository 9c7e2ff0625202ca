"""Raw rows: one for each round and metric, so that nothing is averaged away."""

from collections.abc import Iterable, Iterator

import msgspec

from benchrace.events import Measured
from benchrace.export.answers import named
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import RoundSummary

Cell = str | float | int | bool | None

COLUMNS: dict[str, type] = {
    "run_id": str,
    "kind": str,
    "lane_id": str,
    "label": str,
    "machine_id": str,
    "backend": str,
    "params": str,
    "round": int,
    "warmup": bool,
    "heat": int,
    "verdict": str,
    "reasons": str,
    "counted": bool,
    "elapsed_ns": int,
    "metric": str,
    "unit": str,
    "value": float,
    "numerator": float,
    "denominator": float,
    "reason": str,
    "error": str,
    "engine": str,
    "model": str,
    "model_digest": str,
    "quantization": str,
    "cache": str,
    "timing_source": str,
    "simulated": bool,
    "agreement": float,
    "agreement_with": str,
}


def rows(run: RunDocument) -> Iterator[tuple[Cell, ...]]:
    """Yield rows in the order of `COLUMNS`; a round without a number still has one row."""
    for lane in run.lanes:
        start = (
            run.run_id,
            run.kind,
            lane.lane_id,
            lane.label,
            lane.machine_id,
            lane.backend,
            msgspec.json.encode(lane.params).decode(),
        )
        text = _text(lane)
        for done in lane.rounds:
            for measured in done.measured or (None,):
                yield (*start, *_round(done), *_measured(lane, measured), _error(done), *text)


def _round(done: RoundSummary) -> tuple[Cell, ...]:
    return (
        done.round,
        done.warmup,
        done.heat,
        str(done.verdict),
        " ".join(reason.code for reason in done.reasons),
        done.counted,
        done.elapsed_ns,
    )


def _measured(lane: DocumentLane, measured: Measured | None) -> tuple[Cell, ...]:
    if measured is None:
        return (None,) * 6
    declared = lane.summary.get(measured.metric)
    return (
        measured.metric,
        None if declared is None else declared.unit,
        measured.value,
        measured.numerator,
        measured.denominator,
        measured.reason,
    )


def _text(lane: DocumentLane) -> tuple[Cell, ...]:
    """What identifies a lane of text; where its rounds differ, all that they told."""
    told, agreed = lane.text, lane.agreement
    agreement = (None, None) if agreed is None else (agreed.share, agreed.with_)
    if told is None:
        return (*(None,) * 7, *agreement)
    engines = told.engines
    return (
        _all(named(each) for each in engines),
        _all(each.model for each in engines),
        _all(each.digest for each in engines),
        _all(each.quantization for each in engines),
        _all(told.cache),
        _all(told.timing_source),
        told.simulated,
        *agreement,
    )


def _all(values: Iterable[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(each for each in values if each)) or None


def _error(done: RoundSummary) -> str | None:
    return None if done.error is None else f"{done.error.category}: {done.error.message}"
