"""Which models the machines have and lack, and whether one fits; pure."""

from collections.abc import Iterable, Sequence

import msgspec

from benchrace.config.model_policy import ModelPolicy, same
from benchrace.link.capabilities import Capabilities
from benchrace.plugin.readiness import Model
from benchrace.run.fit import Fit, Pool, Room, fit
from benchrace.telemetry.hardware import Hardware


class Lacks(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine lacks of the policy."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


class ModelHere(msgspec.Struct, frozen=True, kw_only=True):
    """A model on one machine. `backends` have it; `fit` is null where no machine knows it."""

    model: str
    has_model: bool
    backends: tuple[str, ...]
    fit: Fit | None


def lacks(known: Capabilities | None, policy: ModelPolicy) -> Lacks | None:
    """Compare what all backends of a machine have with the policy, once all were asked."""
    if known is None or any(each.reachable is None for each in known.backends):
        return None
    have = [model.name for each in known.backends for model in each.models]
    return Lacks(required=policy.required.missing(have), optional=policy.optional.missing(have))


def model_here(
    name: str, context: int | None, known: Capabilities, fleet: Sequence[Capabilities]
) -> ModelHere:
    """Say how a model stands on a machine; one that it lacks is judged by what others tell."""
    own = tuple(_found(name, known))
    told = own or tuple(pair for each in fleet for pair in _found(name, each))
    return ModelHere(
        model=name,
        has_model=bool(own),
        backends=tuple(backend for backend, _ in own),
        fit=None if not told else fit(_fullest(told), room_of(known.hardware), context),
    )


def room_of(hardware: Hardware) -> Room:
    """Give the memory that an engine would use: the GPUs' own, the unified one, the system's."""
    own = [each.vram_bytes for each in hardware.gpus if each.ready and each.vram_bytes]
    if own:
        return Room(pool=Pool.VRAM, bytes=sum(own))
    unified = [each for each in hardware.gpus if each.ready and each.unified]
    if unified:
        memory = unified[0].memory_bytes or hardware.memory.usable_bytes
        return Room(pool=Pool.UNIFIED, bytes=memory)
    return Room(pool=Pool.SYSTEM, bytes=hardware.memory.usable_bytes)


def _found(name: str, known: Capabilities) -> Iterable[tuple[str, Model]]:
    for backend in known.backends:
        for model in backend.models:
            if same(model.name) == same(name):
                yield backend.description.name, model


def _fullest(told: Sequence[tuple[str, Model]]) -> Model:
    """Choose the description that knows most."""
    return max((model for _, model in told), key=lambda each: (bool(each.kv), each.size or 0))
