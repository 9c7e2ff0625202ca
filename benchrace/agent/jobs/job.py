"""One job on this machine: its state, and the commands that it takes."""

from benchrace.agent.jobs.job_folder import JobFolder, JobRecord
from benchrace.agent.jobs.terminal_event import Circumstances
from benchrace.agent.jobs.worker_process import Worker
from benchrace.api.jobs import JobFailure, JobSummary
from benchrace.errors import BenchraceError, Category
from benchrace.events import codec
from benchrace.events.envelope import JobCancelled, JobDone, JobError, JobTimeout, Known, Unknown
from benchrace.notifier import Notifier
from benchrace.protocol.agent_worker import Cancel, Go, PhaseNow, Shorten
from benchrace.protocol.job import JobSpec
from benchrace.run.states import FINAL_OF_EVENT, JobPhase, may_follow
from benchrace.store.regular import file_bytes


class Job:
    """`phases` are all that it was in, by `run.states`; `end` is its last event, None before."""

    def __init__(self, folder: JobFolder, record: JobRecord, changed: Notifier) -> None:
        self.folder = folder
        self.record = record
        self.phases = [JobPhase.ACCEPTED]
        self.heat: int | None = None
        self.opening: str | None = None
        self.end: Known | Unknown | None = None
        self.cancel_reason: str | None = None
        self.stopped = False
        self.unwritten: BenchraceError | None = None
        self.ending = Notifier()
        self.worker: Worker | None = None
        self._changed = changed

    @property
    def spec(self) -> JobSpec:
        return self.record.spec

    @property
    def phase(self) -> JobPhase:
        """The phase that it is in."""
        return self.phases[-1]

    @property
    def job_id(self) -> str:
        return self.record.spec.job_id

    def moved(self, now: PhaseNow) -> None:
        """Update the phase from the worker, where that may follow; an end comes later.

        The end is what the journal says, once the worker is gone.
        """
        next_lane = now.phase is self.phase is JobPhase.OPENING
        if next_lane or (not now.phase.final and may_follow(self.phase, now.phase)):
            self._enter(now.phase, now.heat)
            self.opening = now.lane_id
            self._changed.notify()

    def ended(self, line: bytes) -> None:
        """Note the job's last event."""
        self.end = codec.decode(line)
        self._enter(FINAL_OF_EVENT.get(codec.head(line).type, JobPhase.FAILED), None)
        self._changed.notify()

    def _enter(self, phase: JobPhase, heat: int | None) -> None:
        if phase is not self.phase:
            self.phases.append(phase)
        self.heat, self.opening = heat, None

    @property
    def worker_died(self) -> bool:
        """Check whether its worker ended before the job did."""
        end = self.end
        return isinstance(end, JobError) and end.payload.category is Category.WORKER_DIED

    def unacknowledged_bytes(self) -> int:
        """Return the size of its journals while central lacks some of them. Blocks."""
        if self.spec.run_id is None or self.folder.acknowledged:
            return 0
        return sum(file_bytes(path) for path in (self.folder.work, self.folder.agent))

    async def go(self, go: Go) -> None:
        """Pass the start line's instant on."""
        if self.worker is not None:
            await self.worker.send(go)

    async def shorten(self, shorten: Shorten) -> None:
        """Pass on which rounds are not wanted any more."""
        if self.worker is not None:
            await self.worker.send(shorten)

    async def cancel(self, reason: str) -> None:
        """Cancel the job in whatever phase it is; a second call changes nothing."""
        if self.phase.final or self.cancel_reason is not None:
            return
        self.cancel_reason = reason
        self._enter(JobPhase.CANCELLING, self.heat)
        self._changed.notify()
        self.ending.notify()
        if self.worker is not None:
            await self.worker.send(Cancel(reason=reason))

    def stop(self) -> None:
        """End the job because the agent ends: it becomes `interrupted`."""
        if not self.phase.final:
            self.stopped = True
            self.ending.notify()

    def circumstances(self, status: int | None) -> Circumstances:
        """Return what the last event depends on."""
        return Circumstances(
            status=status,
            cancelled=self.cancel_reason,
            stopped=self.stopped,
            failure=self.unwritten,
            stderr_tail="" if self.worker is None else self.worker.stderr_tail,
            log=str(self.folder.log),
        )

    def summary(self) -> "JobSummary":
        """Return the job's summary."""
        end = self.end
        failure = None
        match end:
            case JobError(payload=payload):
                failure = JobFailure(
                    category=payload.category,
                    message=payload.message,
                    remedy=payload.remedy,
                    detail=payload.detail,
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
            accepted_at=self.record.accepted_at,
            ended_at=None if end is None else end.timestamp_s,
            metrics=end.payload.metrics if isinstance(end, JobDone) else None,
            reason=end.payload.reason if isinstance(end, JobCancelled) else None,
            error=failure,
        )
