"""Planning: from what a person asked for to lanes, schedules and jobs with nothing left open."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import lane_id
from benchrace.run.coerce import AUTO
from benchrace.run.draft import Draft, DraftLane
from benchrace.run.job import JobLane, JobSpec
from benchrace.run.labels import Facts, labels
from benchrace.run.lanes import Filled, Filling, listed
from benchrace.run.machine import MachineView
from benchrace.run.metadata import LeftOut, RunLane, RunMetadata
from benchrace.run.order import schedule
from benchrace.run.spec import Order, Resident, RunSpec
from benchrace.run.states import RunState

AUTO_ROUNDS = 30
MAX_LANES = 64
# A schedule travels whole in one message of at most 1 MiB; a slot takes about 80 bytes.
MAX_SLOTS = 10_000

Planned = TypeVar("Planned", Draft, RunMetadata)


def resolve(spec: RunSpec, machines: Sequence[MachineView]) -> Draft:
    """Fill in what `spec` leaves unsaid; raises `InvalidInput` with every bad field's path."""
    if len(spec.lanes) > MAX_LANES:
        raise InvalidInput(_too_many(len(spec.lanes)))
    filling = Filling(spec, machines)
    filling.fill()
    rounds = AUTO_ROUNDS if spec.rounds == "auto" else spec.rounds
    errors = list(filling.errors.values())
    errors += _too_much(filling.lanes, rounds + spec.warmup)
    errors += _one_host(filling.lanes)
    order = _order(spec, filling.lanes, errors)
    if not errors and not filling.lanes:
        errors += [each for left in filling.left_out for each in left.fields]
    if errors:
        raise InvalidInput(errors)
    return Draft(
        spec=spec,
        order=order,
        rounds=rounds,
        drafted=_drafted(filling.lanes),
        workloads={each.backend: each.workload for each in filling.lanes},
        left_out=tuple(filling.left_out),
    )


def leave_out(draft: Draft, left: Mapping[str, LeftOut]) -> Draft:
    """Take out lanes by id, with the reason of each; the others keep their ids and labels."""
    kept = tuple(each for each in draft.drafted if each.lane.lane_id not in left)
    backends = {each.lane.backend for each in kept}
    return msgspec.structs.replace(
        draft,
        drafted=kept,
        workloads={name: each for name, each in draft.workloads.items() if name in backends},
        left_out=(*draft.left_out, *left.values()),
    )


def with_params(draft: Draft, complete: Mapping[str, Mapping[str, Any]]) -> Draft:
    """Replace lanes' parameters, by lane id, with the validated and complete ones."""
    return msgspec.structs.replace(
        draft,
        drafted=tuple(
            msgspec.structs.replace(
                each,
                lane=msgspec.structs.replace(
                    each.lane, params=dict(complete.get(each.lane.lane_id, each.lane.params))
                ),
            )
            for each in draft.drafted
        ),
    )


