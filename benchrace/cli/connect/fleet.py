"""The central that a command uses: the one named, a running one, or a temporary one."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchrace.api.machines import MachineAnswer, MachineList
from benchrace.cli.agent.running import RunningAgent, running_agent
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.lease import Lease
from benchrace.cli.output.screen import Phases
from benchrace.cli.service.service import Record, Service, agent_service, central_service
from benchrace.cli.service.settings import agent_file
from benchrace.config.machine_id import machine_id
from benchrace.errors import BenchraceError, Category
from benchrace.run.machine import MachineState
from benchrace.store.journal import is_held

_AGENT_S = 60.0
_HINT_S = 5.0
_OTHERS_S = 2.0
_PENDING_S = 10.0
_END_S = 8.0


def _never() -> bool:
    return False


class Fleet(NamedTuple):
    """A connected central; with `ours` it lives only as long as this command.

    `gone` checks whether it has ended for good: nobody starts a command's central again.
    """

    client: Client
    ours: bool
    gone: Callable[[], bool]


@contextmanager
def connect(
    central: str | None,
    token: str | None,
    data: Path,
    phases: Phases,
    *,
    port: int = 0,
    probe: bool = True,
    agent: bool = True,
) -> Iterator[Fleet]:
    """Yield the central named, the one that serves the data folder, the one that the agent of
    this machine is linked to, or a temporary one.

    `probe` makes the agent of a temporary one probe its engines at once: false where planning a
    run decides whether they matter. Without `agent`, a temporary one has no machine of its own.

    Two commands on one data folder share a central; the one that started it stays until the
    other is done.
    """
    with ExitStack() as stack:
        if central:
            client = stack.enter_context(Client(central, token))
            phases.say(f"connecting to {client.url}")
            client.get("/health")
            yield Fleet(client, ours=False, gone=_never)
            return
        lease = stack.enter_context(Lease(data))
        with lease.starting():
            service = central_service(data)
            record = _running(service, phases)
            running, certificate = (record.url, record.certificate) if record else (None, None)
            local = None if running or not agent else running_agent(data, token, phases)
            if running is None and local is not None and (running := local.linked_to):
                phases.say(f"using {running}, the central that this machine's agent is linked to")
            if running is None:
                start = (
                    _own_fleet(data, port, local, phases, probe)
                    if agent
                    else _own_central(data, port, phases, secrets.token_urlsafe(32))
                )
                client = stack.enter_context(start)
            else:
                client = stack.enter_context(Client(running, token, certificate))
                client.get("/health")
        ours, leaves = running is None, False
        try:
            temporary = ours or (record is not None and record.temporary)
            gone = (lambda: not is_held(service.lock)) if temporary else _never
            yield Fleet(client, ours=ours, gone=gone)
        except KeyboardInterrupt:
            leaves = True
            raise
        finally:
            # Other commands may still use the central of a failed one; Ctrl-C ends them all.
            if ours and not leaves:
                phase = "waiting for another command that uses this central"
                lease.end_use(lambda: phases.say(phase))


def _running(central: Service, phases: Phases) -> Record | None:
    """Find a central that serves the data folder; one that starts or ends is waited for."""
    while is_held(central.lock):
        if record := central.running():
            return record
        phases.say("waiting for the central of this data folder")
        time.sleep(0.05)
    return None


@contextmanager
def _own_fleet(
    data: Path, port: int, running: RunningAgent | None, phases: Phases, probe: bool
) -> Iterator[Client]:
    """Start a central and an agent that dials it over loopback; both end with this process.

    An agent that runs already is lent to that central.
    """
    token = secrets.token_urlsafe(32)
    machine = this_machine()
    with _own_central(data, port, phases, token) as client, ExitStack() as stack:
        if running is not None:
            running.lend(client.url, token, phases)
            yield client
            return
        phases.say("starting this machine's agent")
        agent = agent_service(data, machine)
        arguments = ["agent", "--port", "0", "--data-dir", str(data), "--central", client.url]
        if not probe:
            arguments.append("--probe-on-request")
        stack.enter_context(_child(agent, [*arguments, "--machine-id", machine], token))
        yield client


@contextmanager
def _own_central(data: Path, port: int, phases: Phases, token: str) -> Iterator[Client]:
    """Start a central that agents join with `token`; it ends with this process."""
    phases.say("starting central")
    arguments = ["central", "--port", str(port), "--data-dir", str(data)]
    with _child(central_service(data), arguments, token) as url, Client(url) as client:
        yield client


@contextmanager
def _child(service: Service, arguments: list[str], token: str) -> Iterator[str]:
    """Run one process until the block ends; the pipe to it says when we are gone."""
    if service.running():
        raise BenchraceError(
            Category.BUSY,
            f"{service.component} is already running on this data folder: {service.record}",
            f"Stop it with `benchrace {service.component} stop`, or use another --data-dir.",
        )
    reading, writing = os.pipe()
    try:
        process = service.spawn([*arguments, "--parent-fd", str(reading)], pass_fds=(reading,))
        try:
            os.write(writing, token.encode() + b"\n")
            record = service.wait(process)
            if record is None:
                raise service.start_failure(process.poll())
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
    """Return this machine's ID, as its agent uses it."""
    return machine_id(agent_file(None))


