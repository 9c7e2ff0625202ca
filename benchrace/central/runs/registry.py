"""The runs that are not over, and their jobs by id."""

from collections.abc import Callable, Iterator

import msgspec

from benchrace.central.fleet.session import Session
from benchrace.central.runs.job import Job
from benchrace.central.runs.live_run import AGENT_STREAMS, LiveRun
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.protocol.agent_central import Ack, CancelJob, Frame, Hello, PhaseChanged
from benchrace.run.states import JobPhase
from benchrace.store.run_log import Gap


class LogTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of agents written to logs since the start, and their bytes; `unsynced` bytes now."""

    lines: int = 0
    size: int = 0
    unsynced: int = 0

    def __add__(self, other: "LogTraffic") -> "LogTraffic":
        return LogTraffic(
            lines=self.lines + other.lines,
            size=self.size + other.size,
            unsynced=self.unsynced + other.unsynced,
        )


def _traffic(run: LiveRun) -> LogTraffic:
    writer = run.writer
    return LogTraffic(lines=writer.lines, size=writer.size, unsynced=writer.log.unsynced)


class Runs:
    """Every session's desk: finds the run that a message is about, and the machine's right to it.

    `moved` is called when a machine begins or ends to be busy.
    """

    def __init__(self, moved: Callable[[], None]) -> None:
        self.live: dict[str, LiveRun] = {}
        self._jobs: dict[str, tuple[LiveRun, Job]] = {}
        self._moved = moved
        self._spoilt: set[str] = set()
        self._past = LogTraffic()

    def __iter__(self) -> Iterator[LiveRun]:
        return iter(self.live.values())

    def add(self, run: LiveRun) -> None:
        self.live[run.run_id] = run
        self.index(run)

    def index(self, run: LiveRun) -> None:
        """Register a run's jobs; call it once they exist."""
        self._jobs.update({job.job_id: (run, job) for job in run.jobs.values()})

    def traffic(self) -> LogTraffic:
        """Add up what was written to logs, of all runs."""
        return sum((_traffic(run) for run in self), self._past)

    def remove(self, run: LiveRun) -> None:
        """Remove a run that is over, and wake who waits for that."""
        if self.live.pop(run.run_id, None) is not None:
            self._past += msgspec.structs.replace(_traffic(run), unsynced=0)
        for job_id in run.jobs:
            self._jobs.pop(job_id, None)
        run.changed.notify()

    def forsake(self, run: LiveRun) -> None:
        """Remove a run of which no more is wanted, whatever its agents still have."""
        self._spoilt.update(run.jobs)
        self.remove(run)

    def is_wanted(self, job_id: str) -> bool:
        """Check whether a job that no run here waits for may be offered."""
        return job_id not in self._jobs and job_id not in self._spoilt

    def of_machine(self, machine_id: str) -> list[tuple[LiveRun, Job]]:
        return [job for job in self._jobs.values() if job[1].machine_id == machine_id]

    def run_of(self, machine_id: str) -> str | None:
        """Name the run that a machine works for now."""
        for run, job in self.of_machine(machine_id):
            if not run.is_over(job):
                return run.run_id
        return next((run.run_id for run in self if machine_id in run.lending), None)

    def resume(self, hello: Hello) -> dict[str, dict[str, int]]:
        """Return the next line of each stream of each job that a machine should send."""
        return {
            job.job_id: {stream: run.log.next_seq(job.job_id, stream) for stream in AGENT_STREAMS}
            for run, job in self.of_machine(hello.capabilities.machine_id)
        }

    def joined(self, session: Session, hello: Hello) -> None:
        """Reconcile what a returning agent has with what it should have."""
        self._others(session, hello)
        reports = {report.job_id: report for report in hello.jobs}
        for run, job in self.of_machine(session.machine.machine_id):
            report = reports.get(job.job_id)
            if report is None and self._was_taken(run, job) and not run.is_over(job):
                job.failure = BenchraceError(
                    Category.INTERRUPTED,
                    f"the agent of {job.machine_id} no longer has the job",
                    "Start the run again, and keep the agent's data folder until it has ended.",
                ).failure()
            job.relinked(report)
            for key, next_seq in run.writer.acked.items():
                if key[0] == job.job_id and next_seq >= 0:
                    session.post(Ack(job_id=key[0], stream=key[1], next_seq=next_seq))
            if job.job_id not in run.progress.ends:
                for message in job.outstanding():
                    session.post(message)
            run.changed.notify()

    def _others(self, session: Session, hello: Hello) -> None:
        """Note what else the agent does, and end what it still does for a run that is over."""
        others = [
            report
            for report in hello.jobs
            if report.job_id not in self._jobs and not report.phase.final
        ]
        session.machine.others = {report.job_id for report in others}
        for report in others:
            if report.run_id is not None:
                session.post(CancelJob(job_id=report.job_id, reason="its run is over"))

    async def lines(self, session: Session, frame: Frame, lines: bytes) -> None:
        """Store lines of a job; raises `Gap` where its run is over, to have it offered again."""
        if frame.job in self._spoilt or frame.stream not in AGENT_STREAMS:
            return
        if (entry := self._find(session, frame.job)) is None:
            raise Gap(0)
        run, job = entry
        before = run.is_over(job)
        await run.take(job, frame, lines, session.mark_alive)
        if job.failure is not None and job.failure.category is Category.BAD_OUTPUT:
            self._spoilt.add(job.job_id)
        if run.is_over(job) and not before:
            self._moved()

    def phase(self, session: Session, now: PhaseChanged) -> None:
        """Note a job's phase, also of one that no run here owns."""
        job_id, phase = now.job_id, now.phase
        if (entry := self._find(session, job_id)) is None:
            others = session.machine.others
            (others.discard if phase.final else others.add)(job_id)
            self._moved()
            return
        run, job = entry
        job.spoke(phase, now.heat, now.opening)
        if phase.final and not run.is_over(job):
            # An agent sends its last phase after all of its lines: there will be no end.
            job.failure = BenchraceError(
                Category.INTERRUPTED,
                f"{job.machine_id} ended its job, but its journal does not contain the end",
                "Its disk lost or refused the last lines, as after a power failure. Check the "
                "disk, and start the run again.",
            ).failure()
            self._moved()
        if phase is JobPhase.READY:
            session.measure_clock()
        run.changed.notify()

    def refused(self, session: Session, job_id: str, failure: Failure) -> None:
        """End a job that never started; a machine that is busy is asked again later."""
        if (entry := self._find(session, job_id)) is not None:
            run, job = entry
            if failure.category is Category.BUSY:
                job.refusal = failure
            else:
                job.failure = failure
            run.changed.notify()
            self._moved()

    def _find(self, session: Session, job_id: str) -> tuple[LiveRun, Job] | None:
        entry = self._jobs.get(job_id)
        if entry is None or entry[1].machine_id != session.machine.machine_id:
            return None
        return entry

    def _was_taken(self, run: LiveRun, job: Job) -> bool:
        lines = (run.log.next_seq(job.job_id, stream) for stream in AGENT_STREAMS)
        return job.phase is not None or any(lines)
