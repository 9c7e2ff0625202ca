"""The ceilings of machines, read from the stored runs that measured them."""

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchrace.central.ceilings.collect import Collected, Machine, collect
from benchrace.central.ceilings.conditions import conditions
from benchrace.central.ceilings.readings import RunReadings, read
from benchrace.central.fleet.models import room_of
from benchrace.errors import BenchraceError
from benchrace.ids import MachineId, RunId
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.findings.ceiling import LIMITS, Roofs
from benchrace.run.planning.fit import Pool
from benchrace.run.states import RunState
from benchrace.store.index import Index
from benchrace.store.query import Query

log = logging.getLogger(__name__)
# Of a kind; a run measures one of its formats or precisions.
MAX_RUNS = 60
TEXT = "llm_generate"
_MAX_CACHED = 2000


class StoredCeilings:
    """All calls block: use them from any thread. Runs that are over do not change."""

    def __init__(self, index: Index, runs_dir: Path) -> None:
        self._index = index
        self._runs_dir = runs_dir
        self._lock = threading.Lock()
        self._cached: dict[RunId, RunReadings] = {}
        # By machine, with what it was made of.
        self._collected: dict[MachineId, tuple[int, Machine, Collected]] = {}

    def of(self, machine_id: MachineId, capabilities: Capabilities | None) -> Collected:
        """Return a machine's ceilings; `capabilities` are null while it has not linked."""
        machine = _machine(machine_id, capabilities)
        with self._lock:
            changes = self._index.changes
            latest = self._collected.get(machine_id)
            if latest is not None and latest[:2] == (changes, machine):
                return latest[2]
            collected = collect(machine, tuple(self._runs(machine_id)))
            self._collected[machine_id] = changes, machine, collected
            return collected

    def roofs(self, machine_id: MachineId, capabilities: Capabilities | None) -> Roofs:
        """Return what predictions use of a machine's ceilings."""
        return self.of(machine_id, capabilities).roofs

    def holding(self, machines: Mapping[MachineId, Capabilities | None]) -> Iterator[RunId]:
        """Yield the runs that the ceilings of machines, as they are now, are from."""
        for machine_id, capabilities in machines.items():
            ceilings = self.of(machine_id, capabilities).answer.ceilings
            yield from (ceiling.current.run_id for ceiling in ceilings if ceiling.current)

    def _runs(self, machine_id: MachineId) -> Iterator[RunReadings]:
        """Yield the newest runs of each kind, newest first within each."""
        for kind in (*dict.fromkeys(limit.kind for limit in LIMITS), TEXT):
            query = Query(limit=MAX_RUNS, kind=kind, machine=machine_id, state=RunState.DONE)
            for row in self._index.page(query).runs:
                yield self._read(row.run_id)

    def _read(self, run_id: RunId) -> RunReadings:
        if (cached := self._cached.get(run_id)) is not None:
            return cached
        result = RunReadings(run_id=run_id)
        try:
            result = read(self._runs_dir, run_id)
        except (BenchraceError, OSError) as error:
            if isinstance(error, OSError) or isinstance(error.__cause__, OSError):
                # It was deleted meanwhile, or a disk failed: the next time may be better.
                return result
        except Exception:
            log.exception("run %s is left out of the ceilings", run_id)
        while len(self._cached) >= _MAX_CACHED:
            self._cached.pop(next(iter(self._cached)), None)
        self._cached[run_id] = result
        return result


def _machine(machine_id: MachineId, capabilities: Capabilities | None) -> Machine:
    if capabilities is None:
        return Machine(machine_id=machine_id, pool=Pool.SYSTEM, now=None)
    hardware = capabilities.hardware
    pool = room_of(hardware).pool
    # A GPU with memory of its own does not read through the processor's cache.
    cache_bytes = 0 if pool is Pool.VRAM else hardware.cpu.caches.l3_bytes or 0
    now = conditions(capabilities)
    return Machine(machine_id=machine_id, pool=pool, now=now, cache_bytes=cache_bytes)
