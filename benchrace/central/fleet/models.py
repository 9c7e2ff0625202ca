"""Which models the machines have and lack, and whether one fits; pure."""

from collections.abc import Iterable, Sequence

from benchrace.api.models import Lacks, ModelHere
from benchrace.config.model_policy import ModelPolicy, same
from benchrace.plugin.readiness import Model
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.planning.fit import Pool, Room, fit
from benchrace.telemetry.hardware import Hardware


def lacks(capabilities: Capabilities | None, policy: ModelPolicy) -> Lacks | None:
    """Compare what all backends of a machine have with the policy, once all were asked."""
    if capabilities is None or any(backend.reachable is None for backend in capabilities.backends):
        return None
    have = [model.name for backend in capabilities.backends for model in backend.models]
    return Lacks(required=policy.required.missing(have), optional=policy.optional.missing(have))


def model_here(
    name: str, context: int | None, capabilities: Capabilities, fleet: Sequence[Capabilities]
) -> ModelHere:
    """Describe a model on a machine; one that it lacks is judged by other machines' data."""
    own = tuple(_find(name, capabilities))
    models = own or tuple(pair for machine in fleet for pair in _find(name, machine))
    return ModelHere(
        model=name,
        has_model=bool(own),
        backends=tuple(backend for backend, _ in own),
        fit=None if not models else fit(_fullest(models), room_of(capabilities.hardware), context),
    )


def room_of(hardware: Hardware) -> Room:
    """Return the memory that an engine would use: the GPUs' own, unified, or the system's."""
    own = [gpu.vram_bytes for gpu in hardware.gpus if gpu.ready and gpu.vram_bytes]
    if own:
        return Room(pool=Pool.VRAM, bytes=sum(own))
    unified = [gpu for gpu in hardware.gpus if gpu.ready and gpu.unified]
    if unified:
        memory = unified[0].memory_bytes or hardware.memory.usable_bytes
        return Room(pool=Pool.UNIFIED, bytes=memory)
    return Room(pool=Pool.SYSTEM, bytes=hardware.memory.usable_bytes)


def _find(name: str, capabilities: Capabilities) -> Iterable[tuple[str, Model]]:
    for backend in capabilities.backends:
        for model in backend.models:
            if same(model.name) == same(name):
                yield backend.description.name, model


def _fullest(models: Sequence[tuple[str, Model]]) -> Model:
    """Return the most complete description."""
    return max((model for _, model in models), key=lambda model: (bool(model.kv), model.size or 0))