def wait_for_machine(
    client: Client, phases: Phases, kind: str | None = None
) -> tuple[MachineAnswer, ...]:
    """Wait until a machine is there that offers `kind` (anything where None); return them all.

    A plugin that hangs is waited for no longer than 10 s where another one offers it.
    Where machines are linked and none offers `kind`, central's own error says more than we can.
    """
    began = time.monotonic()
    there_s: float | None = None
    while True:
        fleet = client.fleet()
        machines = fleet.machines
        waited = time.monotonic() - began
        pending = _pending(machines)
        if there_s is None and any(_is_up(machine) for machine in machines):
            there_s = waited
        if any(offers(machine, kind) for machine in machines) and (
            # The backends of a run must not depend on which plugin is described first.
            not pending or waited - (there_s or 0.0) > _PENDING_S
        ):
            return machines
        if not pending and there_s is not None and waited - there_s > _OTHERS_S:
            if any(offers(machine, None) for machine in machines):
                return machines
            raise _no_machine(kind, fleet, client.url)
        # A rejected agent does not link by itself; another one may be about to.
        limit_s = _OTHERS_S if fleet.refused and there_s is None else _AGENT_S
        if not pending and waited > limit_s:
            raise _no_machine(kind, fleet, client.url)
        phases.say(_waiting_text(client, fleet, waited, pending))
        time.sleep(0.05)


def wait_for_link(client: Client, phases: Phases) -> None:
    """Wait until a machine is linked; give up after a while, as the answer says why none is."""
    began = time.monotonic()
    while True:
        fleet = client.fleet()
        waited = time.monotonic() - began
        limit_s = _OTHERS_S if fleet.refused else _AGENT_S
        if waited > limit_s or any(_is_up(machine) for machine in fleet.machines):
            return
        phases.say(_waiting_text(client, fleet, waited))
        time.sleep(0.05)


def _pending(machines: Sequence[MachineAnswer]) -> tuple[str, ...]:
    """Return the plugins still being described; their agents limit the time of each."""
    working = (machine for machine in machines if _is_up(machine))
    return tuple(plugin.name for machine in working for plugin in machine.plugins if plugin.pending)


def _waiting_text(
    client: Client, fleet: MachineList, waited_s: float, pending: Sequence[str] = ()
) -> str:
    if pending and waited_s > _OTHERS_S:
        return f"waiting for plugins: {', '.join(pending)}"
    if any(_is_up(machine) for machine in fleet.machines):
        return "loading plugins"
    if fleet.refused:
        return f"waiting for a machine; {_refused(fleet)}"
    if waited_s < _HINT_S:
        return "waiting for a machine to link"
    return f"no agent is linked. {start_an_agent(client.url)}"


def start_an_agent(url: str) -> str:
    """Return how an agent joins the central at `url`; the token itself is never printed."""
    return (
        "Start an agent on a machine, with the agent token that central printed on its first "
        f"start: BENCHRACE_TOKEN=TOKEN benchrace agent start --central {url}"
    )


def _refused(fleet: MachineList) -> str:
    """Return why the last rejected agent was rejected."""
    last = fleet.refused[-1]
    return f"central rejected an agent at {last.address}: {last.reason}"


def offers(machine: MachineAnswer, kind: str | None) -> bool:
    """Return whether a machine, as central lists it, offers work of `kind`."""
    if not _is_up(machine):
        return False
    offered = {work.kind for backend in machine.backends for work in backend.workloads}
    return bool(offered) if kind is None else kind in offered


def _describe(machine: MachineAnswer) -> str:
    broken = [f"{plugin.name}: {plugin.error}" for plugin in machine.plugins if plugin.error]
    reasons = [machine.reason or str(machine.state), *broken]
    return f"{machine.machine_id} ({'; '.join(reasons)})"


def _is_up(machine: MachineAnswer) -> bool:
    return machine.state in (MachineState.READY, MachineState.BUSY)


def _no_machine(kind: str | None, fleet: MachineList, url: str) -> BenchraceError:
    listed = ", ".join(_describe(machine) for machine in fleet.machines)
    listed = "; ".join([listed or "none", *([_refused(fleet)] if fleet.refused else [])])
    if not any(_is_up(machine) for machine in fleet.machines):
        return BenchraceError(
            Category.UNREACHABLE,
            f"no agent is linked to {url}; known machines: {listed}",
            (fleet.refused and fleet.refused[-1].remedy) or start_an_agent(url),
        )
    wanted = f"offers {kind}" if kind else "is ready"
    return BenchraceError(
        Category.UNREACHABLE,
        f"no machine {wanted}; known machines: {listed}",
        "Install a plugin on the agent's machine; `benchrace plugins` there lists what it has.",
    )
