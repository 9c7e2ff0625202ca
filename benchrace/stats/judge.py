"""The verdict on a round, judged once for tables, exports and what scrolls by live."""

from benchrace.events import RoundDone
from benchrace.kinds import Metric
from benchrace.kinds.metric import ranking
from benchrace.kinds.unknown import marked
from benchrace.run.clients import machines_of
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RoundSummary
from benchrace.stats import short_rounds
from benchrace.stats.timing_error import largest, stamps


class Judge:
    """Adds to a worker's verdict what only a reader of the whole run knows."""

    def __init__(self, metadata: RunMetadata) -> None:
        self._metadata = metadata
        self._machines = {lane.lane_id: machines_of(lane) for lane in metadata.lanes}
        self._metrics = {lane.lane_id: metrics_of(metadata, lane) for lane in metadata.lanes}
        self._stamps_ms = stamps(metadata.machines)

    def judge(self, event: RoundDone) -> RoundSummary:
        """Return the round with its verdict; an unknown lane keeps that of its worker."""
        done = event.payload
        metrics = self._metrics.get(event.lane_id or "", ())
        # Numbers that were derived again may be estimates that the worker did not know of.
        verdict = marked(done.verdict, metrics, done.measured)
        summary = RoundSummary(
            round=event.round or 0,
            warmup=done.warmup,
            heat=done.heat,
            verdict=verdict.level,
            reasons=verdict.reasons,
            measured=done.measured,
            elapsed_ns=done.elapsed_ns,
            error=done.error,
        )
        stamps_ms = largest(self._machines.get(event.lane_id or "", ()), self._stamps_ms)
        return short_rounds.judged(summary, ranking(metrics), stamps_ms)


def metrics_of(metadata: RunMetadata, lane: RunLane) -> tuple[Metric, ...]:
    """Return the metrics of a lane's workload, none where the run does not know it."""
    workload = metadata.workloads.get(lane.backend)
    return () if workload is None else workload.metrics
