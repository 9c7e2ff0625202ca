"""The central that a command uses: the one asked for, the one that runs, or one of its own."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchrace.agent.settings import settle
from benchrace.central.answers import MachineAnswer, MachineList
from benchrace.cli.client import Client
from benchrace.cli.configured import agent_file
from benchrace.cli.lease import Lease
from benchrace.cli.screen import Phases
from benchrace.cli.service import Service, agent_service, central_service
from benchrace.errors import BenchraceError, Category
from benchrace.run.machine import MachineState
from benchrace.store.journal import is_held

_AGENT_S = 60.0
_HINT_S = 5.0
_OTHERS_S = 2.0
_END_S = 8.0


class Fleet(NamedTuple):
    """A central to speak to; `ours` says that it lives only as long as this command."""

    client: Client
    ours: bool


@contextmanager
def connect(
    central: str | None, token: str | None, data: Path, phases: Phases, *, port: int = 0
) -> Iterator[Fleet]:
    """Give the central asked for, the one that serves the data folder, or one of our own.

    Two commands on one data folder share a central; the one that started it stays until the
    other is done.
    """
    with ExitStack() as stack:
        if central:
            client = stack.enter_context(Client(central, token))
            phases.say(f"asking {client.url}")
            client.get("/health")
            yield Fleet(client, ours=False)
            return
        lease = stack.enter_context(Lease(data))
        with lease.starting():
            running = _running(central_service(data), phases)
            if running is None:
                client = stack.enter_context(_own_fleet(data, port, phases))
            else:
                client = stack.enter_context(Client(running, token))
                client.get("/health")
        ours, leaves = running is None, False
        try:
            yield Fleet(client, ours=ours)
        except KeyboardInterrupt:
            leaves = True
            raise
        finally:
            # A command that failed still has others on its central; Ctrl-C ends them all.
            if ours and not leaves:
                said = "waiting for another command that uses this central"
                lease.end_use(lambda: phases.say(said))


def _running(central: Service, phases: Phases) -> str | None:
    """Find a central that serves the data folder; one that starts or ends is waited for."""
    while is_held(central.lock):
        if record := central.living():
            return record.url
        phases.say("waiting for the central of this data folder")
        time.sleep(0.05)
    return None


@contextmanager
def _own_fleet(data: Path, port: int, phases: Phases) -> Iterator[Client]:
    """Start a central and an agent that dials it over loopback; both end with this process."""
    token = secrets.token_urlsafe(32)
    machine = this_machine()
    with ExitStack() as stack:
        phases.say("starting central")
        central = central_service(data)
        url = stack.enter_context(
            _child(central, ["central", "--port", str(port), "--data-dir", str(data)], token)
        )
        client = stack.enter_context(Client(url))
        phases.say("starting the agent of this machine")
        agent = agent_service(data, machine)
        arguments = ["agent", "--port", "0", "--data-dir", str(data), "--central", url]
        stack.enter_context(_child(agent, [*arguments, "--machine-id", machine], token))
        yield client


@contextmanager
def _child(service: Service, arguments: list[str], token: str) -> Iterator[str]:
    """Run one process until the block ends; the pipe to it says when we are gone."""
    if service.living():
        raise BenchraceError(
            Category.BUSY,
            f"{service.component} already runs on this data folder: {service.record}",
            f"Stop it with `benchrace {service.component} stop`, or give another --data-dir.",
        )
    reading, writing = os.pipe()
    try:
        process = service.spawn([*arguments, "--parent-fd", str(reading)], pass_fds=(reading,))
        try:
            os.write(writing, token.encode() + b"\n")
            record = service.wait(process)
            if record is None:
                raise service.died(process.poll())
            yield record.url
        finally:
            _end(process)
    finally:
        os.close(reading)
        os.close(writing)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def this_machine() -> str:
    """Name this machine as its agent does."""
    return settle(Path(), agent_file(None)).machine_id


def wait_for_machine(
    client: Client, phases: Phases, kind: str | None = None
) -> tuple[MachineAnswer, ...]:
    """Wait until a machine is there that offers `kind` (anything where None); give them all.

    Where machines are there, and none offers `kind`, central's own refusal says more than we can.
    """
    began = time.monotonic()
    while True:
        fleet = client.fleet()
        machines = fleet.machines
        if any(offers(machine, kind) for machine in machines):
            return machines
        waited = time.monotonic() - began
        if waited > _OTHERS_S and any(offers(machine, None) for machine in machines):
            return machines
        if waited > _AGENT_S:
            raise _nobody(kind, fleet)
        phases.say(_awaited(client, fleet, waited))
        time.sleep(0.05)


def _awaited(client: Client, fleet: MachineList, waited_s: float) -> str:
    if any(machine.state is not MachineState.LOST for machine in fleet.machines):
        return "describing plugins"
    if fleet.refused:
        return f"waiting for a machine; {_refused(fleet)}"
    if waited_s < _HINT_S:
        return "waiting for a machine to link"
    return f"waiting for a machine: start one with `benchrace agent --central {client.url}`"


def _refused(fleet: MachineList) -> str:
    """Say why the last agent that came was not let in."""
    last = fleet.refused[-1]
    return f"an agent at {last.address} is being refused: {last.reason}"


def offers(machine: MachineAnswer, kind: str | None) -> bool:
    """Tell whether a machine, as central lists it, can be given work of `kind`."""
    if machine.state not in (MachineState.READY, MachineState.BUSY):
        return False
    offered = {work.kind for backend in machine.backends for work in backend.workloads}
    return bool(offered) if kind is None else kind in offered


def _nobody(kind: str | None, fleet: MachineList) -> BenchraceError:
    known = ", ".join(f"{each.machine_id} ({each.reason or each.state})" for each in fleet.machines)
    known = "; ".join([known or "none", *([_refused(fleet)] if fleet.refused else [])])
    wanted = f"offers {kind}" if kind else "is ready"
    return BenchraceError(
        Category.UNREACHABLE,
        f"no machine {wanted}; known machines: {known}",
        "Start an agent with `benchrace agent --central URL`; `benchrace plugins` lists what is "
        "installed.",
    )
