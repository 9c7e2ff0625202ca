"""The queue of runs: those waiting, those running, and which may start."""

import logging
from collections.abc import Iterable

from anyio.abc import TaskGroup

from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.controller import RunController
from benchrace.central.runs.live_run import LiveRun
from benchrace.central.runs.queue import Claim, position, startable
from benchrace.notifier import Notifier

log = logging.getLogger(__name__)


class Scheduler:
    """Starts runs in order as their computers become free; call `wake` when that may be so."""

    def __init__(self, fleet: Fleet, controller: RunController) -> None:
        self._fleet = fleet
        self._controller = controller
        self._wakeup = Notifier()
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
        self._wakeup.notify()

    def add(self, run: LiveRun, *, checked: bool) -> None:
        """Put a run at the end of the queue; `checked` says that preflight was just passed."""
        self._waiting[run.run_id] = run
        if checked and not run.jobs:
            self._checked.add(run.run_id)
        self.wake()

    def position(self, run_id: str) -> int | None:
        """Return a run's position in the queue, from 1; None if it is not waiting."""
        queued = [run for run in self._waiting.values() if not run.jobs]
        return position(self._claims(queued), run_id)

    def is_free(self, machine_ids: Iterable[str]) -> bool:
        """Check whether a run on these machines would start at once."""
        claim = Claim("", self._hosts(machine_ids))
        waiting = [*self._claims(self._waiting.values()), claim]
        return claim.run_id in startable(waiting, self._claims(self._running.values()))

    async def run(self, group: TaskGroup) -> None:
        """Start what may start, for ever."""
        while True:
            for run_id in self._next():
                run = self._waiting.pop(run_id)
                self._running[run_id] = run
                group.start_soon(self._execute, run)
            await self._wakeup.wait()

    def _next(self) -> list[str]:
        """Return the runs to start now; one that was begun or cancelled does not wait."""
        due = [run.run_id for run in self._waiting.values() if run.jobs or run.cancel]
        waiting = [
            claim for claim in self._claims(self._waiting.values()) if claim.run_id not in due
        ]
        return due + list(startable(waiting, self._claims(self._running.values())))

    async def _execute(self, run: LiveRun) -> None:
        checked = run.run_id in self._checked
        self._checked.discard(run.run_id)
        try:
            await self._controller.execute(run, checked=checked)
        except Exception:
            # A defect in one run must not end the others.
            log.exception("run %s failed", run.run_id)
            await self._controller.abandon(run)
        finally:
            del self._running[run.run_id]
            run.over.set()
            self.wake()

    def _claims(self, runs: Iterable[LiveRun]) -> list[Claim]:
        return [Claim(run.run_id, self._hosts(run.machine_ids)) for run in runs]

    def _hosts(self, machine_ids: Iterable[str]) -> frozenset[str]:
        """Return the names of the computers: the host where it is known, and the machine."""
        hosts: set[str] = set()
        for machine_id in machine_ids:
            machine = self._fleet.find(machine_id)
            hosts |= {f"machine:{machine_id}"}
            if machine is not None and machine.host_id:
                hosts |= {f"host:{machine.host_id}"}
        return frozenset(hosts)
