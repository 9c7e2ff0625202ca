"""One job as central sees it: what was ordered, what its agent says, what must still be said."""

from benchrace.errors import Category, Failure
from benchrace.link.messages import CancelJob, FromCentral, JobReport, Shorten, StartJob
from benchrace.run.job import JobSpec
from benchrace.run.states import JobPhase

# Why a job is ended that nobody asked to cancel. It stays in the log, and is known again there.
GIVEN_UP = "central does not wait for this job any more"


class Job:
    """Orders are kept as they should be, so that a link that broke can be told them again.

    `phase` is null until the agent spoke of the job; `heat` is the armed heat that it waits for,
    `told` the highest that it was told to begin.
    `due` are the lines that the agent had of each stream when it came back; `gone` says that it
    came back without the job, or is not expected to have more of it.
    `failure` says why the job will never have an end of its own, `refusal` why it cannot start
    yet.
    """

    def __init__(self, spec: JobSpec) -> None:
        self.spec = spec
        self.phase: JobPhase | None = None
        self.heat: int | None = None
        self.due: dict[str, int] = {}
        self.gone = False
        self.failure: Failure | None = None
        self.refusal: Failure | None = None
        self.cancel: str | None = None
        self.shorten: dict[str, int] = {}
        self.told = -1
        self.armed = frozenset(
            slot.heat for slot in spec.schedule if slot.armed and slot.heat is not None
        )

    @property
    def job_id(self) -> str:
        return self.spec.job_id

    @property
    def machine_id(self) -> str:
        return self.spec.machine_id

    def told_go(self, heat: int) -> None:
        """Remember that the agent, as it is linked now, was told to begin `heat`."""
        self.told = heat

    def spoke(self, phase: JobPhase, heat: int | None) -> None:
        """Take the agent's word for where the job stands."""
        self.phase, self.heat, self.gone = phase, heat, False

    def relinked(self, report: JobReport | None) -> None:
        """Take what a returning agent says of the job; what it was told may have been lost."""
        self.told = -1
        self.gone = report is None
        if report is None:
            return
        self.spoke(report.phase, report.heat)
        self.due = report.lines
        if self.failure is not None and self.failure.category is Category.INTERRUPTED:
            # It was given up, and here it is: its own end will say more.
            self.failure = None
            self.cancel = self.cancel or GIVEN_UP

    def outstanding(self) -> list[FromCentral]:
        """List what an agent that has just come (back) must be told; starts are told apart."""
        told: list[FromCentral] = []
        if self.phase is None and self.failure is None:
            told.append(StartJob(spec=self.spec))
        told.extend(self.shortening(lane) for lane in self.shorten)
        if self.cancel is not None:
            told.append(self.cancelling())
        return told

    def shortening(self, lane_id: str) -> Shorten:
        return Shorten(job_id=self.job_id, rounds=self.shorten[lane_id], lane_ids=(lane_id,))

    def cancelling(self) -> CancelJob:
        return CancelJob(job_id=self.job_id, reason=self.cancel or "")
