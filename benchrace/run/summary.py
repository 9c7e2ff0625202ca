"""The summary of a run, as values: built by the fold, read by exporters, page and CLI."""

import msgspec

from benchrace.errors import Failure
from benchrace.events import Level, Measured, Reason
from benchrace.events.payloads import StandingPayload
from benchrace.formatting import TIMES_NS
from benchrace.ids import LaneId, MachineId, Name, RunId
from benchrace.kinds import Better, Estimator
from benchrace.run.artifact import RunArtifact
from benchrace.run.findings.ceiling import CeilingShare
from benchrace.run.findings.likeness import Likeness
from benchrace.run.result import Result
from benchrace.run.text_identity import TextIdentity


class MetricSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one lane over its counted rounds.

    `value` is the estimator's: the mean of samples, sum/sum of a ratio, the count on which all
    agree. `ci95` is the 95 % interval of `value`; sd, cv, median, min and max are of the rounds'
    own values, and so is the mean, but a ratio's is sum/sum. `reason` says why something is null.
    Where rounds gave estimates, `low` and `high` are what `value` would be at their ends, `ci95` is
    wider by that, and `unknown` says what is not known; all three are null for exact numbers.
    Where `ci95` is over parts of the work instead of rounds, `parts` counts them, and `over` says
    so: `12 recordings`. `stamped` as the metric declares it; `span_s` is the mean time that a
    ratio's denominator spans.
    """

    title: str
    unit: str
    better: Better
    estimator: Estimator
    n: int
    value: float | None
    mean: float | None = None
    median: float | None = None
    sd: float | None = None
    cv: float | None = None
    ci95: tuple[float, float] | None = None
    min: float | None = None
    max: float | None = None
    headline: bool = False
    formula: str = ""
    reason: str | None = None
    stamped: bool = False
    span_s: float | None = None
    low: float | None = None
    high: float | None = None
    unknown: Reason | None = None
    parts: int | None = None
    over: str | None = None

    @property
    def is_latency(self) -> bool:
        """Check whether it is a time of each round, whose median tables show.

        One slow round moves a mean far; the median stays with the others.
        """
        lower = self.better is Better.LOWER and self.unit in TIMES_NS
        return lower and self.estimator is Estimator.SAMPLE

    def typical(self, *, ranks: bool) -> float | None:
        """Return the value that tables show: what ranks is what its interval and place are of."""
        return self.median if self.is_latency and not ranks else self.value

    def statistic(self, *, ranks: bool) -> str:
        """Name what `typical` is of the rounds; empty where they are added up or agree."""
        if self.estimator is not Estimator.SAMPLE:
            return ""
        return "median" if self.is_latency and not ranks else "mean"

    def labelled(self, *, ranks: bool) -> str:
        """Return the title with the statistic: `Elapsed (median)`."""
        statistic = self.statistic(ranks=ranks)
        return f"{self.title} ({statistic})" if statistic else self.title


class RoundSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A finished round as it was; one that is a warm-up or INVALID is kept and never counted.

    The verdict is the worker's; the fold marks rounds that are too short for what times them,
    or in which the machine was throttled.
    """

    round: int
    warmup: bool
    heat: int | None
    verdict: Level
    reasons: tuple[Reason, ...]
    measured: tuple[Measured, ...]
    elapsed_ns: int
    error: Failure | None = None

    @property
    def counted(self) -> bool:
        return not self.warmup and self.verdict is not Level.INVALID


class Agreement(msgspec.Struct, frozen=True, kw_only=True, rename={"with_": "with"}):
    """How far a lane answers like `with`, the least quantised lane of its model (0 to 1).

    `n` rounds had equal prompts. `share` is null for the reason given.
    """

    with_: str | None = None
    share: float | None
    n: int = 0
    reason: str | None = None


class EnergySource(msgspec.Struct, frozen=True, kw_only=True):
    """A counter of the lane's machine, and what it covers: `GPU 0`, GPU board, NVML counter.

    `joules` sums the counted rounds that have an energy; null for the reason given.
    """

    name: str
    covers: str
    source: str
    joules: float | None = None
    reason: str | None = None


class ClientSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine did of the load that several made for a lane, over `rounds` of it.

    `busy` is the processor time of its sending thread by the time of the round, and `late_ns`
    within what 95 % of an open loop's requests left it after their instant; both of the
    worst round, null where not measured. In `saturated` rounds it could not keep up.
    """

    machine_id: MachineId
    rounds: int = 0
    requests: int = 0
    busy: float | None = None
    late_ns: int | None = None
    saturated: int = 0


class LaneSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A lane's rounds and what they mean.

    `verdict` is the worst of its counted rounds, INVALID where all were discarded, and null
    before the first. `marks` are the reasons of its SUSPECT rounds, each once. `error` ended it.
    `missing` counts the rounds it was to measure and did not: discarded, or never run.
    `agreement` and `text` are null where lanes do not answer in text, `likeness` where they make no
    images, or these were not compared yet, and `ceiling` where they have no decode rate. `energy`
    are the counters that its metrics of energy add up, `client_loads` the machines that made the
    load of a lane together.
    """

    lane_id: LaneId
    label: str
    machine_id: MachineId
    backend: Name
    counted: int
    discarded: int
    verdict: Level | None
    marks: tuple[Reason, ...]
    error: Failure | None
    summary: dict[str, MetricSummary]
    rounds: tuple[RoundSummary, ...]
    agreement: Agreement | None = None
    text: TextIdentity | None = None
    missing: int = 0
    energy: tuple[EnergySource, ...] = ()
    likeness: Likeness | None = None
    ceiling: CeilingShare | None = None
    client_loads: tuple[ClientSummary, ...] = ()


class KneePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One load of a sweep; `power` is `throughput` by the latency in seconds."""

    lane_id: str
    load: float
    throughput: float
    latency_ms: float
    power: float


class Knee(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep of one parameter, with the load of the greatest power, null for the reason given."""

    machine_id: str
    backend: str
    swept: str
    points: tuple[KneePoint, ...]
    lane_id: str | None
    load: float | None
    reason: str | None = None


class HeatStart(msgspec.Struct, frozen=True, kw_only=True):
    """How close together an armed heat began on the machines."""

    heat: int
    spread_ns: int | None
    uncertainty_ns: int | None
    staggered: bool


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`winner` is the lane at place 1, null with a `winner_reason` where none can be declared.

    `remarks` say what stands between lanes, as codes and sentences. `artifacts` are the files that
    events name, of which a run may have 2,000; `artifacts_left_out` counts those beyond.
    `result` is null while nothing is ranked. `simulated` says that the log is of invented machines.
    """

    run_id: RunId
    lanes: tuple[LaneSummary, ...]
    heats: tuple[HeatStart, ...]
    standing: StandingPayload | None
    winner: str | None
    winner_reason: str | None
    remarks: tuple[Reason, ...] = ()
    knees: tuple[Knee, ...] = ()
    artifacts: tuple[RunArtifact, ...] = ()
    artifacts_left_out: int = 0
    result: Result | None = None
    simulated: bool = False
