"""Planning: from a specification to a run whose lanes are complete."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import lane_id
from benchrace.run.lane import LaneClient, RunLane
from benchrace.run.machine import MachineView
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning import clients, workers
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.coerce import AUTO
from benchrace.run.planning.labels import Facts, labels, machine_text
from benchrace.run.planning.lanes import Filled, Filling
from benchrace.run.planning.named import listed, shown
from benchrace.run.planning.reloading import reloading
from benchrace.run.spec import Order, ResidentModels, RunSpec
from benchrace.run.states import RunState

AUTO_ROUNDS = 30
MAX_LANES = 64
# A schedule travels whole in one message of at most 1 MiB; a slot takes about 80 bytes.
MAX_SLOTS = 10_000


def resolve(
    spec: RunSpec,
    machines: Sequence[MachineView],
    *,
    run_id: str,
    version: str,
    created_at: float,
    salt: str,
) -> RunMetadata:
    """Plan a run that is queued, with all that `spec` leaves unsaid filled in.

    `salt` serves where the specification has none. Raises `InvalidInput` with every bad field's
    path.
    """
    if len(spec.lanes) > MAX_LANES:
        raise InvalidInput(_too_many(len(spec.lanes)))
    filling = Filling(spec, machines)
    filling.fill()
    rounds = AUTO_ROUNDS if spec.rounds == "auto" else spec.rounds
    errors = list(filling.errors.values())
    errors += _too_much(filling.lanes, rounds + spec.warmup)
    errors += clients.clashes(filling.lanes)
    errors += workers.clashes(filling.lanes)
    errors += _one_host(filling.lanes)
    errors += _mixed(filling.lanes)
    errors += _automatic(filling.lanes)
    order = _order(spec, filling.lanes, errors)
    if not errors and not filling.lanes:
        errors += [field for left in filling.left_out for field in left.fields]
    if errors:
        raise InvalidInput(errors)
    return RunMetadata(
        run_id=run_id,
        version=version,
        created_at=created_at,
        spec=spec,
        state=RunState.QUEUED,
        kind=spec.kind,
        order=order,
        sync=spec.sync,
        salt=salt if spec.salt is None else spec.salt,
        rounds=rounds,
        warmup=spec.warmup,
        lanes=_lanes(filling.lanes),
        left_out=tuple(filling.left_out),
        workloads={lane.backend: lane.workload for lane in filling.lanes},
        machines={
            machine.machine_id: {"label": machine.label}
            for lane in filling.lanes
            for machine in lane.machines
        },
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
        simulated=any(view.simulated for lane in filling.lanes for view in lane.machines),
    )


def _label(machine: MachineView) -> str:
    return machine.label or machine.machine_id


def _lanes(filled: Sequence[Filled]) -> tuple[RunLane, ...]:
    facts = [
        Facts(
            label=lane.label,
            spread=lane.spread,
            machine=machine_text(
                _label(lane.machine),
                list(map(_label, lane.workers)),
                list(map(_label, lane.clients)),
            ),
            backend=lane.backend,
            params=lane.params,
            schema=lane.workload.params_schema,
        )
        for lane in filled
    ]
    return tuple(
        RunLane(
            lane_id=lane_id(place),
            label=label,
            machine_id=lane.machine.machine_id,
            backend=lane.backend,
            params=lane.params,
            spec_index=lane.index,
            clients=tuple(LaneClient(machine_id=client.machine_id) for client in lane.clients),
            workers=tuple(worker.machine_id for worker in lane.workers),
        )
        for place, (lane, label) in enumerate(zip(filled, labels(facts), strict=True))
    )


def _order(spec: RunSpec, lanes: Sequence[Filled], errors: list[FieldError]) -> Order:
    """Choose the order, or refuse an interleaved one where lanes cannot be open together."""
    shared = Counter(lane.machine.machine_id for lane in lanes)
    apart = [
        lane
        for lane in lanes
        if shared[lane.machine.machine_id] > 1
        and not lane.workload.together
        and spec.resident is ResidentModels.ONE
    ]
    if spec.order in (Order.ABBA, Order.RANDOM) and apart:
        errors.append(
            FieldError(
                "order",
                f'"{spec.order}" needs lanes that can be open together, and "{apart[0].backend}" '
                f'on machine "{apart[0].machine.machine_id}" takes one at a time; use contiguous, '
                'or resident "many" where both fit in memory',
            )
        )
    again = None if apart else reloading(lanes)
    if spec.order in (Order.ABBA, Order.RANDOM) and again is not None:
        errors.append(
            FieldError(
                "order",
                f'"{spec.order}" would load a model again at each turn ({again}), and such rounds '
                "do not count; use contiguous, or give the lanes equal values",
            )
        )
    if spec.order is not None:
        return spec.order
    interleaved = max(shared.values(), default=0) > 1 and not apart and again is None
    return Order.ABBA if interleaved else Order.CONTIGUOUS


def _too_much(lanes: Sequence[Filled], rounds: int) -> list[FieldError]:
    errors = []
    if len(lanes) > MAX_LANES:
        errors.append(_too_many(len(lanes)))
    shared = Counter(lane.machine.machine_id for lane in lanes)
    most = max(shared.values(), default=0)
    if rounds * most > MAX_SLOTS:
        errors.append(
            FieldError(
                "rounds",
                f"{rounds} rounds (warm-ups included) of {most} lanes on one machine are "
                f"{rounds * most}; at most {MAX_SLOTS} are possible",
            )
        )
    return errors


def _too_many(lanes: int) -> FieldError:
    return FieldError("lanes", f"{lanes} lanes; at most {MAX_LANES} are possible")


def _one_host(lanes: Sequence[Filled]) -> list[FieldError]:
    """Reject agents that share a computer, which would measure each other's load."""
    hosts: dict[str, dict[str, MachineView]] = {}
    for machine in (machine for lane in lanes for machine in lane.machines):
        hosts.setdefault(machine.host_id, {})[machine.machine_id] = machine
    return [
        FieldError(
            "lanes",
            f"machines {listed(together)} run on the same host and would interfere; "
            "race one of them, or set share_host: true in each one's agent.yaml (for tests and "
            "simulations)",
        )
        for together in hosts.values()
        if len(together) > 1 and not all(machine.share_host for machine in together.values())
    ]


