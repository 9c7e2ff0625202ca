"""How a run ended, judged by how its jobs ended and what its lanes have."""

from benchrace.central.job import GIVEN_UP, Job
from benchrace.central.live import LiveRun
from benchrace.errors import REMEDY, Category, Failure
from benchrace.run.states import RunState


def outcome(run: LiveRun, failure: Failure | None) -> tuple[RunState, Failure | None]:
    """Give the final state, and the first thing that went wrong.

    Done is a run whose jobs all came to the end of their schedules, and in which every lane has a
    counted round that is not invalid. What was measured before a failure is kept all the same.
    Of the states that a run may have had already, only `interrupted` is judged anew.
    """
    before = run.metadata.state
    if before.final and before is not RunState.INTERRUPTED:
        return before, run.metadata.failure
    failures = [each for job in run.jobs.values() if (each := job_failure(run, job)) is not None]
    if run.cancel is not None and (failures or not run.jobs):
        return RunState.CANCELLED, None
    if failure is not None:
        return RunState.FAILED, failure
    interrupted = [each for each in failures if each.category is Category.INTERRUPTED]
    if interrupted:
        return RunState.INTERRUPTED, interrupted[0]
    if failures:
        return RunState.FAILED, failures[0]
    empty = [lane for lane in run.metadata.lanes if not run.watch.valid.get(lane.lane_id)]
    if not empty:
        return RunState.DONE, None
    named = ", ".join(lane.label for lane in empty)
    return RunState.FAILED, Failure(
        category=Category.BAD_OUTPUT,
        message=f"no valid counted round in: {named}",
        remedy="Look at the rounds' verdicts and errors.",
    )


def job_failure(run: LiveRun, job: Job) -> Failure | None:
    """Say why a job did not end well, by its last event or by what central knows."""
    end = run.watch.ends.get(job.job_id)
    if end is None:
        return job.failure
    if end.type == "job_done":
        return None
    category = end.category
    if end.type == "job_cancelled":
        if end.message == GIVEN_UP:
            return job.failure or run.metadata.failure or _away(job)
        category = Category.CANCELLED
    category = category or Category.SYSTEM
    return Failure(
        category=category,
        message=end.message or f"{job.machine_id} ended its job with {end.type}",
        remedy=end.remedy or REMEDY[category],
    )


def _away(job: Job) -> Failure:
    return Failure(
        category=Category.INTERRUPTED,
        message=f"{job.machine_id} was away for too long, and its job was ended",
        remedy=REMEDY[Category.INTERRUPTED],
    )
