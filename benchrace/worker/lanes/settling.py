"""Wait for engines that earlier jobs of this machine left at work, before a lane opens.

Whichever backend the new lane has: an engine that nobody hears any more still takes the cores, the
GPU and the memory from all others.
"""

from collections.abc import Sequence

from benchrace.errors import BenchraceError
from benchrace.events import JobTimeout
from benchrace.plugin import Context, Lane
from benchrace.protocol.job import UnsettledLane
from benchrace.worker.job import terminal_events
from benchrace.worker.job.calls import Calls
from benchrace.worker.params import convert
from benchrace.worker.registry import Registry

ENGINE_BUSY = "engine_busy"
# Over what the backends wait by themselves, so that these say what they have seen.
_LIMIT_S = 75.0


class Settling:
    """Waits for the engines of one job's predecessors; a settled one is asked once."""

    def __init__(
        self, unsettled: Sequence[UnsettledLane], registry: Registry, calls: Calls
    ) -> None:
        self._left = list(unsettled)
        self._registry = registry
        self._calls = calls

    async def run(self, context: Context) -> str | None:
        """Wait for all engines that are left; returns which of them stay at work, in words."""
        self._left = [left for left in self._left if not await self._settled(left, context)]
        if not self._left:
            return None
        names = ", ".join(f"{left.lane.label} of job {left.job_id}" for left in self._left)
        text = f"an engine may still be working on an earlier job: {names}"
        context.log(text, "warning")
        return text

    async def _settled(self, left: UnsettledLane, context: Context) -> bool:
        try:
            return await self._calls.call(
                f"waiting for the engine of {left.lane.label}",
                lambda: self._ask(left, context),
                _LIMIT_S,
            )
        except terminal_events.JobEnded as over:
            if over.event is JobTimeout:
                return False
            # A bug in the plugin of another job does not end this one.
            context.log(f"{left.lane.backend} cannot determine whether it has settled", "warning")
        except BenchraceError as error:
            context.log(f"{left.lane.backend}: {error.message}", "warning")
        return True

    async def _ask(self, left: UnsettledLane, context: Context) -> bool:
        # An object of its own: lanes of two jobs may have the same id.
        backend = self._registry.make(left.lane.backend)
        params, _ = convert(left.lane.params, self._registry.workload(left.lane.backend, left.kind))
        if params is None:
            return True
        lane = Lane(lane_id=left.lane.lane_id, label=left.lane.label, kind=left.kind, params=params)
        return await backend.settle(lane, context) is not False
