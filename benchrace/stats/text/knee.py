"""The knee of a sweep: where more load gains less speed than it costs in waiting."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchrace.run.summary import Knee, KneePoint
from benchrace.stats.lane import LaneFold

THROUGHPUT = "throughput_tokens_per_s"
LATENCY = "total_mean_ms"
MIN_LOADS = 3
_SWEPT = {"closed": "concurrency"}
_OPEN = "rate"


def knees(lanes: Sequence[LaneFold]) -> tuple[Knee, ...]:
    """Find the knee of each sweep: lanes of one machine and backend that differ in load alone.

    The load is `concurrency` in a closed loop, `rate` in an open one. The knee is the load of the
    greatest power, throughput / mean latency: Kleinrock, Power and deterministic rules of thumb
    for probabilistic problems in computer communications (ICC 1979). It takes three loads, and is
    null where the greatest power is at either end, as it may lie beyond.
    """
    groups: dict[tuple[Any, ...], list[LaneFold]] = {}
    for lane in lanes:
        if THROUGHPUT in {metric.name for metric in lane.metrics}:
            groups.setdefault(_group(lane), []).append(lane)
    return tuple(knee for group in groups.values() if (knee := _knee(group)) is not None)


def power(throughput: float, latency_ms: float) -> float:
    """Return tokens per second for each second of waiting."""
    return throughput / (latency_ms / 1e3)


def _knee(lanes: Sequence[LaneFold]) -> Knee | None:
    swept = swept_by(lanes[0].lane.params)
    points = sorted(_points(lanes, swept), key=lambda point: point.load)
    if len(lanes) < 2 or len({point.load for point in points}) < 2:
        return None
    knee = Knee(
        machine_id=lanes[0].lane.machine_id,
        backend=lanes[0].lane.backend,
        swept=swept,
        points=tuple(points),
        lane_id=None,
        load=None,
    )
    return _judged(knee)


def _judged(knee: Knee) -> Knee:
    loads = sorted({point.load for point in knee.points})
    best = max(knee.points, key=lambda point: point.power)
    reason = None
    if len(loads) < MIN_LOADS:
        reason = f"only {len(loads)} loads; a knee needs {MIN_LOADS}"
    elif best.load == loads[-1]:
        reason = f"the highest load is the best, so sweep beyond {best.load:g}"
    elif best.load == loads[0] and best.load > 1:
        reason = f"the lowest load is the best, so sweep below {best.load:g}"
    return Knee(
        machine_id=knee.machine_id,
        backend=knee.backend,
        swept=knee.swept,
        points=knee.points,
        lane_id=None if reason else best.lane_id,
        load=None if reason else best.load,
        reason=reason,
    )


def swept_by(params: Mapping[str, Any]) -> str:
    """Return the name of the parameter that is the load."""
    return _SWEPT.get(str(params.get("arrival", "closed")), _OPEN)


def _points(lanes: Sequence[LaneFold], swept: str) -> Iterator[KneePoint]:
    for lane in lanes:
        load = lane.lane.params.get(swept)
        speed = lane.estimate(THROUGHPUT).value
        latency = lane.estimate(LATENCY).value
        if isinstance(load, int | float) and speed is not None and latency:
            yield KneePoint(
                lane_id=lane.lane.lane_id,
                load=float(load),
                throughput=speed,
                latency_ms=latency,
                power=power(speed, latency),
            )


def _group(lane: LaneFold) -> tuple[Any, ...]:
    params = lane.lane.params
    # Each lane sends as many requests as its load needs; it is the same work.
    apart = {swept_by(params), "requests"}
    rest = tuple(sorted((name, repr(value)) for name, value in params.items() if name not in apart))
    return lane.lane.machine_id, lane.lane.backend, rest
