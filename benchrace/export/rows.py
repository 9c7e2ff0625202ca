"""Raw rows, one for each round and metric."""

from collections.abc import Iterable, Iterator

import msgspec

from benchrace.events import Measured
from benchrace.export.answers import named
from benchrace.export.result import lane_result
from benchrace.run import headline
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
    "low": float,
    "high": float,
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
    "ceiling_share": float,
    "place": int,
    "outcome": str,
    "confidence": str,
    "share": float,
    "ratio": float,
    "ratio_low": float,
    "ratio_high": float,
    "lane_cv": float,
    "noisy": bool,
    "workers": str,
    "clients": str,
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
        text = (*_text(run, lane), *_result(run, lane), *_others(lane))
        for done in lane.rounds:
            for measured in done.measured or (None,):
                yield (*start, *_round(done), *_measured(lane, measured), _error(done), *text)


def _others(lane: DocumentLane) -> tuple[Cell, Cell]:
    """Return a lane's worker machines, and its load generators beside its own machine."""
    return (
        "+".join(lane.workers) or None,
        "+".join(client.machine_id for client in lane.clients) or None,
    )


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
        return (None,) * 8
    declared = lane.summary.get(measured.metric)
    return (
        measured.metric,
        None if declared is None else declared.unit,
        measured.value,
        measured.numerator,
        measured.denominator,
        measured.low,
        measured.high,
        measured.reason,
    )


def _text(run: RunDocument, lane: DocumentLane) -> tuple[Cell, ...]:
    """Return what identifies a lane of text; all values where its rounds differ."""
    text, agreed = lane.text, lane.agreement
    agreement = (None, None) if agreed is None else (agreed.share, agreed.with_)
    share = None if lane.ceiling is None else lane.ceiling.share
    if text is None:
        return (*(None,) * 6, run.simulated or None, *agreement, share)
    engines = text.engines
    return (
        _all(named(engine) for engine in engines),
        _all(engine.model for engine in engines),
        _all(engine.digest for engine in engines),
        _all(engine.quantization for engine in engines),
        _all(text.cache),
        _all(text.timing_source),
        run.simulated or text.simulated,
        *agreement,
        share,
    )


def _result(run: RunDocument, lane: DocumentLane) -> tuple[Cell, ...]:
    """Return the head of the run's result, and what it says of a lane."""
    result, own = run.result, lane_result(run, lane.lane_id)
    if result is None or own is None:
        return (None,) * 9
    ratio = own.ratio
    low, high = (None, None) if ratio is None or ratio.ci95 is None else ratio.ci95
    return (
        own.place,
        headline.outcome(result),
        result.confidence.text,
        own.share,
        None if ratio is None else ratio.value,
        low,
        high,
        own.cv,
        own.noisy,
    )


def _all(values: Iterable[str | None]) -> str | None:
    return ", ".join(dict.fromkeys(value for value in values if value)) or None


def _error(done: RoundSummary) -> str | None:
    return None if done.error is None else f"{done.error.category}: {done.error.message}"
