"""Runs that are over, with results of every sort, for what draws them."""

from collections.abc import Sequence

import msgspec

from benchrace.events import Level, Measured
from benchrace.run.document import RunDocument, document
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.run.summary import RoundSummary, RunSummary
from benchrace.stats.lane import LaneFold
from benchrace.stats.ranking import declared, standing
from benchrace.stats.result.result import result
from tests.export.conftest import RATE, TIME, metadata

FAST, SLOW = (1.0, 1.01, 0.99, 1.0, 1.02), (2.0, 2.02, 1.98, 2.0, 2.04)
LABELS = ("small-q8", "small-f16")
# Nothing in it can be broken but between letters.
LONG = "a-very-long-name-of-a-model-which-nobody-would-read-to-its-end-" * 3


def run_document(
    rounds: Sequence[Sequence[float]] = (FAST, SLOW),
    labels: Sequence[str] = LABELS,
    state: RunState = RunState.DONE,
    **changes: object,
) -> RunDocument:
    """Fold a run of two metrics from the seconds of each lane's rounds."""
    run: RunMetadata = msgspec.structs.replace(
        metadata(tuple(labels)), state=state, left_out=(), notes=None, rounds=5, **changes
    )
    folds = [LaneFold(lane, (RATE, TIME)) for lane in run.lanes]
    for fold, seconds in zip(folds, rounds, strict=True):
        for number, second in enumerate(seconds, 1):
            fold.add(done(number, second))
    places = standing(folds)
    winner, why_none = declared(places, folds)
    summary = RunSummary(
        run_id=run.run_id,
        lanes=tuple(fold.summary() for fold in folds),
        heats=(),
        standing=places,
        winner=winner,
        winner_reason=why_none,
    )
    own = result(run, summary, over=state.final)
    return document(run, msgspec.structs.replace(summary, result=own))


def done(number: int, seconds: float) -> RoundSummary:
    return RoundSummary(
        round=number,
        warmup=False,
        heat=number - 1,
        verdict=Level.VALID,
        reasons=(),
        measured=(
            Measured(metric="rate", value=100 / seconds, numerator=100, denominator=seconds),
            Measured(metric="time", value=seconds * 1000),
        ),
        elapsed_ns=int(seconds * 1e9),
    )


def many(count: int) -> RunDocument:
    """Return a run of so many lanes, each slower than the one before it."""
    rounds = [[second * (number + 1) for second in FAST] for number in range(count)]
    return run_document(rounds, [f"lane {number}" for number in range(count)])
