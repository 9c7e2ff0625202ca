"""How near lanes of text came to the read bandwidth of their machine."""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchrace import structs
from benchrace.config.model_policy import same
from benchrace.formatting import digits, file_size, percent, quantity
from benchrace.ids import MachineId
from benchrace.kinds.llm import EngineFacts
from benchrace.plugin.readiness import Model
from benchrace.run.findings.ceiling import CeilingShare, Roofs
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.fit import Pool
from benchrace.run.planning.prediction import bytes_per_token, precision, predict
from benchrace.run.summary import LaneSummary

DECODE, PREFILL = "gen_tokens_per_s", "prefill_tokens_per_s"
_PROMPT, _OUTPUT = "prompt_tokens", "gen_tokens"


class _Description(msgspec.Struct, frozen=True):
    name: str


class _Backend(msgspec.Struct, frozen=True):
    description: _Description
    models: tuple[Model, ...] = ()


class _Machine(msgspec.Struct, frozen=True):
    """The part of `Capabilities` that has models, of an agent of any version."""

    backends: tuple[_Backend, ...] = ()


class CeilingShares:
    """What a run's metadata knows of ceilings and models, to judge its lanes by."""

    def __init__(self, metadata: RunMetadata) -> None:
        self._roofs = metadata.ceilings
        self._simulated = metadata.simulated
        self._spanning = {lane.lane_id for lane in metadata.lanes if lane.workers}
        self._machines = metadata.machines
        self._models: dict[MachineId, tuple[tuple[str, Model], ...]] = {}

    def share(self, lane: LaneSummary) -> CeilingShare | None:
        """Judge a lane; None where it has no decode rate of single answers."""
        figure = lane.summary.get(DECODE)
        if figure is None or figure.value is None or lane.text is None or self._simulated:
            return None
        if lane.lane_id in self._spanning:
            return _none("several machines computed each token, one after the other")
        engines = lane.text.engines
        if lane.text.simulated or any(engine.host for engine in engines):
            return _none("the engine does not run on this machine")
        roofs = self._roofs.get(lane.machine_id)
        if roofs is not None and roofs.pool is not Pool.SYSTEM and any(map(_is_split, engines)):
            return _none("a part of the model was not in the memory that the GPU uses")
        names = {same(engine.model) for engine in engines}
        model = self._model(lane, names)
        depth = _depth(lane)
        if model is None or depth is None:
            what = "model's shape" if model is None else "number of tokens"
            return _none(f"the engine does not report the {what}")
        size = bytes_per_token(model, depth)
        if size is None:
            return _none("how many bytes a token of this model reads is not known")
        rate = figure.value * size
        read = None if roofs is None or roofs.read is None else roofs.read.value * 1e9
        near = CeilingShare(
            share=None if not read else rate / read,
            bytes_per_token=size,
            width=model.width,
            depth=depth,
            bytes_per_s=rate,
            flop_per_s=_operations(lane, model),
            precision=precision(model.quantization),
            read_bytes_per_s=read,
            predicted=None if roofs is None else predict(model, roofs, lane.backend, depth).decode,
            run_id=None if roofs is None or roofs.read is None else roofs.read.run_id,
            reason=None if read else _unmeasured(roofs),
        )
        return msgspec.structs.replace(near, text=_text(near))

    def _model(self, lane: LaneSummary, names: set[str]) -> Model | None:
        machine_id = lane.machine_id
        if machine_id not in self._models:
            self._models[machine_id] = tuple(_models(self._machines.get(machine_id)))
        for backend, model in self._models[machine_id]:
            if backend == lane.backend and {same(model.name)} == names:
                return model
        return None


def _models(described: Any) -> Iterator[tuple[str, Model]]:
    """Yield the models of a machine with their backends; none where it is not described yet."""
    try:
        machine = structs.convert(described, _Machine, from_attributes=True)
    except msgspec.ValidationError:
        return
    for backend in machine.backends:
        yield from ((backend.description.name, model) for model in backend.models)


def _is_split(engine: EngineFacts) -> bool:
    share = engine.settings.get("gpu_share")
    return isinstance(share, float | int) and share < 1


def _depth(lane: LaneSummary) -> int | None:
    """Return how many positions were before a token: the prompt, and half of the answer."""
    counts = (lane.summary.get(_PROMPT), lane.summary.get(_OUTPUT))
    prompt, output = (None if count is None else count.mean for count in counts)
    return None if prompt is None or output is None else round(prompt + output / 2)


def _operations(lane: LaneSummary, model: Model) -> float | None:
    figure = lane.summary.get(PREFILL)
    if figure is None or figure.value is None or not model.active_parameters:
        return None
    return figure.value * 2 * model.active_parameters


def _text(near: CeilingShare) -> str:
    if near.share is None:
        return ""
    text = (
        f"{percent(near.share)} of the machine's read bandwidth: "
        f"{quantity(near.bytes_per_s, 'B/s')} of {quantity(near.read_bytes_per_s, 'B/s')}, "
        f"{file_size(near.bytes_per_token)} a token at a depth of {near.depth}"
    )
    if near.predicted is None:
        return text
    low, high = digits(near.predicted.low), digits(near.predicted.high)
    return f"{text}; predicted {quantity(near.predicted.value, 'tok/s')}, between {low} and {high}"


def _unmeasured(roofs: Roofs | None) -> str:
    if roofs is None or roofs.reason is None:
        return "the machine's read bandwidth had not been measured before this run"
    return roofs.reason


def _none(reason: str) -> CeilingShare:
    return CeilingShare(share=None, reason=reason)
