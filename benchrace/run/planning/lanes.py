"""Complete lanes: what one leaves out comes from the run, or from all that fits."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchrace.errors import FieldError
from benchrace.plugin.description import WorkloadDescription
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.metadata import LeftOut
from benchrace.run.planning import clients, workers
from benchrace.run.planning import schema as schemas
from benchrace.run.planning.coerce import coerce
from benchrace.run.planning.named import listed, shown, unknown_machine
from benchrace.run.spec import LaneSpec, RunSpec

_MAX_NAMES = 10


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A lane with its machine, backend and parameters; `index` as in the specification."""

    index: int | None
    label: str | None
    spread: bool
    machine: MachineView
    backend: str
    workload: WorkloadDescription
    params: dict[str, Any]
    clients: tuple[MachineView, ...] = ()
    workers: tuple[MachineView, ...] = ()

    @property
    def machines(self) -> tuple[MachineView, ...]:
        return (self.machine, *self.clients, *self.workers)


class Filling:
    """Fills the lanes of one specification, and gathers every error rather than the first."""

    def __init__(self, spec: RunSpec, machines: Sequence[MachineView]) -> None:
        self._spec = spec
        self._machines = machines
        self._machines_by_id = {machine.machine_id: machine for machine in machines}
        self.errors: dict[tuple[str, str], FieldError] = {}
        self.left_out: list[LeftOut] = []
        self.lanes: list[Filled] = []

    def fill(self) -> None:
        """Fill every lane; afterwards `lanes`, `left_out` and `errors` hold what came of it."""
        if not self._offered():
            self._error("kind", self._unknown_kind())
            return
        for index, lane in enumerate(self._spec.lanes):
            self._fill(index, lane)
        if not self._spec.lanes:
            self._fill(None, LaneSpec())

    def _fill(self, index: int | None, lane: LaneSpec) -> None:
        at = "lanes" if index is None else f"lanes[{index}]"
        chosen = self._choose_machines(at, lane)
        if lane.clients and len(chosen) > 1:
            self._error(f"{at}.machine_id", clients.NO_MACHINE)
            return
        if lane.workers and len(chosen) > 1:
            self._error(f"{at}.machine_id", workers.NO_MACHINE)
            return
        for machine in chosen:
            backend = self._choose_backend(at, lane, machine)
            workload = machine.workload(backend, self._spec.kind) if backend else None
            if backend is None or workload is None:
                continue
            params = self._params(at, lane, workload)
            if not self._have_others(at, lane, machine, backend):
                continue
            self._refuse(clients.unsplittable(at, params, workload, len(lane.clients) + 1))
            self.lanes.append(
                Filled(
                    index=index,
                    label=lane.label,
                    spread=len(chosen) > 1,
                    machine=machine,
                    backend=backend,
                    workload=workload,
                    params=params,
                    clients=self._views(lane.clients),
                    workers=self._views(lane.workers),
                )
            )

    def _have_others(self, at: str, lane: LaneSpec, machine: MachineView, backend: str) -> bool:
        """Check the lane's clients and workers; false where one is missing or unfit."""
        errors = [
            error
            for role in (clients, workers)
            for error in role.refusals(
                at,
                lane,
                machine,
                backend,
                kind=self._spec.kind,
                machines_by_id=self._machines_by_id,
            )
        ]
        absent = [
            FieldError(f"{at}.{key}[{index}]", _absent(view))
            for key, names in (("clients", lane.clients), ("workers", lane.workers))
            for index, name in enumerate(names)
            if (view := self._machines_by_id.get(name)) is not None and not view.available
        ]
        if absent and not errors and self._spec.only_ready:
            self._leave_out(lane, machine, absent)
            return False
        self._refuse((*errors, *absent))
        return not errors and not absent

    def _views(self, names: Iterable[str]) -> tuple[MachineView, ...]:
        return tuple(self._machines_by_id[name] for name in names)

    def _choose_machines(self, at: str, lane: LaneSpec) -> Sequence[MachineView]:
        if lane.machine_id is None:
            able = [
                machine
                for machine in self._machines
                if machine.available and self._backends(machine, lane.backend)
            ]
            if not able:
                what = f'backend "{shown(lane.backend)}"' if lane.backend else "this"
                where = f"{at}.backend" if lane.backend else f"{at}.machine_id"
                missing = _unusable(self._machines)
                self._error(where, f"no available machine offers {what}; {self._where()}{missing}")
            # Who names no machine means real ones, as long as there are any.
            return [machine for machine in able if not machine.simulated] or able
        machine = self._machines_by_id.get(lane.machine_id)
        if machine is None:
            self._error(f"{at}.machine_id", unknown_machine(lane.machine_id, self._machines_by_id))
            return ()
        if machine.available:
            return (machine,)
        error = FieldError(f"{at}.machine_id", _absent(machine))
        if self._spec.only_ready:
            self._leave_out(lane, machine, [error])
        else:
            self._error(error.path, error.message)
        return ()

    def _leave_out(
        self, lane: LaneSpec, machine: MachineView, errors: Sequence[FieldError]
    ) -> None:
        label = lane.label or machine.label
        self.left_out.append(
            LeftOut(
                label=label,
                machine_id=machine.machine_id,
                backend=lane.backend,
                fields=tuple(errors),
            )
        )

    def _choose_backend(self, at: str, lane: LaneSpec, machine: MachineView) -> str | None:
        able = self._likely(machine, lane, self._backends(machine, lane.backend))
        if len(able) == 1:
            return able[0]
        where = f'machine "{machine.machine_id}"'
        every = self._backends(machine, None)
        kind = shown(self._spec.kind)
        if lane.backend is not None and every:
            self._error(
                f"{at}.backend",
                f'{where} has no backend "{shown(lane.backend)}" for "{kind}"; '
                f"it has: {listed(every)}{_unusable([machine])}",
            )
        elif every:
            self._error(
                f"{at}.backend",
                f'{where} has several backends for "{kind}": {listed(every)}; '
                f"choose one in the lane, such as backend={every[0]}",
            )
        else:
            lacking = f'{where} does not offer "{kind}"; {self._where()}{_unusable([machine])}'
            self._error(f"{at}.machine_id", lacking)
        return None

    def _likely(self, machine: MachineView, lane: LaneSpec, able: list[str]) -> list[str]:
        """Prefer the backend that has the lane's model, else the one that answers."""
        model = lane.params.get("model") or self._spec.params.get("model")
        having = [machine_id for machine_id in able if model in machine.models.get(machine_id, ())]
        answering = [
            machine_id for machine_id in having or able if machine_id not in machine.silent
        ]
        return next(
            (candidates for candidates in (having, answering) if len(candidates) == 1), able
        )

    def _params(self, at: str, lane: LaneSpec, workload: WorkloadDescription) -> dict[str, Any]:
        preset: Mapping[str, Any] = {}
        if (name := self._spec.preset) is not None:
            if name in workload.presets:
                preset = workload.presets[name]
            else:
                presets = listed(workload.presets) or "none"
                self._error("preset", f'unknown preset "{shown(name)}"; known: {presets}')
        self._check_names("params", self._spec.params, workload)
        self._check_names(f"{at}.params", lane.params, workload)
        merged = {**preset, **self._spec.params, **lane.params}
        return coerce(merged, workload.params_schema, workload.automatic)

    def _check_names(
        self, at: str, params: Mapping[str, Any], workload: WorkloadDescription
    ) -> None:
        properties = schemas.fields(workload.params_schema)
        if schemas.open_ended(workload.params_schema):
            return
        # A document can hold many thousands of names; ten tell a person enough.
        for name in [name for name in params if name not in properties][:_MAX_NAMES]:
            near = difflib.get_close_matches(name[:64], properties, 1)
            hint = f"did you mean {near[0]}?" if near else f"known: {listed(properties, most=30)}"
            self._error(f"{at}.{shown(name)}", f"unknown parameter; {hint}")

    def _backends(self, machine: MachineView, named: str | None) -> list[str]:
        return [
            backend.name
            for backend in machine.backends
            if named in (None, backend.name) and machine.workload(backend.name, self._spec.kind)
        ]

    def _offered(self) -> list[MachineView]:
        return [machine for machine in self._machines if self._backends(machine, None)]

    def _where(self) -> str:
        offered = [f"{machine.machine_id} ({machine.state})" for machine in self._offered()]
        return f'"{shown(self._spec.kind)}" is offered by: {listed(offered)}'

    def _unknown_kind(self) -> str:
        kinds: dict[str, list[str]] = {}
        for machine in self._machines:
            for name in {
                workload.kind for backend in machine.backends for workload in backend.workloads
            }:
                kinds.setdefault(name, []).append(machine.machine_id)
        if not any(machine.available for machine in self._machines):
            return _no_machine(self._machines)
        if named := self._kinds_of_backend():
            return (
                f'"{shown(self._spec.kind)}" is a backend and not a kind of work; it offers the '
                f"{'kind' if len(named) == 1 else 'kinds'} {listed(named)}"
            )
        near = difflib.get_close_matches(self._spec.kind[:64], kinds, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        offered = [f"{name} (on {listed(where)})" for name, where in sorted(kinds.items())]
        offers = listed(offered) or "nothing: no plugin works on any machine"
        return (
            f'no machine offers "{shown(self._spec.kind)}"; {hint}offered: {offers}'
            f"{_unusable(self._machines)}"
        )

    def _kinds_of_backend(self) -> list[str]:
        """Return the kinds of the backend whose name was given as a kind, if there is one."""
        return sorted(
            {
                workload.kind
                for machine in self._machines
                for backend in machine.backends
                if backend.name == self._spec.kind
                for workload in backend.workloads
            }
        )

    def _refuse(self, errors: Iterable[FieldError]) -> None:
        for error in errors:
            self._error(error.path, error.message)

    def _error(self, path: str, message: str) -> None:
        self.errors.setdefault((path, message), FieldError(path, message))


def _no_machine(machines: Sequence[MachineView]) -> str:
    names = listed(f"{machine.machine_id} ({machine.state})" for machine in machines)
    among = f" (known machines: {names})" if names else ""
    return (
        f"no agent is linked{among}; start an agent: "
        "benchrace agent start --central URL, with the agent token in BENCHRACE_TOKEN"
    )


def _unusable(machines: Sequence[MachineView]) -> str:
    """List the plugins that might offer what is missing, if they could be used."""
    problems = [
        f"{machine.machine_id}: {plugin}"
        for machine in machines
        if machine.available
        for plugin in machine.unusable
    ]
    return f"; plugins that cannot be used: {listed(problems)}" if problems else ""


def _absent(machine: MachineView) -> str:
    remedy = {
        MachineState.EXCLUDED: "include it again, or leave it out",
        MachineState.SUSPECT: "it has not answered for several seconds; try again",
    }.get(machine.state, "start its agent, or leave it out")
    why = f" ({machine.reason})" if machine.reason else ""
    return f'machine "{machine.machine_id}" is {machine.state}{why}; {remedy}'
