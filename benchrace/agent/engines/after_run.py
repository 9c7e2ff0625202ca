"""Cleaning up after a run: the engines of its lanes are unloaded or stopped, if so set."""

import logging
from collections.abc import Callable

from benchrace.agent.engines.operations import Operations
from benchrace.agent.jobs.registry import Jobs
from benchrace.config.machine_settings import AfterRun
from benchrace.errors import BenchraceError
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import OperationRequest

log = logging.getLogger(__name__)
_OPERATIONS = {AfterRun.UNLOAD: Operation.UNLOAD, AfterRun.STOP: Operation.STOP}


async def clean_up_after_runs(
    jobs: Jobs, operations: Operations, chosen: Callable[[], AfterRun]
) -> None:
    """Clean up after each run's job, before the next one comes; until cancelled."""
    used: dict[str, None] = {}
    while True:
        job = jobs.running
        if job is not None and job.spec.run_id is not None:
            used |= dict.fromkeys(lane.backend for lane in job.spec.lanes)
        elif job is None and used:
            operation = _OPERATIONS.get(chosen())
            while used and operation is not None and jobs.running is None:
                await _clean_up(used.popitem()[0], operation, operations)
            if jobs.running is None:
                used.clear()
            continue
        await jobs.changed.wait()


async def _clean_up(backend: str, operation: Operation, operations: Operations) -> None:
    if backend not in operations.offering(operation):
        return
    try:
        running = await operations.start(backend, operation, OperationRequest())
        await running.ended()
        running.result()
    except BenchraceError as error:
        log.warning("%s was not cleaned up after its run: %s", backend, error)
