"""Which images of a run compare: those of one model, prompt and seed, with equal settings."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchrace.kinds.image import ImageOutput
from benchrace.run.findings.likeness import Likeness
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.schema import completed
from benchrace.stats.image.rounds import ImageRound
from benchrace.stats.text.quantization import bits, stem

# Of a lane; comparing a large image takes about a second.
MAX_PAIRS = 64
# Parameters that are told apart by other means, or that change no pixel.
_APART = ("model", "base_model", "prompt", "seed", "allow_no_seed", "residence", "time_limit_s")
# With these, images may differ without a fault: they are compared, and nobody is blamed. Where any
# other parameter differs, another image was asked for, and nothing is compared.
_MAY_DIFFER = ("steps", "sampler", "scheduler", "workflow", "bindings", "values", "overrides")
_FREE = frozenset((*_APART, *_MAY_DIFFER))
_SUFFIXES = (".safetensors", ".ckpt", ".sft", ".gguf")

Rounds = Mapping[int, ImageRound]


class Pair(msgspec.Struct, frozen=True):
    """Two images of one seed: the reference lane's, and the lane's own."""

    round: int
    image: int
    best: ImageOutput
    own: ImageOutput


class Pairs(msgspec.Struct, frozen=True):
    """What of a lane compares with the lane `with_`; `differ` names parameters that change it."""

    with_: str
    differ: tuple[str, ...]
    pairs: tuple[Pair, ...]


def paired(run: RunMetadata, lanes: Mapping[str, Rounds]) -> dict[str, Pairs | Likeness]:
    """Return the pairs of each lane that made images, or why it has none, by lane id.

    The reference is the least quantised lane of the model; of equal ones, that with the most steps,
    then the first.
    """
    params = {lane.lane_id: _params(run, lane) for lane in run.lanes}
    ordered = [lane.lane_id for lane in run.lanes if lanes.get(lane.lane_id)]
    groups: dict[tuple[object, ...], list[str]] = {}
    for lane_id in ordered:
        first = _first(lanes[lane_id])
        fixed = {name: value for name, value in params[lane_id].items() if name not in _FREE}
        work = msgspec.json.encode(fixed, order="deterministic")
        groups.setdefault((_model(first), first.prompt_digest, work), []).append(lane_id)
    return {
        lane_id: pairing
        for group in groups.values()
        for lane_id, pairing in _group(group, lanes, params)
    }


def _params(run: RunMetadata, lane: RunLane) -> dict[str, Any]:
    """Return a lane's parameters with the defaults of those that it leaves out."""
    workload = run.workloads.get(lane.backend)
    return dict(lane.params) if workload is None else completed(lane.params, workload.params_schema)


def _group(
    group: list[str], lanes: Mapping[str, Rounds], params: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, Pairs | Likeness]]:
    if len(group) < 2:
        reason = "no other lane makes images by this model, prompt, size and settings"
        yield group[0], Likeness(reason=reason)
        return
    ranks = {lane_id: _rank(_first(lanes[lane_id])) for lane_id in group}
    best = max(group, key=ranks.__getitem__)
    yield best, Likeness(reason=f"the others are compared with it: {_why(best, ranks)}")
    for lane_id in group:
        if lane_id != best:
            one, other = params[best], params[lane_id]
            differ = tuple(name for name in _MAY_DIFFER if one.get(name) != other.get(name))
            yield lane_id, _pairs(best, differ, lanes[best], lanes[lane_id])


def _why(best: str, ranks: Mapping[str, tuple[int, int]]) -> str:
    """Return by what a lane became the reference."""
    bits_, steps = ranks[best]
    others = [rank for lane_id, rank in ranks.items() if lane_id != best]
    if any(bits_ > rank[0] for rank in others):
        return "it is the least quantised"
    if any(steps > rank[1] for rank in others):
        return "it has the most steps"
    return "it comes first"


def _pairs(best: str, differ: tuple[str, ...], wanted: Rounds, own: Rounds) -> Pairs | Likeness:
    by_seed = {round_.seed: round_.outputs for round_ in wanted.values()}
    pairs = tuple(
        Pair(number, image, *outputs)
        for number, round_ in sorted(own.items())
        for image, outputs in enumerate(
            zip(by_seed.get(round_.seed, ()), round_.outputs, strict=False)
        )
    )
    if not pairs:
        return Likeness(with_=best, reason="the two lanes have no images with the same seed")
    return Pairs(best, differ, pairs[:MAX_PAIRS])


def _first(rounds: Rounds) -> ImageRound:
    return next(iter(rounds.values()))


def _model(round_: ImageRound) -> str:
    name = round_.engine.model.replace("\\", "/")
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return stem(name)


def _rank(round_: ImageRound) -> tuple[int, int]:
    """Return what makes a lane the reference: the bits of its weights, and its steps.

    A name that does not tell is taken for a model as it was published, of 16 bits.
    """
    engine = round_.engine
    width = bits(engine.quantization)
    width = bits(engine.model) if width is None else width
    return (16 if width is None else width, round_.steps)
