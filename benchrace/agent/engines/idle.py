"""Idle engines: when each was last used, stopping them in time, and the models they had."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

import anyio
import msgspec
from msgspec import Meta

from benchrace import structs
from benchrace.clock import Clock
from benchrace.errors import BenchraceError
from benchrace.plugin.operations import Operation
from benchrace.plugin.readiness import Probe
from benchrace.protocol.operations import OperationRequest

if TYPE_CHECKING:
    from benchrace.agent.engines.operations import Operations

log = logging.getLogger(__name__)


class _Limit(msgspec.Struct, frozen=True):
    """What the agent itself reads of a backend's table; what is wrong there, its worker says."""

    idle_stop_s: Annotated[float, Meta(gt=0)] | None = None


class IdleClock:
    """When each backend was used last, by a job or an operation of this agent.

    An engine that was there already when the agent came is taken to be used then. `default_s`
    returns the limit of backends whose tables set none, None for no limit.
    """

    def __init__(
        self,
        clock: Clock,
        tables: Mapping[str, Mapping[str, object]],
        default_s: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._default_s = default_s
        limits = {name: _limit(table) for name, table in tables.items()}
        self._limits = {name: limit for name, limit in limits.items() if limit is not None}
        self._used: dict[str, tuple[int, float]] = {}

    def used(self, names: Iterable[str]) -> None:
        """Note that these are used now."""
        now = (self._clock.monotonic_ns(), self._clock.wall_s())
        self._used.update(dict.fromkeys(names, now))

    def stops_at(self, name: str) -> float | None:
        """Return the wall time at which an unused engine is stopped; None for never."""
        limit = self._limit(name)
        return None if limit is None else self._last(name)[1] + limit

    def left_s(self, name: str) -> float:
        """Return how long an engine may still idle."""
        idle_s = (self._clock.monotonic_ns() - self._last(name)[0]) / 1e9
        limit = self._limit(name)
        return float("inf") if limit is None else limit - idle_s

    def _limit(self, name: str) -> float | None:
        return self._limits.get(name, self._default_s())

    def _last(self, name: str) -> tuple[int, float]:
        if name not in self._used:
            self.used([name])
        return self._used[name]


async def stop_idle(idle: IdleClock, operations: "Operations") -> None:
    """Stop engines that were started from here when they have idled too long; until cancelled."""
    capabilities = operations.capabilities
    while True:
        seen = capabilities.changed.count
        backends = capabilities.current.backends
        names = [backend.description.name for backend in backends if backend.stops_at is not None]
        idle.used(operation.backend for operation in operations.all() if operation.running)
        name = min(names, key=idle.left_s, default=None)
        left_s = float("inf") if name is None else idle.left_s(name)
        if name is None or left_s > 0:
            with anyio.move_on_after(left_s):
                await capabilities.changed.wait(seen)
            continue
        idle.used([name])
        await _stop(name, operations)
        # Another stop would end the probe that says that this one has worked.
        await capabilities.changed.wait(seen)


async def _stop(name: str, operations: "Operations") -> None:
    try:
        running = await operations.start(name, Operation.STOP, OperationRequest())
        log.info("stopping %s: unused for its idle_stop_s", name)
        await running.ended()
        running.result()
    except BenchraceError as error:
        log.warning("idle engine %s could not be stopped: %s", name, error)


def remembered(before: Probe | None, now: Probe) -> Probe:
    """Return the current probe, with the models of an engine that benchrace started and stopped:
    the next lane starts it again, and finds them there. What the engine reports now is newer.
    """
    if now.reachable or now.models or before is None:
        return now
    if before.reachable and not before.started:
        return now
    models = tuple(msgspec.structs.replace(model, loaded=None) for model in before.models)
    return msgspec.structs.replace(now, models=models)


def _limit(table: Mapping[str, object]) -> float | None:
    try:
        return structs.convert(table, _Limit).idle_stop_s
    except msgspec.ValidationError:
        return None
