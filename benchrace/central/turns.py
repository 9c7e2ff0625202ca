"""Runs take turns: those that wait, those that run, and who may start."""

import logging
from collections.abc import Iterable

from anyio.abc import TaskGroup

from benchrace.central.conductor import Conductor
from benchrace.central.fleet import Fleet
from benchrace.central.live import LiveRun
from benchrace.central.queue import Claim, position, startable
from benchrace.central.signal import Signal

log = logging.getLogger(__name__)


class Turns:
    """Start runs in order as their computers become free; call `wake` when that may be so."""

    def __init__(self, fleet: Fleet, conductor: Conductor) -> None:
        self._fleet = fleet
        self._conductor = conductor
        self._moved = Signal()
        self._waiting: dict[str, LiveRun] = {}
        self._running: dict[str, LiveRun] = {}
        self._checked: set[str] = set()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    def wake(self) -> None:
        self._moved.notify()

    def add(self, run: LiveRun, *, checked: bool) -> None:
        """Put a run at the end of the queue; `checked` says that preflight was just passed."""
        self._waiting[run.run_id] = run
        if checked and not run.jobs:
            self._checked.add(run.run_id)
        self.wake()

    def position(self, run_id: str) -> int | None:
        """Give a run's place in the queue, from 1; None where it does not wait."""
        queued = [each for each in self._waiting.values() if not each.jobs]
        return position(self._claims(queued), run_id)

    def is_free(self, machine_ids: Iterable[str]) -> bool:
        """Tell whether a run on these machines would start at once."""
        asked = Claim("", self._hosts(machine_ids))
        waiting = [*self._claims(self._waiting.values()), asked]
        return asked.run_id in startable(waiting, self._claims(self._running.values()))

    async def run(self, group: TaskGroup) -> None:
        """Start what may start, for ever."""
        while True:
            for run_id in self._next():
                run = self._waiting.pop(run_id)
                self._running[run_id] = run
                group.start_soon(self._conduct, run)
            await self._moved.wait()

    def _next(self) -> list[str]:
        """Give those whose turn it is; one that was begun or cancelled waits for nobody."""
        due = [each.run_id for each in self._waiting.values() if each.jobs or each.cancel]
        waiting = [
            claim for claim in self._claims(self._waiting.values()) if claim.run_id not in due
        ]
        return due + list(startable(waiting, self._claims(self._running.values())))

    async def _conduct(self, run: LiveRun) -> None:
        checked = run.run_id in self._checked
        self._checked.discard(run.run_id)
        try:
            await self._conductor.conduct(run, checked=checked)
        except Exception:
            # A defect in one run's conduct must not end the others.
            log.exception("run %s could not be conducted to its end", run.run_id)
            await self._conductor.abandon(run)
        finally:
            del self._running[run.run_id]
            run.over.set()
            self.wake()

    def _claims(self, runs: Iterable[LiveRun]) -> list[Claim]:
        return [Claim(run.run_id, self._hosts(run.machine_ids)) for run in runs]

    def _hosts(self, machine_ids: Iterable[str]) -> frozenset[str]:
        """Name the computers: by their host where it is known, and by the machine."""
        found: set[str] = set()
        for machine_id in machine_ids:
            machine = self._fleet.find(machine_id)
            found |= {f"machine:{machine_id}"}
            if machine is not None and machine.host_id:
                found |= {f"host:{machine.host_id}"}
        return frozenset(found)
