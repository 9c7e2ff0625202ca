"""Read a browser trace: what its threads did in each frame."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

FRAME_US = 1_000_000 / 60
MAIN, COMPOSITOR = "CrRendererMain", "Compositor"
RASTER = "RasterTask"
# Puts the layers of all processes together: by a GPU, or where there is none by a processor.
DISPLAY = "VizCompositorThread"
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
    display_ms: list[float]
    longest_ms: float
    """By its own clock."""
    slowest_ms: tuple[float, float]
    """The longest by the wall clock, and how much of that it worked: the rest it waited."""
    frames: int
    parts_ms: dict[str, float]


def shares(events: list[dict[str, Any]]) -> Shares:
    """Divide the traced time. Frames that the page drew divide it where it drew any."""
    names = {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events
        if event.get("name") == "thread_name"
    }
    busiest: dict[int, float] = defaultdict(float)
    tasks: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    whole = [event for event in events if event.get("ph") == "X"]
    for event in whole:
        if event["name"] == "RunTask" and names.get((event["pid"], event["tid"])) == MAIN:
            busiest[event["pid"]] += event.get("dur", 0)
    if not busiest:
        raise SystemExit("the browser ended no task while it was traced: the machine is too busy")
    page = max(busiest, key=lambda pid: busiest[pid])
    parts: dict[str, float] = defaultdict(float)
    frames = 0
    for event in whole:
        name = names.get((event["pid"], event["tid"]), "")
        if event["pid"] != page and name != DISPLAY:
            continue
        if event["name"] == "RunTask":
            tasks[name].append(_taken(event))
        elif event["name"] == RASTER:
            tasks[RASTER].append(_taken(event))
        elif name == MAIN and event["name"] in PARTS:
            parts[PARTS[event["name"]]] += event.get("dur", 0) / 1000
            frames += event["name"] == "Commit"
    main = tasks[MAIN]
    begin, end = min(event[0] for event in main), max(event[0] for event in main)
    return Shares(
        wall_ms=_framed(main, 1, begin, end),
        cpu_ms=_framed(main, 2, begin, end),
        raster_ms=_framed(tasks[RASTER], 2, begin, end),
        compositor_ms=_framed(tasks[COMPOSITOR], 2, begin, end),
        display_ms=_framed(tasks[DISPLAY], 2, begin, end),
        longest_ms=max(event[2] for event in main) / 1000,
        slowest_ms=max((event[1] / 1000, event[2] / 1000) for event in main),
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
