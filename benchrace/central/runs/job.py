"""One job as central sees it: its orders, what its agent reports, what must still be sent."""

from benchrace.errors import Category, Failure
from benchrace.protocol.agent_central import CancelJob, FromCentral, JobReport, Shorten, StartJob
from benchrace.protocol.job import JobSpec
from benchrace.run.states import JobPhase

# The reason of a cancel that no person requested. It stays in the log, and is recognised there.
GIVEN_UP = "central does not wait for this job any more"
# Begins such a reason too; what that machine reported follows.
PARTNER = "another machine of this lane has ended its part"
# Begins the reason of a run that lost a worker machine of a lane; the machine's label follows.
WORKER = "worker "


class Job:
    """A job and the orders that it should have, so that they can be sent again on a new link.

    `phase` is null until the agent spoke of the job; `heat` is the armed heat that it waits for,
    `last_go` the highest whose start was sent, `opening` the lane that is being opened.
    `due` are the lines that the agent had of each stream when it came back; `gone` says that it
    came back without the job, or is not expected to have more of it.
    `failure` says why the job will never have an end of its own, `refusal` why it cannot start
    yet. A `held` job is not sent yet: other machines are to be lent to its lanes first.
    `released_ns` is when that was so, on central's monotonic clock.
    """

    def __init__(self, spec: JobSpec, *, held: bool = False) -> None:
        self.spec = spec
        self.held = held
        self.released_ns = 0
        self.phase: JobPhase | None = None
        self.heat: int | None = None
        self.opening: str | None = None
        self.due: dict[str, int] = {}
        self.gone = False
        self.failure: Failure | None = None
        self.refusal: Failure | None = None
        self.cancel: str | None = None
        self.shorten: dict[str, int] = {}
        self.last_go = -1
        self.armed = frozenset(
            slot.heat for slot in spec.schedule if slot.armed and slot.heat is not None
        )

    @property
    def job_id(self) -> str:
        return self.spec.job_id

    @property
    def machine_id(self) -> str:
        return self.spec.machine_id

    def release(self, spec: JobSpec, now_ns: int) -> None:
        """Allow it to be sent, as `spec`, which has what is lent to its lanes."""
        self.spec, self.held, self.released_ns = spec, False, now_ns

    def note_go(self, heat: int) -> None:
        """Note that the agent, on its current link, was sent the start of `heat`."""
        self.last_go = heat

    def spoke(self, phase: JobPhase, heat: int | None, opening: str | None = None) -> None:
        """Update the job's phase from its agent."""
        self.phase, self.heat, self.opening, self.gone = phase, heat, opening, False

    def relinked(self, report: JobReport | None) -> None:
        """Update the job from a returning agent; what was sent to it before may have been lost."""
        self.last_go = -1
        self.gone = report is None
        if report is None:
            return
        self.spoke(report.phase, report.heat, report.opening)
        self.due = report.lines
        if self.failure is not None and self.failure.category is Category.INTERRUPTED:
            # It was given up, and here it is: its own end will say more.
            self.failure = None
            self.cancel = self.cancel or GIVEN_UP

    def outstanding(self) -> list[FromCentral]:
        """List the messages for an agent that has just linked; starts are sent separately."""
        messages: list[FromCentral] = []
        if self.held:
            return messages
        if self.phase is None and self.failure is None:
            messages.append(StartJob(spec=self.spec))
        messages.extend(self.shortening(lane) for lane in self.shorten)
        if self.cancel is not None:
            messages.append(self.cancelling())
        return messages

    def shortening(self, lane_id: str) -> Shorten:
        return Shorten(job_id=self.job_id, rounds=self.shorten[lane_id], lane_ids=(lane_id,))

    def cancelling(self) -> CancelJob:
        return CancelJob(job_id=self.job_id, reason=self.cancel or "")