def smallest(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Combine what lanes were calibrated to: the slowest lane's value suits them all."""
    values: dict[str, Any] = {}
    for each in found:
        for name, value in each.items():
            values[name] = min(values.get(name, value), value)
    return values


def with_automatic(planned: Planned, values: Mapping[str, Any]) -> Planned:
    """Put what "auto" came to into every lane that says "auto", and keep it with the run."""

    def fill(lane: RunLane) -> RunLane:
        params = {
            name: values[name] if value == AUTO and name in values else value
            for name, value in lane.params.items()
        }
        return msgspec.structs.replace(lane, params=params)

    if isinstance(planned, Draft):
        drafted = tuple(
            msgspec.structs.replace(each, lane=fill(each.lane)) for each in planned.drafted
        )
        return msgspec.structs.replace(planned, drafted=drafted, automatic=dict(values))
    lanes = tuple(fill(lane) for lane in planned.lanes)
    return msgspec.structs.replace(planned, lanes=lanes, automatic=dict(values))


def metadata(
    draft: Draft,
    *,
    run_id: str,
    version: str,
    created_at: float,
    salt: str,
    machines: Mapping[str, Any] | None = None,
    job_ids: Mapping[str, str] | None = None,
) -> RunMetadata:
    """Make a run of a draft. `salt` serves where the specification has none.

    `machines` are capabilities and `job_ids` the jobs' names, both by machine.
    """
    spec = draft.spec
    run = RunMetadata(
        run_id=run_id,
        version=version,
        created_at=created_at,
        spec=spec,
        state=RunState.QUEUED,
        kind=spec.kind,
        order=draft.order,
        sync=spec.sync,
        salt=salt if spec.salt is None else spec.salt,
        rounds=draft.rounds,
        warmup=spec.warmup,
        lanes=draft.lanes,
        left_out=draft.left_out,
        workloads=draft.workloads,
        machines=dict(machines or {}),
        automatic=draft.automatic,
        name=spec.name,
        tags=spec.tags,
        notes=spec.notes,
    )
    return run if job_ids is None else with_jobs(run, job_ids)


def with_jobs(run: RunMetadata, job_ids: Mapping[str, str]) -> RunMetadata:
    """Name the jobs of a run, by machine; raises `KeyError` where a machine has no name."""
    return msgspec.structs.replace(
        run,
        lanes=tuple(
            msgspec.structs.replace(lane, job_id=job_ids[lane.machine_id]) for lane in run.lanes
        ),
    )


def jobs(run: RunMetadata) -> tuple[JobSpec, ...]:
    """Make one job a machine, in the order of lanes; raises `ValueError` before `with_jobs`."""
    by_machine: dict[str, list[RunLane]] = {}
    for lane in run.lanes:
        by_machine.setdefault(lane.machine_id, []).append(lane)
    return tuple(_job(run, machine, lanes) for machine, lanes in by_machine.items())


def _job(run: RunMetadata, machine_id: str, lanes: Sequence[RunLane]) -> JobSpec:
    job_id = lanes[0].job_id
    if job_id is None:
        raise ValueError(f"the job of machine {machine_id} has no name yet")
    return JobSpec(
        run_id=run.run_id,
        job_id=job_id,
        machine_id=machine_id,
        kind=run.kind,
        lanes=tuple(
            JobLane(
                lane_id=lane.lane_id, label=lane.label, backend=lane.backend, params=lane.params
            )
            for lane in lanes
        ),
        schedule=schedule(
            [lane.lane_id for lane in lanes],
            rounds=run.rounds,
            warmup=run.warmup,
            order=run.order,
            sync=run.sync,
            seed=run.salt,
        ),
        order=run.order,
        salt=run.salt,
        sampling_s=run.spec.sampling_s,
        timeout_s=run.spec.timeout_s,
        resident=run.spec.resident,
    )


def _drafted(lanes: Sequence[Filled]) -> tuple[DraftLane, ...]:
    facts = [
        Facts(
            given=each.given,
            spread=each.spread,
            machine=each.machine.label or each.machine.machine_id,
            backend=each.backend,
            params=each.params,
            schema=each.workload.params_schema,
        )
        for each in lanes
    ]
    return tuple(
        DraftLane(
            index=each.index,
            own=each.own,
            lane=RunLane(
                lane_id=lane_id(place),
                label=label,
                machine_id=each.machine.machine_id,
                backend=each.backend,
                params=each.params,
            ),
        )
        for place, (each, label) in enumerate(zip(lanes, labels(facts), strict=True))
    )


def _order(spec: RunSpec, lanes: Sequence[Filled], errors: list[FieldError]) -> Order:
    """Choose the order, or refuse an interleaved one where lanes cannot be open together."""
    shared = Counter(each.machine.machine_id for each in lanes)
    apart = [
        each
        for each in lanes
        if shared[each.machine.machine_id] > 1
        and not each.workload.together
        and spec.resident is Resident.ONE
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
    if spec.order is not None:
        return spec.order
    return Order.ABBA if max(shared.values(), default=0) > 1 and not apart else Order.CONTIGUOUS


def _too_much(lanes: Sequence[Filled], rounds: int) -> list[FieldError]:
    errors = []
    if len(lanes) > MAX_LANES:
        errors.append(_too_many(len(lanes)))
    shared = Counter(each.machine.machine_id for each in lanes)
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
    """Refuse agents that share a computer, which would measure each other's load."""
    hosts: dict[str, dict[str, MachineView]] = {}
    for each in lanes:
        hosts.setdefault(each.machine.host_id, {})[each.machine.machine_id] = each.machine
    return [
        FieldError(
            "lanes",
            f"machines {listed(together)} are agents of one computer and would disturb each other; "
            "race one of them, or set share_host: true in each one's agent.yaml (for tests and "
            "simulations)",
        )
        for together in hosts.values()
        if len(together) > 1 and not all(each.share_host for each in together.values())
    ]
