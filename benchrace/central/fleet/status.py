"""What people are shown of a machine: its state with the reason, and what it offers."""

from collections.abc import Iterator

import msgspec

from benchrace.central.fleet.condition import condition, problems
from benchrace.central.fleet.machine import Machine
from benchrace.central.fleet.workloads import Described
from benchrace.formatting import duration
from benchrace.plugin.readiness import Problem
from benchrace.protocol.capabilities import Capabilities
from benchrace.protocol.liveness import KeepAlive, Liveness
from benchrace.protocol.offset import Offset
from benchrace.run.machine import Condition, MachineState, MachineView
from benchrace.tls.identity import LinkSecurity


class MachineStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as people see it. `reason` says in words why its condition is not `ready`.

    `problems` degrade it while it is linked.

    `described` has its workloads' descriptions, encoded.
    `offset_ns` is its monotonic clock minus central's. `connected_at` is wall seconds; it and
    `security` are null while no link is open. `address` is where the last link came from.
    """

    view: MachineView
    condition: Condition
    problems: tuple[Problem, ...] = ()
    capabilities: Capabilities | None
    reason: str | None
    excluded: bool
    address: str | None
    connected_at: float | None
    version: str | None
    notes: str | None = None
    run_id: str | None = None
    offset_ns: int | None = None
    uncertainty_ns: int | None = None
    described: Described = {}
    security: LinkSecurity | None = None


def status_of(machine: Machine, keep: KeepAlive, now_ns: int, run_id: str | None) -> MachineStatus:
    """Describe a machine; `run_id` is the run that it works for."""
    liveness = machine.liveness(keep, now_ns)
    offset = machine.offset(now_ns)
    degrading = () if machine.session is None else tuple(_problems(machine, offset))
    state, reason = _state(machine, liveness, now_ns, run_id)
    if state is MachineState.READY and degrading:
        reason = "; ".join(problem.message for problem in degrading)
    return MachineStatus(
        view=_view(machine, state, reason),
        condition=condition(
            liveness,
            stopped=machine.stopped,
            busy=run_id is not None or bool(machine.others),
            degraded=bool(degrading),
        ),
        problems=degrading,
        capabilities=machine.capabilities,
        reason=reason,
        excluded=machine.excluded,
        address=machine.address,
        connected_at=machine.connected_at,
        version=machine.version,
        notes=machine.entry.notes if machine.entry else None,
        run_id=run_id,
        offset_ns=offset.offset_ns if offset else None,
        uncertainty_ns=offset.uncertainty_ns if offset else None,
        described=machine.described,
        security=machine.session.security if machine.session else None,
    )


def _view(machine: Machine, state: MachineState, reason: str | None) -> MachineView:
    backends = machine.capabilities.backends if machine.capabilities else ()
    models = {backend.description.name: backend.models for backend in backends}
    return MachineView(
        machine_id=machine.machine_id,
        label=machine.label,
        state=state,
        host_id=machine.host_id,
        share_host=machine.share_host,
        backends=tuple(backend.description for backend in backends),
        models={name: tuple(model.name for model in own) for name, own in models.items()},
        digests={
            name: {model.name: model.digest for model in own if model.digest}
            for name, own in models.items()
        },
        engines={
            name: {model.name: model.engines for model in own if model.engines}
            for name, own in models.items()
        },
        silent=tuple(b.description.name for b in backends if b.reachable is False),
        unusable=_unusable(machine),
        reason=reason,
        simulated=machine.simulated,
    )


def _problems(machine: Machine, offset: Offset | None) -> Iterator[Problem]:
    if machine.wrong_entry is not None:
        yield machine.wrong_entry
    yield from machine.clock_watch.problems(offset if machine.clock.settled else None)
    yield from problems(machine.capabilities)


def _unusable(machine: Machine) -> tuple[str, ...]:
    plugins = machine.capabilities.plugins if machine.capabilities else ()
    return tuple(plugin.unusable for plugin in plugins if plugin.unusable is not None)


def _state(
    machine: Machine, liveness: Liveness, now_ns: int, run_id: str | None
) -> tuple[MachineState, str | None]:
    if machine.excluded:
        return MachineState.EXCLUDED, "excluded by an operator"
    undialled = machine.not_dialled and f"cannot be dialled: {machine.not_dialled}"
    if machine.heard_ns is None and undialled:
        return MachineState.LOST, undialled
    if machine.heard_ns is None:
        reason = "has not linked since this central started"
        return MachineState.LOST, reason if machine.listed is None else "has never linked"
    if machine.stopped:
        return MachineState.STOPPED, "its agent was stopped"
    silent = duration(now_ns - machine.heard_ns)
    closed = ", and its link is closed" if machine.session is None else ""
    gone = undialled or f"no message for {silent}{closed}"
    match liveness:
        case Liveness.LOST:
            return MachineState.LOST, gone
        case Liveness.SUSPECT:
            return MachineState.SUSPECT, gone
        case Liveness.ALIVE if run_id is not None:
            return MachineState.BUSY, f"working on run {run_id}"
        case Liveness.ALIVE if machine.others:
            job_id = min(machine.others)
            return MachineState.BUSY, f"working on job {job_id}, started on the agent directly"
        case _:
            return MachineState.READY, None
