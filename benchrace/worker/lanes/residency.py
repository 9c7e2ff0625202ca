"""Keep one model in memory at a time: a job's engines unload others before a lane opens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.events import JobTimeout
from benchrace.formatting import duration
from benchrace.plugin import Backend, Context, Lane, Workload
from benchrace.protocol.job import JobSpec
from benchrace.run.spec import ResidentModels
from benchrace.worker.job import terminal_events
from benchrace.worker.job.calls import Calls

# An engine that is asked to unload waits for answers that are still running.
_LIMIT_S = 90.0
_AFTER_S = 30.0
SHARED = "memory_shared"
# All of them are in the round's record.
_MAX_NAMES = 3


@dataclass(frozen=True)
class Company:
    """What else is in memory beside a lane: `alone` is None where it was not checked."""

    alone: bool | None = None
    stayed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """List what stays, each reason once for all that it is true of."""
        reasons: dict[str, list[str]] = {}
        for entry in sorted(self.stayed):
            name, bracket, reason = entry.partition(" (")
            reasons.setdefault(bracket + reason, []).append(name)
        return f"not alone in memory: {'; '.join(_some(*item) for item in reasons.items())}"


ALONE_OR_NOT = Company()


def _some(reason: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"{', '.join(names[:_MAX_NAMES])}{more}{reason}"


class Residency:
    """Asks the backends of one job; engines that no lane of it uses are not touched."""

    def __init__(self, spec: JobSpec, calls: Calls, clock: Clock) -> None:
        self._spec = spec
        self._calls = calls
        self._clock = clock

    def applies(self, workload: Workload) -> bool:
        """Check whether lanes of this workload are to be alone in memory."""
        return self._spec.resident is ResidentModels.ONE and not workload.together

    async def clear(
        self, lane: Lane[Any], backends: Mapping[str, Backend], context: Context
    ) -> Company:
        """Unload everything but what `lane` needs. A backend that fails reports what stays."""
        began = self._clock.monotonic_ns()
        own = self._spec.lane(lane.lane_id).backend
        stayed: list[str] = []
        for name, backend in backends.items():
            keep = lane if name == own else None
            stayed += await self._release(name, backend, keep, context, _LIMIT_S)
        company = Company(not stayed, tuple(dict.fromkeys(stayed)))
        took_ns = self._clock.monotonic_ns() - began
        if stayed:
            # No warning: each round says so in its verdict.
            context.log(company.text)
        else:
            checked = f"checked in {duration(took_ns)}"
            context.log(f"no other model is loaded in {', '.join(backends)} ({checked})")
        return company

    async def after(self, backends: Mapping[str, Backend], context: Context) -> None:
        """Unload everything at the end of the job whose settings do not keep it.

        An engine that other machines send load to stays: they may still read answers, which
        stopping it would cut off.
        """
        if any(lane.part is not None for lane in self._spec.lanes):
            return
        for name, backend in backends.items():
            settings = backend.settings
            if settings is not None and not settings.keep_warm:
                for model in await self._release(name, backend, None, context, _AFTER_S):
                    context.log(f"still in memory: {model}", "warning")

    async def _release(
        self, name: str, backend: Backend, keep: Lane[Any] | None, context: Context, limit_s: float
    ) -> tuple[str, ...]:
        try:
            doing = f"unloading {name}"
            released = await self._calls.call(
                doing, lambda: backend.release(keep, context), limit_s
            )
        except terminal_events.JobEnded as over:
            if over.event is not JobTimeout:
                raise
            return (f"{name} did not unload within {limit_s:g} s",)
        except BenchraceError as error:
            return (f"{name}: {error.message}",)
        return tuple(released)
