"""One lane's rounds, and their statistics so far."""

from collections.abc import Iterable

import msgspec

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.events import Level, Reason, Verdict
from benchrace.kinds import Metric
from benchrace.kinds.metric import ranking
from benchrace.run.lane import RunLane
from benchrace.run.summary import LaneSummary, RoundSummary
from benchrace.stats.estimate import Estimate, Estimated, estimated
from benchrace.stats.text.text_identity import TextFacts, identity

# Adaptive rounds end when all three hold.
SETTLED_ROUNDS = 5
SETTLED_NS = 10_000_000_000
SETTLED_WITHIN = 0.05
# Answers are kept in memory for this many rounds of a lane.
MAX_TEXT_ROUNDS = 100


class LaneFold:
    """Gathers rounds in any order; estimates are computed on demand and cached until it changes.

    `said` is what counted rounds of text told, by round; of the first ones that came. `target` is
    how many rounds are to count, None where they are adaptive.
    """

    def __init__(
        self, lane: RunLane, metrics: tuple[Metric, ...], target: int | None = None
    ) -> None:
        self.lane = lane
        self.metrics = metrics
        self._target = target
        self._error: Failure | None = None
        self._interrupted: Failure | None = None
        self._rounds: dict[int, RoundSummary] = {}
        self._provisional: set[int] = set()
        self.texts: dict[int, TextFacts] = {}
        self._discarded: dict[int, TextFacts] = {}
        self._estimates: dict[str, Estimated] | None = None

    def add(
        self, done: RoundSummary, text: TextFacts | None = None, *, provisional: bool = False
    ) -> None:
        """Add a finished round; the first one of a number stands, unless it is provisional.

        A provisional round stands for one whose lines may still come.
        """
        if provisional and done.round not in self._rounds:
            self._provisional.add(done.round)
        elif done.round in self._provisional and not provisional:
            self._provisional.discard(done.round)
            del self._rounds[done.round]
        if self._rounds.setdefault(done.round, done) is done:
            self._estimates = None
            texts = self.texts if done.counted else self._discarded
            if text is not None and not done.warmup and len(texts) < MAX_TEXT_ROUNDS:
                texts[done.round] = text

    def mark(self, number: int, reason: Reason) -> None:
        """Make a round SUSPECT, once for each reason; one that is INVALID stays as it is."""
        done = self._rounds.get(number)
        if done is None or done.verdict is Level.INVALID or reason in done.reasons:
            return
        verdict = Verdict(done.verdict, done.reasons).worse(Level.SUSPECT, reason.code, reason.text)
        self._rounds[number] = msgspec.structs.replace(
            done, verdict=verdict.level, reasons=verdict.reasons
        )

    def fail(self, error: Failure) -> None:
        """Record what ended the lane; the first error stands."""
        self._error = self._error or error

    def cut_off(self, error: Failure, planned: int) -> None:
        """Record that the job ended, unless the lane has all its rounds after the warm-ups."""
        if self._ran < planned:
            self.fail(error)

    def interrupt(self, why: Failure | None, planned: int) -> None:
        """Record why the run ended without the job's end; None takes that back.

        A lane that has all its rounds is left out, as is an adaptive one that is settled: `planned`
        is only the most that it may run.
        """
        complete = self._ran >= planned or (self._target is None and self.settled)
        self._interrupted = None if complete else why

    @property
    def error(self) -> Failure | None:
        return self._error or self._interrupted

    @property
    def rounds(self) -> tuple[RoundSummary, ...]:
        return tuple(self._rounds[number] for number in sorted(self._rounds))

    @property
    def counted(self) -> tuple[RoundSummary, ...]:
        return tuple(round_ for round_ in self.rounds if round_.counted)

    @property
    def _ran(self) -> int:
        return sum(not round_.warmup for round_ in self._rounds.values())

    @property
    def discarded(self) -> int:
        return self._ran - len(self.counted)

    @property
    def missing(self) -> int:
        """Return how many rounds were requested and cannot count any more: discarded, or never run.

        An adaptive lane that is settled has all that it was asked for, whatever it discarded.
        """
        if self._target is None and self.settled:
            return 0
        discarded = self.discarded
        if self.error is None:
            return discarded
        target = SETTLED_ROUNDS if self._target is None else self._target
        return max(discarded, target - len(self.counted))

    @property
    def cause(self) -> Failure | None:
        """Return why rounds are missing: the first failure of a round, else what ended the lane."""
        failures = (round_.error for round_ in self.rounds if not round_.warmup and round_.error)
        if (failure := next(failures, self.error)) is not None:
            return failure
        reasons = [
            reason.text
            for round_ in self.rounds
            if not round_.warmup and round_.verdict is Level.INVALID
            for reason in round_.reasons
        ]
        if not reasons:
            return None
        remedy = "Fix the cause that the rounds name, and start the run again."
        return BenchraceError(Category.BAD_OUTPUT, reasons[0], remedy).failure()

    @property
    def progress(self) -> str:
        """Format how many of its rounds count: `1 of 5 rounds`."""
        return f"{len(self.counted)} of {len(self.counted) + self.missing} rounds"

    @property
    def verdict(self) -> Level | None:
        """Return the worst of the counted rounds; INVALID where none counts, None before any."""
        if counted := self.counted:
            suspect = any(round_.verdict is Level.SUSPECT for round_ in counted)
            return Level.SUSPECT if suspect else Level.VALID
        return Level.INVALID if any(not round_.warmup for round_ in self._rounds.values()) else None

    @property
    def marks(self) -> tuple[Reason, ...]:
        """Return the reasons of that verdict without duplicates."""
        verdict = self.verdict
        return _once(
            reason
            for round_ in self.rounds
            if not round_.warmup and round_.verdict is verdict
            for reason in round_.reasons
        )

    @property
    def estimates(self) -> dict[str, Estimated]:
        if self._estimates is None:
            by_metric = [
                {figure.metric: figure for figure in counted.measured} for counted in self.counted
            ]
            self._estimates = {
                metric.name: estimated(metric, [figures.get(metric.name) for figures in by_metric])
                for metric in self.metrics
            }
        return self._estimates

    @property
    def ranking(self) -> Metric | None:
        """Return the first headline metric, or the first of all."""
        return ranking(self.metrics)

    def estimate(self, metric: str) -> Estimate:
        """Return the estimate of `metric`, without a value where the lane does not have it."""
        estimate = self.estimates.get(metric)
        return (
            Estimate(value=None, reason="not a metric of this lane")
            if estimate is None
            else estimate.estimate
        )

    @property
    def settled(self) -> bool:
        """Check for 5 counted rounds and 10 s of them, and an interval within 5 % of the value."""
        counted, metric = self.counted, self.ranking
        if metric is None or len(counted) < SETTLED_ROUNDS:
            return False
        if sum(round_.elapsed_ns for round_ in counted) < SETTLED_NS:
            return False
        estimate = self.estimate(metric.name)
        half = estimate.half_width
        if half is None or estimate.value is None:
            return False
        return half <= SETTLED_WITHIN * abs(estimate.value)

    def summary(self) -> LaneSummary:
        """Return the summary of the lane."""
        return LaneSummary(
            lane_id=self.lane.lane_id,
            label=self.lane.label,
            machine_id=self.lane.machine_id,
            backend=self.lane.backend,
            counted=len(self.counted),
            discarded=self.discarded,
            verdict=self.verdict,
            marks=self.marks,
            error=self.error,
            summary={name: estimate.summary for name, estimate in self.estimates.items()},
            rounds=self.rounds,
            text=identity((self.texts or self._discarded).values()),
            missing=self.missing,
        )


def _once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
