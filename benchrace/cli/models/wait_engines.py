"""Wait until the machines' engines have been queried."""

import time

from benchrace.api.machines import MachineAnswer
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.fleet import wait_for_machine
from benchrace.cli.output.screen import Phases

_PROBED_S = 15.0


def wait_for_engines(client: Client, shown: Phases) -> tuple[MachineAnswer, ...]:
    """Return the machines once their engines were queried; waits 15 s at most."""
    until = time.monotonic() + _PROBED_S
    machines = wait_for_machine(client, shown)
    while time.monotonic() < until and any(
        backend.reachable is None for machine in machines for backend in machine.backends
    ):
        shown.say("querying the engines")
        time.sleep(0.1)
        machines = client.machines()
    return machines
