"""One model in memory at a time: the engines of a job let go of the others before a lane opens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.events import JobTimeout
from benchrace.plugin import Backend, Context, Lane, Workload
from benchrace.run.job import JobSpec
from benchrace.run.spec import Resident
from benchrace.worker import ending
from benchrace.worker.call import Calls

# An engine that is asked to unload waits for answers that are still running.
_LIMIT_S = 90.0
_AFTER_S = 30.0
SHARED = "memory_shared"


@dataclass(frozen=True)
class Company:
    """What else is in memory beside a lane: `alone` is None where nobody asked."""

    alone: bool | None = None
    stayed: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"not alone in memory: {'; '.join(self.stayed)}"


ALONE_OR_NOT = Company()


class Residency:
    """Asks the backends of one job; engines that no lane of it uses are not touched."""

    def __init__(self, spec: JobSpec, calls: Calls, clock: Clock) -> None:
        self._spec = spec
        self._calls = calls
        self._clock = clock

    def asked(self, workload: Workload) -> bool:
        """Tell whether lanes of this workload are to be alone in memory."""
        return self._spec.resident is Resident.ONE and not workload.together

    async def clear(
        self, lane: Lane[Any], backends: Mapping[str, Backend], context: Context
    ) -> Company:
        """Have everything but what `lane` needs let go. A backend that fails says what stays."""
        began = self._clock.monotonic_ns()
        own = self._spec.lane(lane.lane_id).backend
        stayed: list[str] = []
        for name, backend in backends.items():
            keep = lane if name == own else None
            stayed += await self._release(name, backend, keep, context, _LIMIT_S)
        company = Company(not stayed, tuple(dict.fromkeys(stayed)))
        took = (self._clock.monotonic_ns() - began) / 1e9
        if stayed:
            context.log(company.text, "warning")
        else:
            context.log(f"alone in memory, by what {', '.join(backends)} say, after {took:.1f} s")
        return company

    async def after(self, backends: Mapping[str, Backend], context: Context) -> None:
        """Have all let go of everything at the end of the job whose settings do not keep it."""
        for name, backend in backends.items():
            settings = backend.settings
            if settings is not None and not settings.keep_warm:
                for each in await self._release(name, backend, None, context, _AFTER_S):
                    context.log(f"still in memory: {each}", "warning")

    async def _release(
        self, name: str, backend: Backend, keep: Lane[Any] | None, context: Context, limit_s: float
    ) -> tuple[str, ...]:
        try:
            doing = f"having {name} let go of its memory"
            found = await self._calls.call(doing, lambda: backend.release(keep, context), limit_s)
        except ending.Over as over:
            if over.event is not JobTimeout:
                raise
            return (f"{name} did not let go within {limit_s:g} s",)
        except BenchraceError as error:
            return (f"{name}: {error.message}",)
        return tuple(found)
