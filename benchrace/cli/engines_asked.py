"""Waiting until the machines' engines have told what they have."""

import time

from benchrace.central.answers import MachineAnswer
from benchrace.cli.client import Client
from benchrace.cli.fleet import wait_for_machine
from benchrace.cli.screen import Phases

_PROBED_S = 15.0


def asked_engines(client: Client, shown: Phases) -> tuple[MachineAnswer, ...]:
    """Give the machines once their engines were asked what they have, for some seconds at most."""
    until = time.monotonic() + _PROBED_S
    machines = wait_for_machine(client, shown)
    while time.monotonic() < until and any(
        backend.reachable is None for each in machines for backend in each.backends
    ):
        shown.say("asking the engines what they have")
        time.sleep(0.1)
        machines = client.machines()
    return machines
