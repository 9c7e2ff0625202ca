"""The plan of `benchrace models pull`: which model goes to which machine."""

from collections.abc import Iterable, Sequence

import msgspec

from benchrace.api.machines import BackendAnswer, MachineAnswer
from benchrace.config.model_policy import Group, same
from benchrace.errors import FieldError, InvalidInput
from benchrace.formatting import file_size
from benchrace.plugin.assets import Asset
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import OperationRequest
from benchrace.run.machine import MachineState

# Fields of the policy, and the prefixes of the kinds of work that they are for.
_KINDS = {"llm": "llm", "whisper": "transcribe", "sdxl_profiles": "txt2img"}


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One model for one machine; for a sync, `assets`, and `model` is what they are called."""

    machine_id: str
    backend: str
    model: str
    operation: Operation = Operation.PULL
    assets: tuple[Asset, ...] = ()

    @property
    def request(self) -> OperationRequest:
        """What the machine is asked for."""
        if self.operation is Operation.PULL:
            return OperationRequest(model=self.model)
        return OperationRequest(assets=self.assets)


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is not pulled. `wrong` means that the user has to act."""

    machine_id: str
    model: str
    why: str
    wrong: bool = False


class PullRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The request; no model means what the policy requires, no machine means all."""

    models: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    backend: str | None = None
    max_bytes: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    pulls: tuple[Pull, ...]
    skipped: tuple[Skipped, ...]


def plan(fleet: Sequence[MachineAnswer], wanted: PullRequest, required: Group) -> Plan:
    """Plan each machine and model; raises InvalidInput for an unknown machine."""
    pulls: list[Pull] = []
    skipped: list[Skipped] = []
    for machine in select(fleet, wanted.machines):
        lacking = () if machine.missing is None else machine.missing.required
        for model in wanted.models or lacking:
            decision = _decide(machine, model, wanted, required, fleet)
            (pulls if isinstance(decision, Pull) else skipped).append(decision)  # type: ignore[arg-type]
    return Plan(pulls=tuple(pulls), skipped=tuple(skipped))


def select(fleet: Sequence[MachineAnswer], named: Sequence[str]) -> tuple[MachineAnswer, ...]:
    """Return the machines named, or else those that are linked; raises InvalidInput."""
    machines = {machine.machine_id: machine for machine in fleet}
    if unknown := [name for name in named if name not in machines]:
        listed = ", ".join(sorted(machines)) or "none"
        message = f"unknown machine {unknown[0]!r}; known machines: {listed}"
        raise InvalidInput(FieldError("--machine", message))
    if named:
        return tuple(machines[name] for name in dict.fromkeys(named))
    there = (MachineState.READY, MachineState.BUSY, MachineState.EXCLUDED)
    return tuple(machine for machine in fleet if machine.state in there)


def has_model(machine: MachineAnswer, model: str) -> bool:
    """Return whether a backend of the machine has the model."""
    return any(
        same(listed.name) == same(model) for one in machine.backends for listed in one.models
    )


def size_of(model: str, fleet: Iterable[MachineAnswer]) -> int | None:
    """Return the size in bytes that any machine reports."""
    for machine in fleet:
        for backend in machine.backends:
            for listed in backend.models:
                if same(listed.name) == same(model) and listed.size is not None:
                    return listed.size
    return None


def _decide(
    machine: MachineAnswer,
    model: str,
    wanted: PullRequest,
    required: Group,
    fleet: Sequence[MachineAnswer],
) -> Pull | Skipped:
    name = machine.machine_id
    if has_model(machine, model):
        return Skipped(machine_id=name, model=model, why="already present")
    able = [backend for backend in machine.backends if Operation.PULL in backend.operations]
    if wanted.backend is not None:
        able = [backend for backend in able if backend.name == wanted.backend]
    elif len(able) > 1:
        able = _suitable(able, model, required)
    if not able:
        why = f"no backend{_named(wanted.backend)} can pull"
        return Skipped(machine_id=name, model=model, why=why, wrong=True)
    if len(able) > 1:
        listed = ", ".join(backend.name for backend in able)
        why = f"several backends can pull: choose one with --backend ({listed})"
        return Skipped(machine_id=name, model=model, why=why, wrong=True)
    size = size_of(model, fleet)
    if wanted.max_bytes is not None and size is not None and size > wanted.max_bytes:
        return Skipped(machine_id=name, model=model, why=too_large(size, wanted.max_bytes))
    return Pull(machine_id=name, backend=able[0].name, model=model)


def too_large(size: float, most: int) -> str:
    """Return why a large model is skipped."""
    return f"{file_size(size)} exceeds the {file_size(most)} limit of --skip-large"


def _suitable(able: list[BackendAnswer], model: str, required: Group) -> list[BackendAnswer]:
    """Return the backends of the model's kind, preferably those that are reachable."""
    starts = [
        start
        for field, start in _KINDS.items()
        if same(model) in {same(name) for name in getattr(required, field)}
    ]
    fitting = [
        backend
        for backend in able
        if not starts or any(work.kind.startswith(tuple(starts)) for work in backend.workloads)
    ]
    return [backend for backend in fitting if backend.reachable] or fitting


def _named(backend: str | None) -> str:
    return "" if backend is None else f" named {backend}"
