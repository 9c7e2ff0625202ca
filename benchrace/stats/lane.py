"""One lane's rounds, and what they say so far."""

from collections.abc import Iterable

from benchrace.errors import Failure
from benchrace.events import Level, Reason
from benchrace.kinds import Metric
from benchrace.run.metadata import RunLane
from benchrace.run.summary import LaneSummary, RoundSummary
from benchrace.stats.estimate import Estimate, Estimated, estimated
from benchrace.stats.said import Said, identity

# Adaptive rounds end when all three hold.
SETTLED_ROUNDS = 5
SETTLED_NS = 10_000_000_000
SETTLED_WITHIN = 0.05
# Answers are kept in memory for this many rounds of a lane.
SAID_ROUNDS = 100


class LaneFold:
    """Gathers rounds in any order; estimates are made when asked for and kept until it changes.

    `said` is what counted rounds of text told, by round; of the first ones that came.
    """

    def __init__(self, lane: RunLane, metrics: tuple[Metric, ...]) -> None:
        self.lane = lane
        self.metrics = metrics
        self._error: Failure | None = None
        self._interrupted: Failure | None = None
        self._rounds: dict[int, RoundSummary] = {}
        self.said: dict[int, Said] = {}
        self._discarded: dict[int, Said] = {}
        self._made: dict[str, Estimated] | None = None

    def add(self, done: RoundSummary, said: Said | None = None) -> None:
        """Take a finished round; the first one of a number stands."""
        if self._rounds.setdefault(done.round, done) is done:
            self._made = None
            kept = self.said if done.counted else self._discarded
            if said is not None and not done.warmup and len(kept) < SAID_ROUNDS:
                kept[done.round] = said

    def fail(self, error: Failure) -> None:
        """Note what ended the lane; the first error stands."""
        self._error = self._error or error

    def cut_off(self, error: Failure, planned: int) -> None:
        """Note that the job ended, unless the lane has all its planned rounds."""
        if len(self._rounds) < planned:
            self.fail(error)

    def interrupt(self, why: Failure | None, planned: int) -> None:
        """Note why the run ended without the job's end; None takes that back."""
        self._interrupted = why if len(self._rounds) < planned else None

    @property
    def error(self) -> Failure | None:
        return self._error or self._interrupted

    @property
    def rounds(self) -> tuple[RoundSummary, ...]:
        return tuple(self._rounds[number] for number in sorted(self._rounds))

    @property
    def counted(self) -> tuple[RoundSummary, ...]:
        return tuple(each for each in self.rounds if each.counted)

    @property
    def verdict(self) -> Level | None:
        """The worst of the counted rounds, INVALID where all were discarded, None before any."""
        if counted := self.counted:
            suspect = any(each.verdict is Level.SUSPECT for each in counted)
            return Level.SUSPECT if suspect else Level.VALID
        return Level.INVALID if any(not each.warmup for each in self._rounds.values()) else None

    @property
    def marks(self) -> tuple[Reason, ...]:
        """The reasons of that verdict, each once."""
        verdict = self.verdict
        return _once(
            reason
            for each in self.rounds
            if not each.warmup and each.verdict is verdict
            for reason in each.reasons
        )

    @property
    def estimates(self) -> dict[str, Estimated]:
        if self._made is None:
            measured = [
                {each.metric: each for each in counted.measured} for counted in self.counted
            ]
            self._made = {
                metric.name: estimated(metric, [each.get(metric.name) for each in measured])
                for metric in self.metrics
            }
        return self._made

    @property
    def ranking(self) -> Metric | None:
        """The first headline metric, or the first of all."""
        return next(
            (each for each in self.metrics if each.headline), next(iter(self.metrics), None)
        )

    def estimate(self, metric: str) -> Estimate:
        """Give the estimate of `metric`, of no value where the lane does not have it."""
        made = self.estimates.get(metric)
        return (
            Estimate(value=None, reason="not a metric of this lane")
            if made is None
            else (made.estimate)
        )

    @property
    def settled(self) -> bool:
        """At least 5 counted rounds and 10 s of them, and the interval within 5 % of the value."""
        counted, metric = self.counted, self.ranking
        if metric is None or len(counted) < SETTLED_ROUNDS:
            return False
        if sum(each.elapsed_ns for each in counted) < SETTLED_NS:
            return False
        estimate = self.estimate(metric.name)
        half = estimate.half_width
        if half is None or estimate.value is None:
            return False
        return half <= SETTLED_WITHIN * abs(estimate.value)

    def summary(self) -> LaneSummary:
        """Say all of it as a value."""
        counted = len(self.counted)
        return LaneSummary(
            lane_id=self.lane.lane_id,
            label=self.lane.label,
            machine_id=self.lane.machine_id,
            backend=self.lane.backend,
            counted=counted,
            discarded=sum(not each.warmup for each in self._rounds.values()) - counted,
            verdict=self.verdict,
            marks=self.marks,
            error=self.error,
            summary={name: each.summary for name, each in self.estimates.items()},
            rounds=self.rounds,
            text=identity((self.said or self._discarded).values()),
        )


def _once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reasons))
