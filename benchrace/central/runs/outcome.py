"""How a run ended, judged by how its jobs ended and what its lanes have."""

from collections.abc import Sequence

import msgspec

from benchrace.central.runs.job import GIVEN_UP, PARTNER, WORKER, Job
from benchrace.central.runs.live_run import LiveRun
from benchrace.errors import REMEDY, Category, Failure
from benchrace.run.states import RunState
from benchrace.stats.lane import LaneFold


def outcome(run: LiveRun, failure: Failure | None) -> tuple[RunState, Failure | None]:
    """Return the final state, and the first failure.

    Done is a run whose jobs all came to the end of their schedules, and in which every lane has all
    the counted rounds that it was asked for. What was measured before a failure is kept all the
    same.
    Of the states that a run may have had already, only `interrupted` is judged anew.
    """
    before = run.metadata.state
    if before.final and before is not RunState.INTERRUPTED:
        return before, run.metadata.failure
    state, why = _judged(run, failure)
    if why is None or failure is not None:
        return state, why
    lost = _lost_worker(run)
    if lost is None or lost == why:
        return state, why
    # A machine that is lost interrupts a run, whatever it did for its lane.
    state = RunState.INTERRUPTED if lost.category is Category.INTERRUPTED else state
    return state, msgspec.structs.replace(lost, detail=lost.detail or why.message)


def _judged(run: LiveRun, failure: Failure | None) -> tuple[RunState, Failure | None]:
    judged = [job_failure(run, job) for job in run.jobs.values()]
    failures = [failed for failed in judged if failed is not None]
    if run.cancel is not None and (failures or not run.jobs):
        return RunState.CANCELLED, None
    if failure is not None:
        return RunState.FAILED, failure
    failures = _causes(run, failures)
    interrupted = [failure for failure in failures if failure.category is Category.INTERRUPTED]
    if interrupted:
        return RunState.INTERRUPTED, interrupted[0]
    if failures:
        return RunState.FAILED, failures[0]
    incomplete = [lane for lane in run.fold.lanes if lane.missing or not lane.counted]
    if not incomplete:
        return RunState.DONE, None
    return RunState.FAILED, _incomplete(incomplete)


def _causes(run: LiveRun, failures: list[Failure]) -> list[Failure]:
    """Leave out the jobs that were stopped since another of their lane had failed.

    A machine whose lane failed may have come to the end of its job: then the lane says why.
    """
    stopped = [failure for failure in failures if failure.message.startswith(PARTNER)]
    others = [failure for failure in failures if failure not in stopped]
    if not stopped or others:
        return others
    errors = [lane.error for lane in run.fold.lanes if lane.error is not None]
    return [error for error in errors if not error.message.startswith(PARTNER)] or stopped


def job_failure(run: LiveRun, job: Job) -> Failure | None:
    """Return why a job failed, by its last event or by what central knows."""
    end = run.progress.ends.get(job.job_id)
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
        detail=end.detail,
    )


def _lost_worker(run: LiveRun) -> Failure | None:
    """Return the loss of a worker machine that cost rounds: their failures only follow from it.

    Of what another central has seen, only the metadata may still have that.
    """
    short = [lane.lane for lane in run.fold.lanes if lane.missing or not lane.counted]
    lost = next((run.lost[lane.lane_id] for lane in short if lane.lane_id in run.lost), None)
    if lost is not None or not any(lane.workers for lane in short):
        return lost
    before = run.metadata.failure
    return before if before is not None and before.message.startswith(WORKER) else None


def _incomplete(lanes: Sequence[LaneFold]) -> Failure:
    """Name the lanes that lack rounds, and the first cause, which says what to do."""
    counts = ", ".join(f"{lane.lane.label} has {lane.progress}" for lane in lanes)
    cause = next((cause for lane in lanes if (cause := lane.cause) is not None), None)
    if cause is None:
        return Failure(
            category=Category.BAD_OUTPUT,
            message=f"not every round counts: {counts}",
            remedy="Check the verdicts of the rounds: each gives its reasons.",
        )
    return Failure(
        category=cause.category,
        message=f"not every round counts: {counts}: {cause.message}",
        remedy=cause.remedy,
    )


def _away(job: Job) -> Failure:
    return Failure(
        category=Category.INTERRUPTED,
        message=f"{job.machine_id} was not linked for too long, so its job was ended",
        remedy=REMEDY[Category.INTERRUPTED],
    )
