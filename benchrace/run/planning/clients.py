"""Clients of a lane: which machines may generate load for it too, and what can be split."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from benchrace import structs
from benchrace.errors import FieldError
from benchrace.formatting import plural
from benchrace.kinds import SERVE
from benchrace.kinds.llm import ServeParams
from benchrace.kinds.llm.params import PER_MACHINE
from benchrace.plugin.description import WorkloadDescription
from benchrace.plugin.llm.share import excess, has_empty
from benchrace.run.machine import MachineView
from benchrace.run.planning import further_machines
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.named import shown
from benchrace.run.spec import LaneSpec

if TYPE_CHECKING:
    from benchrace.run.planning.lanes import Filled

NO_MACHINE = "several machines fit, and clients need one lane: name its machine"
_APART = "race them in two runs and compare"
# What is dealt out to the clients, with what one of them is called.
_SPLIT = {"concurrency": "stream", "requests": "request"}


def refusals(
    at: str,
    lane: LaneSpec,
    machine: MachineView,
    backend: str,
    *,
    kind: str,
    machines_by_id: Mapping[str, MachineView],
) -> tuple[FieldError, ...]:
    """Return what is wrong with the clients of one lane by itself."""
    if not lane.clients:
        return ()
    own = machine.workload(backend, kind)
    if own is None or not own.shared_load:
        text = f'backend "{backend}" does not share the load of "{shown(kind)}" between machines'
        remedy = "use one machine, or llm_serve on a server"
        if own is not None and kind == SERVE.name:
            text = f'machine "{machine.machine_id}" has a "{backend}" that cannot share a load'
            remedy = "update benchrace and its plugin there, or use one machine"
        return (FieldError(f"{at}.clients", f"{text}; {remedy}"),)
    return tuple(
        further_machines.refusals(
            f"{at}.clients",
            lane.clients,
            machine,
            machines_by_id,
            role="client",
            does="sends requests",
            unable=lambda view: _unable(view, backend, kind),
        )
    )


def _unable(view: MachineView, backend: str, kind: str) -> str | None:
    """Return why a machine cannot be a client, with what to do; None where it can."""
    offered = view.workload(backend, kind)
    where = f'machine "{view.machine_id}"'
    if offered is None:
        text = f'{where} has no backend "{backend}" for "{shown(kind)}"'
        return f"{text}; install its plugin there, and name the server"
    if not offered.shared_load:
        text = f'{where} has a version of "{backend}" that cannot share a load'
        return f"{text}; update benchrace there"
    return None


def unsplittable(
    at: str, params: Mapping[str, Any], workload: WorkloadDescription, machines: int
) -> Iterator[FieldError]:
    """Yield the parameters of a lane that cannot be shared between its machines."""
    complete = schemas.completed(params, workload.params_schema)
    serve = _serve(complete) if workload.kind == SERVE.name else None
    if serve is not None:
        yield from _excess(at, serve, machines)
    if machines < 2:
        return
    for name, what in _SPLIT.items():
        value = complete.get(name)
        if isinstance(value, int) and value < machines:
            amount = plural(value, what)
            text = f"{amount} for {machines} machines that share the load; each needs at least one"
            yield FieldError(f"{at}.params.{name}", text)
    drawn = serve is not None and serve.total_requests >= machines
    if serve is not None and drawn and has_empty(serve, machines):
        text = f"arrival={serve.arrival} draws none of {serve.total_requests} requests for one of"
        remedy = "ask for more requests, or use another seed"
        yield FieldError(f"{at}.params.requests", f"{text} {machines} machines; {remedy}")
    if complete.get("residence") == "cold":
        text = "each of several clients would load the model again; use residence=warm"
        yield FieldError(f"{at}.params.residence", text)


def _serve(params: Mapping[str, Any]) -> ServeParams | None:
    names = ServeParams.__struct_fields__
    try:
        return structs.convert({k: v for k, v in params.items() if k in names}, ServeParams)
    except msgspec.ValidationError:
        # The worker names what is wrong with a value.
        return None


def _excess(at: str, serve: ServeParams, machines: int) -> Iterator[FieldError]:
    if (over := excess(serve, machines)) is None:
        return
    name, most = over
    text = (
        f"{most}"
        if machines == 1
        else f"{plural(most, _SPLIT[name])} for one of {machines} machines"
    )
    remedy = "lower it, or name more clients"
    yield FieldError(
        f"{at}.params.{name}",
        f"{text}; at most {PER_MACHINE} are possible on one machine: {remedy}",
    )


def clashes(lanes: Sequence["Filled"]) -> list[FieldError]:
    """Reject machines of a lane with clients that work for another lane as well.

    Lanes of one machine take turns, and its clients would go on while it has begun the next.
    """
    errors = []
    for lane in lanes:
        others = [other for other in lanes if other is not lane]
        at = f"lanes[{lane.index}]"
        for index, client in enumerate(lane.clients):
            if _works_in(client, others):
                text = f"machine {client.machine_id} works for another lane of this run"
                errors.append(FieldError(f"{at}.clients[{index}]", f"{text}: {_APART}"))
        if lane.clients and _works_in(lane.machine, others):
            text = f"machine {lane.machine.machine_id} has another lane besides this with clients"
            errors.append(FieldError(f"{at}.clients", f"{text}: {_APART}"))
    return errors


def _works_in(machine: MachineView, lanes: Iterable["Filled"]) -> bool:
    return any(machine.machine_id == one.machine_id for lane in lanes for one in lane.machines)