def _automatic(lanes: Sequence[Filled]) -> list[FieldError]:
    """Reject "auto" where the other parameters of the work differ: one value suits all lanes."""
    first: dict[str, Any] = {}
    errors = []
    for lane in lanes:
        automatic = lane.workload.automatic
        if automatic is None or lane.params.get(automatic) != AUTO:
            continue
        complete = schemas.completed(lane.params, lane.workload.params_schema)
        for name in lane.workload.work:
            value = complete.get(name)
            if name != automatic and value != first.setdefault(name, value):
                what = f"{shown(str(value))}, and an earlier lane has {shown(str(first[name]))}"
                choice = f'"auto" chooses one {automatic} for all lanes'
                remedy = f"give them equal values, or set {automatic}"
                path = f"lanes[{lane.index}].params.{name}"
                errors.append(FieldError(path, f"{what}; {choice}: {remedy}"))
    return errors


def _mixed(lanes: Sequence[Filled]) -> list[FieldError]:
    """Reject a race of simulated machines with real ones: the figures of a script mean nothing."""
    machines = {view.machine_id: view.simulated for lane in lanes for view in lane.machines}
    if len(set(machines.values())) < 2:
        return []
    real = listed(name for name, simulated in machines.items() if not simulated)
    invented = listed(name for name, simulated in machines.items() if simulated)
    return [
        FieldError(
            "lanes",
            f"simulated machines cannot race real ones: {invented} simulated, {real} real; "
            "choose only real or only simulated machines",
        )
    ]
