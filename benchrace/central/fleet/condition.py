"""What people are shown of a machine: its condition, and the problems that degrade it. Pure."""

from collections.abc import Iterator

from benchrace.formatting import duration
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.latch import Latch
from benchrace.protocol.liveness import Liveness
from benchrace.protocol.offset import Offset
from benchrace.run.machine import Condition
from benchrace.telemetry.environment import ProblemCode

SECOND_NS = 1_000_000_000
# What lowers clocks for a while; the other findings are how a machine is set up.
_SPOILING = frozenset(
    {
        ProblemCode.ON_BATTERY,
        ProblemCode.LOW_POWER_MODE,
        ProblemCode.HOT,
        ProblemCode.UNDERVOLTED,
        ProblemCode.THROTTLED,
    }
)


class ClockWatch:
    """Judges how well a machine's clocks are known, with hysteresis."""

    def __init__(self) -> None:
        self._wall = Latch(on=2.0, off=1.0)
        self._offset = Latch(on=0.025, off=0.015)
        self.ahead_s: float | None = None

    def note_wall(self, theirs_s: float | None, ours_s: float) -> None:
        """Note by how much the machine's wall clock is ahead of central's."""
        self.ahead_s = None if theirs_s is None else theirs_s - ours_s
        self._wall.judge(None if self.ahead_s is None else abs(self.ahead_s))

    def problems(self, offset: Offset | None) -> Iterator[Problem]:
        """Yield what is wrong with the clocks of a machine that is linked."""
        if self._wall.value and self.ahead_s is not None:
            words = "ahead of" if self.ahead_s > 0 else "behind"
            yield Problem(
                message=f"its wall clock is {abs(self.ahead_s):.1f} s {words} central's",
                remedy="Synchronise the clocks of both machines, for example with NTP.",
            )
        unsure_ns = None if offset is None else offset.uncertainty_ns
        if self._offset.judge(None if unsure_ns is None else unsure_ns / SECOND_NS):
            yield Problem(
                message=f"the offset of its clock is known to ±{duration(unsure_ns or 0)} only",
                remedy="Use a faster or less busy network between central and the machine.",
            )


def problems(capabilities: Capabilities | None) -> Iterator[Problem]:
    """Yield the problems that a machine reports."""
    if capabilities is None:
        return
    if capabilities.restart is not None:
        yield Problem(message=capabilities.restart, remedy=capabilities.restart_remedy)
    yield from capabilities.problems
    for spoiling in capabilities.environment.problems:
        # What an agent saw when it began may have ended long ago.
        if capabilities.renewed and spoiling.code in _SPOILING:
            yield Problem(message=spoiling.message, remedy=spoiling.remedy)
    for plugin in capabilities.plugins:
        if plugin.error is not None:
            yield Problem(
                message=f"the plugin {plugin.name} is broken: {plugin.error}",
                remedy="`benchrace plugins` on that machine shows the traceback.",
            )


def condition(liveness: Liveness, *, stopped: bool, busy: bool, degraded: bool) -> Condition:
    """Return what people are shown of a machine."""
    if stopped or liveness is Liveness.LOST:
        return Condition.OFFLINE
    if liveness is Liveness.SUSPECT:
        return Condition.DEGRADED
    if busy:
        return Condition.BUSY
    return Condition.DEGRADED if degraded else Condition.READY
