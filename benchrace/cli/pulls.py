"""What `benchrace models pull` has to bring where, planned before anything is asked for."""

from collections.abc import Iterable, Sequence

import msgspec

from benchrace.central.answers import BackendAnswer, MachineAnswer
from benchrace.cli.text import bytes_of
from benchrace.config.model_policy import Group, same
from benchrace.errors import FieldError, InvalidInput
from benchrace.plugin.operations import Operation
from benchrace.run.machine import MachineState

# What a model is for, as the policy has it, and how the kinds of its work begin.
_KINDS = {"llm": "llm", "whisper": "transcribe", "sdxl_profiles": "txt2img"}


class Pull(msgspec.Struct, frozen=True, kw_only=True):
    """One model for one machine."""

    machine_id: str
    backend: str
    model: str


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """One that is not pulled. `wrong` says that a person has to do something about it."""

    machine_id: str
    model: str
    why: str
    wrong: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; no model means what the policy requires, no machine means all."""

    models: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    backend: str | None = None
    most_bytes: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    pulls: tuple[Pull, ...]
    skipped: tuple[Skipped, ...]


def plan(fleet: Sequence[MachineAnswer], wanted: Wanted, required: Group) -> Plan:
    """Decide for each machine and model; raises InvalidInput for a machine that is not there."""
    pulls: list[Pull] = []
    skipped: list[Skipped] = []
    for machine in chosen(fleet, wanted.machines):
        lacking = () if machine.missing is None else machine.missing.required
        for model in wanted.models or lacking:
            found = _one(machine, model, wanted, required, fleet)
            (pulls if isinstance(found, Pull) else skipped).append(found)  # type: ignore[arg-type]
    return Plan(pulls=tuple(pulls), skipped=tuple(skipped))


def chosen(fleet: Sequence[MachineAnswer], named: Sequence[str]) -> tuple[MachineAnswer, ...]:
    """Give the machines named, else those that are there; raises InvalidInput."""
    known = {each.machine_id: each for each in fleet}
    if unknown := [name for name in named if name not in known]:
        listed = ", ".join(sorted(known)) or "none"
        message = f"there is no machine {unknown[0]!r}; there are {listed}"
        raise InvalidInput(FieldError("--machine", message))
    if named:
        return tuple(known[name] for name in dict.fromkeys(named))
    there = (MachineState.READY, MachineState.BUSY, MachineState.EXCLUDED)
    return tuple(each for each in fleet if each.state in there)


def has(machine: MachineAnswer, model: str) -> bool:
    """Tell whether a backend of the machine has the model."""
    return any(same(each.name) == same(model) for one in machine.backends for each in one.models)


def size_of(model: str, fleet: Iterable[MachineAnswer]) -> int | None:
    """Give the size in bytes that any machine tells."""
    for machine in fleet:
        for backend in machine.backends:
            for each in backend.models:
                if same(each.name) == same(model) and each.size is not None:
                    return each.size
    return None


def _one(
    machine: MachineAnswer,
    model: str,
    wanted: Wanted,
    required: Group,
    fleet: Sequence[MachineAnswer],
) -> Pull | Skipped:
    name = machine.machine_id
    if has(machine, model):
        return Skipped(machine_id=name, model=model, why="it is there already")
    able = [each for each in machine.backends if Operation.PULL in each.operations]
    if wanted.backend is not None:
        able = [each for each in able if each.name == wanted.backend]
    elif len(able) > 1:
        able = _fitting(able, model, required)
    if not able:
        why = f"no backend there can pull{_named(wanted.backend)}"
        return Skipped(machine_id=name, model=model, why=why, wrong=True)
    if len(able) > 1:
        listed = ", ".join(each.name for each in able)
        why = f"several backends can: say --backend, one of {listed}"
        return Skipped(machine_id=name, model=model, why=why, wrong=True)
    size = size_of(model, fleet)
    if wanted.most_bytes is not None and size is not None and size > wanted.most_bytes:
        return Skipped(machine_id=name, model=model, why=too_large(size, wanted.most_bytes))
    return Pull(machine_id=name, backend=able[0].name, model=model)


def too_large(size: float, most: int) -> str:
    """Say why a large model is left out."""
    return f"it has {bytes_of(size)}, more than the {bytes_of(most)} of --skip-large"


def _fitting(able: list[BackendAnswer], model: str, required: Group) -> list[BackendAnswer]:
    """Keep those whose work the model is for, and of these the ones that answer."""
    starts = [
        start
        for field, start in _KINDS.items()
        if same(model) in {same(each) for each in getattr(required, field)}
    ]
    fitting = [
        each
        for each in able
        if not starts or any(work.kind.startswith(tuple(starts)) for work in each.workloads)
    ]
    return [each for each in fitting if each.reachable] or fitting


def _named(backend: str | None) -> str:
    return "" if backend is None else f" by the name {backend}"
