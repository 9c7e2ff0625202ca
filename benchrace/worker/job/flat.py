"""The flat metrics of a finished job: medians of counted rounds, and raw facts of the last."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchrace.events.payloads import RoundDonePayload
from benchrace.run.flat import whole

Flat = dict[str, float | int | str | None]


def flat_metrics(
    lanes: Mapping[str, Sequence[RoundDonePayload]],
    simulated: Mapping[str, RoundDonePayload] | None = None,
) -> Flat:
    """Flatten the counted rounds of each lane; names get `<lane_id>.` before them if several.

    `simulated` are rounds of lanes that only a mock answered: facts of it, and no figure.
    """
    mocks = simulated or {}
    if len(lanes) == 1:
        lane_id, rounds = next(iter(lanes.items()))
        return _lane(rounds, mocks.get(lane_id))
    return {
        f"{lane_id}.{name}": value
        for lane_id, rounds in lanes.items()
        for name, value in _lane(rounds, mocks.get(lane_id)).items()
    }


def median(values: Sequence[float]) -> float:
    """Return the middle value, or the mean of the middle two; raises `IndexError` on none."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def _lane(rounds: Sequence[RoundDonePayload], mock: RoundDonePayload | None) -> Flat:
    if not rounds:
        return {} if mock is None else _mocked(mock)
    values: dict[str, list[float]] = {}
    for done in rounds:
        for measured in done.measured:
            values.setdefault(measured.metric, [])
            if measured.value is not None:
                values[measured.metric].append(measured.value)
    flat: Flat = {name: whole(median(of)) if of else None for name, of in values.items()}
    record = rounds[-1].record or {}
    for name, value in record.items():
        # Stamps and durations differ from round to round; the metrics have what they mean.
        plain = type(value) in (int, float, str) and not name.endswith("_ns")
        if plain and name not in flat:
            flat[name] = value
    return flat | _engine(record)


def _mocked(done: RoundDonePayload) -> Flat:
    record = done.record or {}
    flat: Flat = {measured.metric: None for measured in done.measured}
    return flat | _engine(record) | {"fallback_reason": record.get("fallback_reason")}


def _engine(record: Mapping[str, Any]) -> Flat:
    """Return the engine, the model and the cache's state of an answer of text, as clients do."""
    engine = record.get("engine")
    if not isinstance(engine, Mapping):
        return {}
    return {
        "engine": engine.get("name"),
        "model": engine.get("model"),
        "cache_state": record.get("cache"),
    }
