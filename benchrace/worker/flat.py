"""The flat metrics of a finished job: medians of counted rounds, and raw facts of the last."""

from collections.abc import Mapping, Sequence

from benchrace.events.payloads import RoundDonePayload

Flat = dict[str, float | int | str | None]


def flat_metrics(lanes: Mapping[str, Sequence[RoundDonePayload]]) -> Flat:
    """Flatten the counted rounds of each lane; names get `<lane_id>.` before them if several."""
    if len(lanes) == 1:
        return _lane(next(iter(lanes.values())))
    return {
        f"{lane_id}.{name}": value
        for lane_id, rounds in lanes.items()
        for name, value in _lane(rounds).items()
    }


def median(values: Sequence[float]) -> float:
    """Give the middle value, or the mean of the middle two; raises `IndexError` on none."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def _lane(rounds: Sequence[RoundDonePayload]) -> Flat:
    if not rounds:
        return {}
    values: dict[str, list[float]] = {}
    for each in rounds:
        for measured in each.measured:
            known = values.setdefault(measured.metric, [])
            if measured.value is not None:
                known.append(measured.value)
    flat: Flat = {name: median(found) if found else None for name, found in values.items()}
    for name, value in (rounds[-1].record or {}).items():
        # Stamps and durations differ from round to round; the metrics have what they mean.
        plain = type(value) in (int, float, str) and not name.endswith("_ns")
        if plain and name not in flat:
            flat[name] = value
    return flat
