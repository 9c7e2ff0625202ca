"""Machines of a run that stop responding while it goes on, and that are back."""

import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from benchrace.api.machines import MachineAnswer
from benchrace.cli.connect.client import Client
from benchrace.cli.output.formatting import clean_line
from benchrace.errors import BenchraceError, Category
from benchrace.run.document import RunDocument
from benchrace.run.machine import MachineState

_EVERY_S = 5.0
_GONE = {
    MachineState.SUSPECT: "is not responding",
    MachineState.LOST: "is lost",
    MachineState.STOPPED: "was stopped",
}


class MachineWatch:
    """Reads the machines' states from central at most every 5 s, and prints those that change."""

    def __init__(self, client: Client, screen: Console, run: RunDocument) -> None:
        self._client = client
        self._screen = screen
        self._run = run
        self._next_s = 0.0
        self._gone: dict[str, MachineState] = {}

    def look(self) -> None:
        """Print a line for each machine of the run that has stopped responding, or is back."""
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _EVERY_S
        try:
            machines = self._client.machines()
        except BenchraceError as error:
            # The run's events come from the same central, and report that it is gone.
            if error.category is not Category.UNREACHABLE:
                raise
            return
        for line in self.changes(machines):
            self._screen.print(Text(clean_line(line), style="yellow"), soft_wrap=True)

    def changes(self, machines: Iterable[MachineAnswer]) -> Iterator[str]:
        """Yield what changed since the last call, of the machines that the run uses."""
        used = set(self._machines())
        for machine in machines:
            if machine.machine_id not in used:
                continue
            state = machine.state if machine.state in _GONE else None
            if state == self._gone.get(machine.machine_id):
                continue
            if state is None:
                del self._gone[machine.machine_id]
                yield f"{machine.label} is back"
                continue
            self._gone[machine.machine_id] = state
            why = f": {machine.reason}" if machine.reason else ""
            yield f"{machine.label} {_GONE[state]}{why}"

    def _machines(self) -> Iterator[str]:
        for lane in self._run.lanes:
            yield lane.machine_id
            yield from lane.workers
            yield from (client.machine_id for client in lane.clients)
