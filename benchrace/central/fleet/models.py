"""Which models the machines have and lack, and whether one fits; pure."""

from collections.abc import Iterable, Iterator, Sequence

from benchrace.api.models import Lacks, ModelHere
from benchrace.config.model_policy import ModelPolicy, same
from benchrace.plugin.readiness import Model
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.findings.ceiling import Roofs
from benchrace.run.planning.fit import Badge, Fit, Pool, Room, fit
from benchrace.run.planning.prediction import DEPTH, Prediction, predict, without_rates
from benchrace.telemetry.hardware import Hardware


def lacks(capabilities: Capabilities | None, policy: ModelPolicy) -> Lacks | None:
    """Compare what all backends of a machine have with the policy, once all were asked."""
    if capabilities is None or any(backend.reachable is None for backend in capabilities.backends):
        return None
    have = [model.name for backend in capabilities.backends for model in backend.models]
    return Lacks(required=policy.required.missing(have), optional=policy.optional.missing(have))


def model_here(
    name: str,
    context: int | None,
    capabilities: Capabilities,
    fleet: Sequence[Capabilities],
    roofs: Roofs | None = None,
    depth: int = DEPTH,
) -> ModelHere:
    """Describe a model on a machine; one that it lacks is judged by other machines' data.

    With the machine's `roofs`, its rates behind `depth` positions are predicted.
    """
    own = tuple(_find(name, capabilities))
    models = own or tuple(pair for machine in fleet for pair in _find(name, machine))
    room = room_of(capabilities.hardware)
    return ModelHere(
        model=name,
        has_model=bool(own),
        backends=tuple(backend for backend, _ in own),
        fit=None if not models else fit(_fullest(models), room, context),
        predictions={}
        if roofs is None
        else {
            backend: _where_it_fits(
                predict(model, roofs, backend, depth), fit(model, room, context)
            )
            for backend, model in _by_backend(models)
        },
    )


def _where_it_fits(prediction: Prediction, here: Fit) -> Prediction:
    """Leave out the rates of a model that a GPU's memory cannot hold."""
    if here.pool is Pool.VRAM and here.badge is Badge.FAIL:
        return without_rates(prediction, "the speed of the part that does not fit into GPU memory")
    return prediction


def _by_backend(models: Sequence[tuple[str, Model]]) -> Iterator[tuple[str, Model]]:
    """Yield each backend with its most complete description."""
    for backend in dict.fromkeys(backend for backend, _ in models):
        yield backend, _fullest([pair for pair in models if pair[0] == backend])


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
    return max(
        (model for _, model in models),
        key=lambda model: (bool(model.kv), bool(model.active_bytes), model.size or 0),
    )
