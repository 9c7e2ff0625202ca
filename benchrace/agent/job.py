"""One job on this machine: what is known of it, and what may be asked of it."""

import msgspec

from benchrace.agent.beacon import Beacon
from benchrace.agent.ending import Circumstances
from benchrace.agent.folder import JobFolder, Kept
from benchrace.agent.worker import Worker
from benchrace.errors import BenchraceError
from benchrace.events import codec
from benchrace.events.envelope import JobCancelled, JobDone, JobError, JobTimeout, Known, Unknown
from benchrace.run.control import Cancel, Go, PhaseNow, Shorten
from benchrace.run.job import JobSpec
from benchrace.run.states import FINAL_OF_EVENT, JobPhase, may_follow


class Job:
    """`phase` moves by `run.states`; `end` is its last event once it has one."""

    def __init__(self, folder: JobFolder, kept: Kept, beacon: Beacon) -> None:
        self.folder = folder
        self.kept = kept
        self.phase = JobPhase.ACCEPTED
        self.heat: int | None = None
        self.end: Known | Unknown | None = None
        self.cancel_reason: str | None = None
        self.stopped = False
        self.unwritten: BenchraceError | None = None
        self.ending = Beacon()
        self.worker: Worker | None = None
        self._beacon = beacon

    @property
    def spec(self) -> JobSpec:
        return self.kept.spec

    @property
    def job_id(self) -> str:
        return self.kept.spec.job_id

    def moved(self, now: PhaseNow) -> None:
        """Take the worker's word for where the job is, where that may follow; an end comes later.

        The end is what the journal says, once the worker is gone.
        """
        if not now.phase.final and may_follow(self.phase, now.phase):
            self.phase, self.heat = now.phase, now.heat
            self._beacon.flash()

    def ended(self, line: bytes) -> None:
        """Take the job's last event."""
        self.end = codec.decode(line)
        self.phase = FINAL_OF_EVENT.get(codec.head(line).type, JobPhase.FAILED)
        self.heat = None
        self._beacon.flash()

    async def go(self, go: Go) -> None:
        """Pass the start line's instant on."""
        if self.worker is not None:
            await self.worker.say(go)

    async def shorten(self, shorten: Shorten) -> None:
        """Pass on which rounds are not wanted any more."""
        if self.worker is not None:
            await self.worker.say(shorten)

    async def cancel(self, reason: str) -> None:
        """Ask the job to end, in whatever phase; a second call changes nothing."""
        if self.phase.final or self.cancel_reason is not None:
            return
        self.cancel_reason = reason
        self.phase = JobPhase.CANCELLING
        self._beacon.flash()
        self.ending.flash()
        if self.worker is not None:
            await self.worker.say(Cancel(reason=reason))

    def stop(self) -> None:
        """End the job because the agent ends: it becomes `interrupted`."""
        if not self.phase.final:
            self.stopped = True
            self.ending.flash()

    def circumstances(self, status: int | None) -> Circumstances:
        """Put together what the last event depends on."""
        return Circumstances(
            status=status,
            cancelled=self.cancel_reason,
            stopped=self.stopped,
            failure=self.unwritten,
            said="" if self.worker is None else self.worker.said,
        )

    def summary(self) -> "JobSummary":
        """Say how the job stands, for whoever asks."""
        end = self.end
        failure = None
        match end:
            case JobError(payload=payload):
                failure = JobFailure(
                    category=payload.category, message=payload.message, remedy=payload.remedy
                )
            case JobTimeout(payload=payload):
                failure = JobFailure(
                    category=payload.category, message=payload.message, remedy=payload.remedy
                )
            case _:
                pass
        return JobSummary(
            job_id=self.job_id,
            run_id=self.spec.run_id,
            kind=self.spec.kind,
            state=self.phase,
            heat=self.heat,
            accepted_at=self.kept.accepted_at,
            ended_at=None if end is None else end.timestamp_s,
            metrics=end.payload.metrics if isinstance(end, JobDone) else None,
            reason=end.payload.reason if isinstance(end, JobCancelled) else None,
            error=failure,
        )


class JobFailure(msgspec.Struct, frozen=True, kw_only=True):
    category: str
    message: str
    remedy: str


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `GET /jobs/{id}`; `metrics` are `job_done`'s own."""

    job_id: str
    run_id: str | None
    kind: str
    state: JobPhase
    heat: int | None
    accepted_at: float
    ended_at: float | None
    metrics: dict[str, float | int | str | None] | None
    reason: str | None
    error: JobFailure | None
