"""What is known of the ceilings of a run's machines when it starts, for its metadata."""

import logging
from collections.abc import Callable

from anyio import to_thread

from benchrace.central.fleet.fleet import Fleet
from benchrace.ids import MachineId
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.findings.ceiling import Roofs
from benchrace.run.metadata import RunMetadata
from benchrace.stats.text.ceiling import DECODE

log = logging.getLogger(__name__)
RoofsOf = Callable[[MachineId, Capabilities | None], Roofs]


async def snapshot(run: RunMetadata, fleet: Fleet, roofs_of: RoofsOf | None) -> dict[str, Roofs]:
    """Return the ceilings by machine; none for work that they do not judge."""
    metrics = {metric.name for workload in run.workloads.values() for metric in workload.metrics}
    if roofs_of is None or DECODE not in metrics or run.simulated:
        return {}
    machine_ids = sorted({lane.machine_id for lane in run.lanes})
    roofs = {}
    for machine_id in machine_ids:
        capabilities = fleet.get(machine_id).capabilities
        try:
            roofs[machine_id] = await to_thread.run_sync(roofs_of, machine_id, capabilities)
        except Exception:
            # The run measures the same without them; only its shares of the ceilings are missing.
            log.exception("the ceilings of %s cannot be read", machine_id)
    return roofs
