"""A prompt about a topic, by a model of the fleet that has nothing to measure, or built in."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from benchrace.central.central import Central
from benchrace.central.engines import Engines
from benchrace.central.machine import MachineStatus
from benchrace.config.model_policy import same
from benchrace.errors import BenchraceError
from benchrace.plugin.operations import Operation, Writing
from benchrace.plugin.readiness import Model
from benchrace.run import prompt
from benchrace.run.machine import MachineState

LIMIT_S = 90.0
_LONGEST = 50_000


class PromptRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for a prompt about something, of about `tokens` tokens; null takes any of the fleet."""

    about: Annotated[str, Meta(min_length=1, max_length=500)]
    tokens: Annotated[int, Meta(ge=10, le=2000)] = 100
    machine_id: Annotated[str, Meta(max_length=100)] | None = None
    backend: Annotated[str, Meta(max_length=100)] | None = None
    model: Annotated[str, Meta(max_length=300)] | None = None


class Source(StrEnum):
    """`fallback`: built in, by no model."""

    MODEL = "model"
    FALLBACK = "fallback"


class PromptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` says why no model wrote it, null where one did."""

    prompt: str
    source: Source
    machine_id: str | None = None
    backend: str | None = None
    model: str | None = None
    reason: str | None = None


class Writer(NamedTuple):
    """A model that could write."""

    machine_id: str
    backend: str
    model: Model


class Prompts:
    """Asks one model at a time; what keeps it from writing becomes the reason of a fallback."""

    def __init__(self, central: Central) -> None:
        self._central = central
        self._engines = Engines(central.fleet)

    async def write(self, asked: PromptRequest) -> PromptAnswer:
        """Give a prompt, always; raises `NotFound` for a machine that is not known."""
        if asked.machine_id is not None:
            self._central.fleet.get(asked.machine_id)
        machines = self._central.machines()
        writer = next(iter(sorted(writers(machines, asked), key=effort)), None)
        if writer is None:
            return _built(asked, why_none(machines, asked))
        writing = Writing(
            prompt=prompt.instruction(asked.about, asked.tokens),
            max_tokens=prompt.room(asked.tokens),
        )
        try:
            written = await self._engines.write(
                writer.machine_id, writer.backend, writer.model.name, writing, LIMIT_S
            )
        except BenchraceError as error:
            return _built(asked, error.message)
        text = prompt.cleaned(written.text)[:_LONGEST]
        if not text:
            return _built(asked, f"{written.model} on {writer.machine_id} wrote nothing")
        return PromptAnswer(
            prompt=text,
            source=Source.MODEL,
            machine_id=writer.machine_id,
            backend=writer.backend,
            model=written.model,
        )


def writers(machines: Sequence[MachineStatus], asked: PromptRequest) -> Iterator[Writer]:
    """Find the models that could write now, of those asked for."""
    taken = {each.view.host_id for each in machines if _measures(each)}
    for machine in machines:
        view = machine.view
        if view.state is MachineState.READY and view.host_id not in taken:
            yield from _offered(machine, asked)


def why_none(machines: Sequence[MachineStatus], asked: PromptRequest) -> str:
    """Say why no model can write now."""
    for machine in machines:
        if not any(_offered(machine, asked)):
            continue
        beside = [each for each in machines if each.view.host_id == machine.view.host_id]
        busy = next((each for each in (machine, *beside) if _measures(each)), None)
        if busy is not None:
            doing = busy.run_id or "a job"
            return f"{busy.view.machine_id} measures now ({doing}), and is not disturbed"
        return f"{machine.view.machine_id} is {machine.view.state}"
    wanted = f"the model {asked.model}" if asked.model else "a model that can write"
    return f"no engine that answers has {wanted}"


def _measures(machine: MachineStatus) -> bool:
    return machine.run_id is not None or machine.view.state is MachineState.BUSY


def _offered(machine: MachineStatus, asked: PromptRequest) -> Iterator[Writer]:
    machine_id = machine.view.machine_id
    if machine.capabilities is None or asked.machine_id not in (None, machine_id):
        return
    for backend in machine.capabilities.backends:
        name = backend.description.name
        offers = Operation.WRITE in backend.description.operations
        if not offers or not backend.reachable or asked.backend not in (None, name):
            continue
        for model in backend.models:
            if asked.model is None or same(model.name) == same(asked.model):
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


def _built(asked: PromptRequest, reason: str) -> PromptAnswer:
    text = prompt.built(asked.about, asked.tokens)
    return PromptAnswer(prompt=text, source=Source.FALLBACK, reason=reason)
