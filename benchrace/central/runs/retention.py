"""Finished runs over the limits are removed: at the start and daily, while nothing is measured."""

import logging
from pathlib import Path

import anyio
import msgspec
from anyio import to_thread

from benchrace.central.ceilings.stored import StoredCeilings
from benchrace.central.central import Central
from benchrace.clock import Clock
from benchrace.config.paths import config_dir
from benchrace.config.retention import RetentionLimits
from benchrace.errors import BenchraceError
from benchrace.formatting import file_size
from benchrace.store.index import Index
from benchrace.store.retention import leftovers
from benchrace.store.retention.expired import baseline_ids, stored_runs
from benchrace.store.retention.pruning import Pruning, carry_out, plan

log = logging.getLogger(__name__)
EVERY_S = 86400.0
# A run that has ended is noticed by then, whatever else changes.
_LOOK_S = 60.0


class Retention:
    """Applies limits; `run` those of `central.yaml`."""

    def __init__(
        self, central: Central, index: Index, ceilings: StoredCeilings, clock: Clock
    ) -> None:
        self._central = central
        self._index = index
        self._ceilings = ceilings
        self._clock = clock
        self._one_by_one = anyio.Lock()
        self._last_s: float | None = None

    async def run(self) -> None:
        """Sweep, and apply the limits, now and daily, until cancelled; a failure is logged."""
        limits = self._central.settings.retention
        while True:
            await self._idle()
            try:
                for path in await to_thread.run_sync(_swept, self._central.settings.data):
                    log.info("removed %s, which an earlier central left behind", path.name)
                if limits.any:
                    await self.apply(limits)
                    self._last_s = self._clock.wall_s()
            except (BenchraceError, OSError) as error:
                log.warning("runs over the limits are kept: %s", error)
            await anyio.sleep(EVERY_S)

    async def plan(self, limits: RetentionLimits | None = None) -> Pruning:
        """Return what limits would remove, by default those of `central.yaml`."""
        chosen = limits or self._central.settings.retention
        return await to_thread.run_sync(self._plan, chosen)

    async def apply(self, limits: RetentionLimits | None = None) -> Pruning:
        """Remove the runs that are over the limits, and return them."""
        chosen = limits or self._central.settings.retention
        async with self._one_by_one:
            return await to_thread.run_sync(self._apply, chosen)

    async def _idle(self) -> None:
        """Wait until no run is in progress: deleting would disturb its log's disk."""
        while self._central.status().running:
            with anyio.move_on_after(_LOOK_S):
                await self._central.changed.wait()

    def _plan(self, limits: RetentionLimits) -> Pruning:
        config = config_dir(self._central.settings.config)
        names = (machine.view.machine_id for machine in self._central.machines())
        machines = {name: self._central.fleet.get(name).capabilities for name in names}
        holding = frozenset(self._ceilings.holding(machines))
        runs = [
            msgspec.structs.replace(run, protected=run.protected or "ceiling of a machine")
            if run.run_id in holding
            else run
            for run in stored_runs(self._central.runs_dir, baseline_ids(config))
            if self._central.live(run.run_id) is None
        ]
        return plan(runs, limits, self._clock.wall_s(), self._last_s)

    def _apply(self, limits: RetentionLimits) -> Pruning:
        done = carry_out(
            self._central.runs_dir,
            self._plan(limits),
            lambda run_id: self._index.remove([run_id]),
        )
        for run in done.expired:
            log.info("removed run %s (%s): %s", run.run_id, file_size(run.size), run.reason)
        for why in done.failed:
            log.warning("a run over the limits is kept: %s", why)
        return done


def _swept(data: Path) -> list[Path]:
    return list(leftovers.sweep(data))
