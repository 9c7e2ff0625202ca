"""Reopen a lane whose engine was lost: wait until it answers, once per lane, with a limit."""

from collections.abc import Awaitable, Callable

import anyio
import msgspec

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.formatting import duration
from benchrace.plugin import Context
from benchrace.view.lane import WAITING_UNIT
from benchrace.worker.lanes.lane import JobLaneState

# As long as engines that benchrace starts itself are waited for.
WAIT_S = 120.0
_EVERY_S = 0.5
# A connection that is refused, or that breaks: a server that is gone, for good or for seconds.
_AWAY = frozenset({Category.UNREACHABLE, Category.TIMEOUT_CONNECT, Category.ENDED_EARLY})


def is_away(failure: Failure | None) -> bool:
    """Check whether a failure may be that of an engine that is being restarted."""
    return failure is not None and failure.category in _AWAY


class Reopening:
    """Repeats attempts to open a lane. A lane that has waited once is attempted without waiting."""

    def __init__(self, *, limit_s: float = WAIT_S, every_s: float = _EVERY_S) -> None:
        self._limit_s = limit_s
        self._every_s = every_s

    async def run(
        self, lane: JobLaneState, attempt: Callable[[], Awaitable[None]], context: Context
    ) -> Failure | None:
        """Retry until the engine answers; return the last failure where it does not in time.

        Only attempts that find it away are waited for: an engine that loads its model answers,
        and has the run's own limit.
        """
        began = context.clock.monotonic_ns()
        limit_s = 0.0 if lane.waited else self._limit_s
        waiting = False
        while True:
            waited_ns = context.clock.monotonic_ns() - began
            try:
                await attempt()
            except BenchraceError as error:
                failure = error.failure()
            else:
                if waiting:
                    context.log(f"the engine answers again after {duration(waited_ns)}")
                return None
            if not is_away(failure):
                return failure
            if waited_ns >= limit_s * 1e9:
                return _too_long(failure, limit_s)
            if not waiting:
                waiting = lane.waited = True
                text = f"the engine was lost ({failure.message}); waiting up to {limit_s:g} s"
                context.log(text, "warning")
            context.progress(waited_ns / 1e9, limit_s, WAITING_UNIT)
            await anyio.sleep(self._every_s)


def _too_long(failure: Failure, limit_s: float) -> Failure:
    why = f"and did not answer within {limit_s:g} s" if limit_s else "for the second time"
    return msgspec.structs.replace(failure, message=f"the engine was lost {why}: {failure.message}")
