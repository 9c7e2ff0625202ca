"""What a browser's threads did, from its trace: a frame at a time."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

FRAME_US = 1_000_000 / 60
MAIN, COMPOSITOR = "CrRendererMain", "Compositor"
RASTER = "RasterTask"
# Parts of the main thread's time that a page can do something about.
PARTS = {
    "FireAnimationFrame": "script in frames",
    "FunctionCall": "script, all",
    "RunMicrotasks": "microtasks",
    "UpdateLayer": "layers",
    "UpdateCounters": "counting",
    "HitTest": "hit test",
    "IntersectionObserverController::computeIntersections": "intersections",
    "UpdateLayoutTree": "style",
    "Layout": "layout",
    "PrePaint": "pre-paint",
    "Paint": "paint",
    "Layerize": "layers",
    "Commit": "commit",
    "MinorGC": "collecting",
    "MajorGC": "collecting",
    "V8.GC_MC_INCREMENTAL": "collecting",
}


@dataclass
class Shares:
    """Milliseconds of each frame, for each kind of thread; and the longest single task."""

    wall_ms: list[float]
    cpu_ms: list[float]
    raster_ms: list[float]
    compositor_ms: list[float]
    longest_ms: float
    """By its own clock."""
    slowest_ms: tuple[float, float]
    """The longest by the wall clock, and how much of that it worked: the rest it waited."""
    frames: int
    parts_ms: dict[str, float]


def shares(events: list[dict[str, Any]]) -> Shares:
    """Share out what was traced. Frames that the page drew part the time where it drew any."""
    names = {
        (each["pid"], each["tid"]): each["args"]["name"]
        for each in events
        if each.get("name") == "thread_name"
    }
    busiest: dict[int, float] = defaultdict(float)
    tasks: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    whole = [each for each in events if each.get("ph") == "X"]
    for each in whole:
        if each["name"] == "RunTask" and names.get((each["pid"], each["tid"])) == MAIN:
            busiest[each["pid"]] += each.get("dur", 0)
    page = max(busiest, key=lambda pid: busiest[pid])
    parts: dict[str, float] = defaultdict(float)
    frames = 0
    for each in whole:
        name = names.get((each["pid"], each["tid"]), "")
        if each["pid"] != page:
            continue
        if each["name"] == "RunTask":
            tasks[name].append(_taken(each))
        elif each["name"] == RASTER:
            tasks[RASTER].append(_taken(each))
        elif name == MAIN and each["name"] in PARTS:
            parts[PARTS[each["name"]]] += each.get("dur", 0) / 1000
            frames += each["name"] == "Commit"
    main = tasks[MAIN]
    begin, end = min(each[0] for each in main), max(each[0] for each in main)
    return Shares(
        wall_ms=_framed(main, 1, begin, end),
        cpu_ms=_framed(main, 2, begin, end),
        raster_ms=_framed(tasks[RASTER], 1, begin, end),
        compositor_ms=_framed(tasks[COMPOSITOR], 1, begin, end),
        longest_ms=max(each[2] for each in main) / 1000,
        slowest_ms=max((each[1] / 1000, each[2] / 1000) for each in main),
        frames=frames,
        parts_ms={name: spent * FRAME_US / (end - begin) for name, spent in parts.items()},
    )


def _taken(event: dict[str, Any]) -> tuple[float, float, float]:
    wall = event.get("dur", 0)
    return event["ts"], wall, event.get("tdur", wall)


def _framed(
    tasks: list[tuple[float, float, float]], which: int, begin: float, end: float
) -> list[float]:
    """Sum up each sixtieth of a second; a task is of the frame in which it began."""
    sums = [0.0] * (int((end - begin) / FRAME_US) + 1)
    for task in tasks:
        at = int((task[0] - begin) / FRAME_US)
        if 0 <= at < len(sums):
            sums[at] += task[which] / 1000
    return sums
