"""A prompt about a topic, by a model of the fleet that has nothing to measure, or built in."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchrace.api.prompts import PromptAnswer, PromptRequest, PromptSource
from benchrace.central.central import Central
from benchrace.central.fleet.engines import Engines
from benchrace.central.fleet.status import MachineStatus
from benchrace.config.model_policy import same
from benchrace.errors import BenchraceError
from benchrace.plugin.operations import Operation, Writing
from benchrace.plugin.readiness import Model
from benchrace.run import prompt
from benchrace.run.machine import MachineState

LIMIT_S = 90.0
_MAX_CHARS = 50_000


class Writer(NamedTuple):
    """A model that could write."""

    machine_id: str
    backend: str
    model: Model


class Prompts:
    """Prompt writing by one model at a time; a failure becomes the reason of a built-in prompt."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._engines = Engines(central.fleet)

    async def write(self, request: PromptRequest) -> PromptAnswer:
        """Return a prompt in any case; raises `NotFound` for an unknown machine."""
        if request.machine_id is not None:
            self._central.fleet.get(request.machine_id)
        machines = self._central.machines()
        writer = next(iter(sorted(writers(machines, request), key=effort)), None)
        if writer is None:
            return _built(request, why_none(machines, request))
        writing = Writing(
            prompt=prompt.instruction(request.about, request.tokens),
            max_tokens=prompt.room(request.tokens),
        )
        try:
            written = await self._engines.write(
                writer.machine_id, writer.backend, writer.model.name, writing, LIMIT_S
            )
        except BenchraceError as error:
            return _built(request, error.message)
        text = prompt.cleaned(written.text)[:_MAX_CHARS]
        if not text:
            return _built(request, f"{written.model} on {writer.machine_id} wrote nothing")
        return PromptAnswer(
            prompt=text,
            source=PromptSource.MODEL,
            machine_id=writer.machine_id,
            backend=writer.backend,
            model=written.model,
        )


def writers(machines: Sequence[MachineStatus], request: PromptRequest) -> Iterator[Writer]:
    """Yield the requested models that could write now."""
    taken = {machine.view.host_id for machine in machines if _measures(machine)}
    for machine in machines:
        view = machine.view
        if view.state is MachineState.READY and view.host_id not in taken:
            yield from _offered(machine, request)


def why_none(machines: Sequence[MachineStatus], request: PromptRequest) -> str:
    """Return why no model can write now."""
    for machine in machines:
        if not any(_offered(machine, request)):
            continue
        beside = [other for other in machines if other.view.host_id == machine.view.host_id]
        busy = next((other for other in (machine, *beside) if _measures(other)), None)
        if busy is not None:
            doing = busy.run_id or "a job"
            return f"{busy.view.machine_id} is measuring ({doing})"
        return f"{machine.view.machine_id} is {machine.view.state}"
    wanted = f"the model {request.model}" if request.model else "a model that can generate text"
    return f"no reachable engine has {wanted}"


def _measures(machine: MachineStatus) -> bool:
    return machine.run_id is not None or machine.view.state is MachineState.BUSY


def _offered(machine: MachineStatus, request: PromptRequest) -> Iterator[Writer]:
    machine_id = machine.view.machine_id
    if machine.capabilities is None or request.machine_id not in (None, machine_id):
        return
    for backend in machine.capabilities.backends:
        name = backend.description.name
        offers = Operation.WRITE in backend.description.operations
        if not offers or not backend.reachable or request.backend not in (None, name):
            continue
        for model in backend.models:
            if request.model is None or same(model.name) == same(request.model):
                yield Writer(machine_id, name, model)


def effort(writer: Writer) -> tuple[bool, float, str, str]:
    """What is in memory first, then what is small."""
    size = writer.model.size
    return (
        writer.model.loaded is None,
        float("inf") if size is None else size,
        writer.model.name,
        writer.machine_id,
    )


def _built(request: PromptRequest, reason: str) -> PromptAnswer:
    text = prompt.built(request.about, request.tokens)
    return PromptAnswer(prompt=text, source=PromptSource.FALLBACK, reason=reason)
