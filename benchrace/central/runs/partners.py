"""Jobs that make the load of one lane together: where one ends early, the others have no use."""

from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.job import Job
from benchrace.central.runs.live_run import LiveRun
from benchrace.errors import Failure
from benchrace.run.clients import jobs_of
from benchrace.run.metadata import machine_label

# Begins the reason of a cancel that no person requested; the log has it.
PARTNER = "without a part of its load a lane is not measured on"


def stop_partners(run: LiveRun, fleet: Fleet) -> None:
    """Order the machines of a lane to stop once one of them does not make its share any more."""
    if run.cancel is not None:
        return
    folds = {fold.lane.lane_id: fold for fold in run.fold.lanes}
    for lane in run.metadata.lanes:
        if not lane.clients:
            continue
        jobs = [run.jobs[job_id] for job_id in jobs_of(lane) if job_id in run.jobs]
        lost = next((job for job in jobs if job.failure is not None), None)
        if lost is not None and lost.failure is not None:
            why = _why(run, lost, lost.failure)
        elif (error := folds[lane.lane_id].error) is not None:
            why = error.message
        else:
            continue
        for job in jobs:
            if job.cancel is None and not run.is_over(job):
                job.cancel = f"{PARTNER}: {why}"
                fleet.post(job.machine_id, job.cancelling())


def _why(run: LiveRun, job: Job, failure: Failure) -> str:
    label = machine_label(run.metadata, job.machine_id)
    return failure.message if label in failure.message else f"{label}: {failure.message}"
