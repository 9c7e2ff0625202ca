"""The central that a command uses: the one asked for, the one that runs, or one of its own."""

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchrace.agent.settings import settle
from benchrace.central.answers import MachineAnswer
from benchrace.cli.client import Client
from benchrace.cli.configured import agent_file
from benchrace.cli.service import Service, agent_service, central_service
from benchrace.errors import BenchraceError, Category
from benchrace.run.machine import MachineState

_AGENT_S = 60.0


@contextmanager
def connect(
    central: str | None, token: str | None, data: Path, *, port: int = 0
) -> Iterator[tuple[Client, bool]]:
    """Give a client, and whether its central is our own and ends with us.

    A central that already works on the same data folder is used before one is started.
    """
    running = central_service(data).living()
    if central or running:
        url = central or (running.url if running else "")
        with Client(url, token) as client:
            client.get("/health")
            yield client, False
        return
    with own_fleet(data, port) as client:
        yield client, True


@contextmanager
def own_fleet(data: Path, port: int) -> Iterator[Client]:
    """Start a central and an agent that dials it over loopback; both end with this process."""
    token = secrets.token_urlsafe(32)
    machine = settle(data, agent_file(None)).machine_id
    with ExitStack() as stack:
        central = central_service(data)
        url = stack.enter_context(
            _child(central, ["central", "--port", str(port), "--data-dir", str(data)], token)
        )
        client = stack.enter_context(Client(url))
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
        argv = [*arguments, "--parent-fd", str(reading)]
        process = service.spawn(argv, pass_fds=(reading,))
        os.write(writing, token.encode() + b"\n")
        try:
            record = service.wait(lambda: process.poll() is not None)
            if record is None:
                raise service.died(process.poll())
            yield record.url
        finally:
            process.terminate()
            process.wait()
    finally:
        os.close(reading)
        os.close(writing)


def wait_for_machine(client: Client, kind: str | None = None) -> tuple[MachineAnswer, ...]:
    """Wait until a machine is there that offers `kind` (anything where None); give them all."""
    until = time.monotonic() + _AGENT_S
    while True:
        machines = client.machines()
        if any(offers(machine, kind) for machine in machines):
            return machines
        if time.monotonic() > until:
            raise _nobody(kind, machines)
        time.sleep(0.05)


def offers(machine: MachineAnswer, kind: str | None) -> bool:
    """Tell whether a machine, as central lists it, can be given work of `kind`."""
    if machine.state not in (MachineState.READY, MachineState.BUSY):
        return False
    offered = {work.kind for backend in machine.backends for work in backend.workloads}
    return bool(offered) if kind is None else kind in offered


def _nobody(kind: str | None, machines: tuple[MachineAnswer, ...]) -> BenchraceError:
    known = (
        ", ".join(f"{each.machine_id} ({each.reason or each.state})" for each in machines) or "none"
    )
    wanted = f"offers {kind}" if kind else "is ready"
    return BenchraceError(
        Category.UNREACHABLE,
        f"no machine {wanted} after {_AGENT_S:.0f} s; known machines: {known}",
        "Start an agent with `benchrace agent --central URL`; `benchrace plugins` lists what is "
        "installed.",
    )
