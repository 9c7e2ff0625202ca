"""Warn of lanes of one model that an engine would have to reload at each turn."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, TypeVar

from benchrace.run.planning import schema as schemas
from benchrace.run.planning.lanes import Filled
from benchrace.run.planning.named import shown

T = TypeVar("T")
# Which of a backend's engines a lane asks, where it has several.
_ENGINE = "server"


def reloading(lanes: Sequence[Filled]) -> str | None:
    """Describe the first two lanes that differ in what their model is loaded with; None if none."""
    for one, other in combinations(lanes, 2):
        if _model(one) != _model(other):
            continue
        if differing := list(_differing(one, other)):
            values = "; ".join(
                f"{name} {shown(str(one_value))} and {shown(str(other_value))}"
                for name, one_value, other_value in differing
            )
            model = shown(str(one.params.get("model") or "the model"))
            return f'{values} of {model} on machine "{one.machine.machine_id}"'
    return None


def _model(lane: Filled) -> Hashable:
    """Identify what is loaded where; one model may have several names, and then one digest.

    An engine is its address, where that is told: it may have another API, and a backend for it.
    """
    name, machine = str(lane.params.get("model", "")), lane.machine
    digest = _listed(machine.digests, lane.backend, name)
    model = digest or name.casefold().removesuffix(":latest")
    return machine.machine_id, _engine(lane, name), model


def _engine(lane: Filled, model: str) -> Hashable:
    server = str(lane.params.get(_ENGINE) or "")
    addresses = _listed(lane.machine.engines, lane.backend, model) or {}
    address = addresses.get(server) if server else next(iter(addresses.values()), None)
    return address or (lane.backend, server)


def _listed(models: Mapping[str, Mapping[str, T]], backend: str, name: str) -> T | None:
    names = models.get(backend, {})
    if name in names:
        return names[name]
    return next((names[key] for key in names if _same(key, name)), None)


def _same(one: str, other: str) -> bool:
    return one.casefold().removesuffix(":latest") == other.casefold().removesuffix(":latest")


def _differing(one: Filled, other: Filled) -> Iterable[tuple[str, Any, Any]]:
    names = dict.fromkeys((*one.workload.load_params, *other.workload.load_params))
    if names and _workers(one) != _workers(other):
        # A model that is spread over other machines is loaded again.
        yield "workers", _workers(one), _workers(other)
    for name in names:
        values = _value(one, other, name), _value(other, one, name)
        if values[0] != values[1]:
            yield name, *values


def _workers(lane: Filled) -> str:
    return ", ".join(worker.machine_id for worker in lane.workers) or "none"


def _value(lane: Filled, other: Filled, name: str) -> Any:
    """Return a parameter; a backend that has none of this name leaves it to the engine, as the
    default of the one that has it does.
    """
    fields = schemas.fields(lane.workload.params_schema)
    if name not in fields:
        fields = schemas.fields(other.workload.params_schema)
        return fields.get(name, {}).get("default")
    return lane.params.get(name, fields[name].get("default"))
