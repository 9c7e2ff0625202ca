"""Filling in lanes: what one leaves unsaid comes from the run, or from all that fits."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from benchrace.errors import FieldError
from benchrace.plugin.description import WorkloadDescription
from benchrace.run import schema as schemas
from benchrace.run.coerce import coerce
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.metadata import LeftOut
from benchrace.run.spec import LaneSpec, RunSpec

_MOST_NAMES = 10


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A lane with its machine, backend and parameters; `index` as in the specification."""

    index: int | None
    given: str | None
    spread: bool
    machine: MachineView
    backend: str
    workload: WorkloadDescription
    params: dict[str, Any]
    own: frozenset[str]


class Filling:
    """Fills the lanes of one specification, and gathers every error rather than the first."""

    def __init__(self, spec: RunSpec, machines: Sequence[MachineView]) -> None:
        self._spec = spec
        self._machines = machines
        self._known = {machine.machine_id: machine for machine in machines}
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
        for machine in chosen:
            backend = self._choose_backend(at, lane, machine)
            workload = machine.workload(backend, self._spec.kind) if backend else None
            if backend is None or workload is None:
                continue
            self.lanes.append(
                Filled(
                    index=index,
                    given=lane.label,
                    spread=len(chosen) > 1,
                    machine=machine,
                    backend=backend,
                    workload=workload,
                    params=self._params(at, lane, workload),
                    own=frozenset(lane.params),
                )
            )

    def _choose_machines(self, at: str, lane: LaneSpec) -> Sequence[MachineView]:
        if lane.machine_id is None:
            able = [
                each
                for each in self._machines
                if each.available and self._backends(each, lane.backend)
            ]
            if not able:
                what = f'backend "{shown(lane.backend)}"' if lane.backend else "this"
                where = f"{at}.backend" if lane.backend else f"{at}.machine_id"
                self._error(where, f"no available machine offers {what}; {self._where()}")
            return able
        machine = self._known.get(lane.machine_id)
        if machine is None:
            known = listed(self._known) or "none yet"
            self._error(
                f"{at}.machine_id", f'unknown machine "{shown(lane.machine_id)}"; known: {known}'
            )
            return ()
        if machine.available:
            return (machine,)
        error = FieldError(f"{at}.machine_id", _absent(machine))
        if self._spec.only_ready:
            label = lane.label or machine.label
            self.left_out.append(
                LeftOut(
                    label=label,
                    machine_id=machine.machine_id,
                    backend=lane.backend,
                    fields=(error,),
                )
            )
        else:
            self._error(error.path, error.message)
        return ()

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
                f"it has: {listed(every)}",
            )
        elif every:
            self._error(
                f"{at}.backend",
                f'{where} has several backends for "{kind}": {listed(every)}; name one',
            )
        else:
            self._error(f"{at}.machine_id", f'{where} does not offer "{kind}"; {self._where()}')
        return None

    def _likely(self, machine: MachineView, lane: LaneSpec, able: list[str]) -> list[str]:
        """Of several backends take the one that has the lane's model, else the one that answers."""
        model = lane.params.get("model") or self._spec.params.get("model")
        having = [each for each in able if model in machine.models.get(each, ())]
        answering = [each for each in having or able if each not in machine.silent]
        return next((found for found in (having, answering) if len(found) == 1), able)

    def _params(self, at: str, lane: LaneSpec, workload: WorkloadDescription) -> dict[str, Any]:
        preset: Mapping[str, Any] = {}
        if (name := self._spec.preset) is not None:
            if name in workload.presets:
                preset = workload.presets[name]
            else:
                known = listed(workload.presets) or "none"
                self._error("preset", f'unknown preset "{shown(name)}"; known: {known}')
        self._check_names("params", self._spec.params, workload)
        self._check_names(f"{at}.params", lane.params, workload)
        merged = {**preset, **self._spec.params, **lane.params}
        return coerce(merged, workload.params_schema, workload.automatic)

    def _check_names(
        self, at: str, given: Mapping[str, Any], workload: WorkloadDescription
    ) -> None:
        known = schemas.fields(workload.params_schema)
        if schemas.open_ended(workload.params_schema):
            return
        # A document can hold many thousands of names; ten tell a person enough.
        for name in [each for each in given if each not in known][:_MOST_NAMES]:
            near = difflib.get_close_matches(name[:64], known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known: {listed(known, most=30)}"
            self._error(f"{at}.{shown(name)}", f"unknown parameter; {hint}")

    def _backends(self, machine: MachineView, named: str | None) -> list[str]:
        return [
            each.name
            for each in machine.backends
            if named in (None, each.name) and machine.workload(each.name, self._spec.kind)
        ]

    def _offered(self) -> list[MachineView]:
        return [each for each in self._machines if self._backends(each, None)]

    def _where(self) -> str:
        offered = [f"{each.machine_id} ({each.state})" for each in self._offered()]
        return f'"{shown(self._spec.kind)}" is offered by: {listed(offered)}'

    def _unknown_kind(self) -> str:
        kinds: dict[str, list[str]] = {}
        for machine in self._machines:
            for name in {each.kind for backend in machine.backends for each in backend.workloads}:
                kinds.setdefault(name, []).append(machine.machine_id)
        if not self._machines:
            return "no machine is connected; start an agent that dials this central"
        near = difflib.get_close_matches(self._spec.kind[:64], kinds, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        offered = [f"{name} (on {listed(where)})" for name, where in sorted(kinds.items())]
        said = listed(offered) or "nothing: no plugin works on any machine"
        return f'no machine offers "{shown(self._spec.kind)}"; {hint}offered: {said}'

    def _error(self, path: str, message: str) -> None:
        self.errors.setdefault((path, message), FieldError(path, message))


def shown(text: str | None) -> str:
    """Cut foreign text to what fits an error message."""
    text = text or ""
    return text if len(text) <= 64 else text[:63] + "…"


def listed(names: Iterable[str], most: int = 12) -> str:
    """List names for an error message, the first `most` of them."""
    every = list(names)
    more = f", and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _absent(machine: MachineView) -> str:
    remedy = {
        MachineState.EXCLUDED: "include it again, or leave it out",
        MachineState.SUSPECT: "it has not answered for some seconds; try again",
    }.get(machine.state, "start its agent, or leave it out")
    return f'machine "{machine.machine_id}" is {machine.state}; {remedy}'
