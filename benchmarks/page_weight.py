"""Measure what the race page costs a browser while every lane writes text.

    python -m benchmarks.page_weight [--minutes M] [--lanes L] [--machines N] [--page DIR]...

A central, played by a process of its own, sends `--lanes` lanes of `--rate` tokens a second each,
as central sends them: a message each 16 ms. Each lane has a machine of its own; with fewer
`--machines` lanes take turns on them. Headless Chromium shows them, drawn by software. Again and
again the page is scrolled from part to part, and for each the browser traces what its threads do.
The heap is read after a forced collection. Long tasks are watched for the whole time, and said
apart for what the script was about: the browser's main thread hands a trace over piece by piece at
its end, and a forced collection is a task too, and neither is the page's.

A frame is a sixtieth of a second, and has all tasks that began in it: by the wall clock, and by the
main thread's own clock, which leaves out what else the machine was busy with. Raster, compositor
and display threads work beside the main thread; they are measured by their own clocks as well. Two
and more `--page` folders, each a build of the page, are measured in turn, in one run. The goals:
p95 of the main thread's own clock <= 8 ms a frame, no task over 50 ms of it, and a heap that does
not grow.
"""

import argparse
import asyncio
import multiprocessing
import os
import platform
import shutil
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import benchrace_ui
from playwright.async_api import CDPSession, Page, async_playwright

from benchmarks.page_central import serve
from benchmarks.page_race import Race
from benchmarks.page_trace import Shares, shares

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
]
CATEGORIES = [
    "toplevel",
    "devtools.timeline",
    "disabled-by-default-devtools.timeline",
    "blink.user_timing",
]
TRACED_S = 6.0
PARTS = ("The race", "Output", "Rate", "Machines")
FILLED_S = 300.0  # until then the page's window of samples fills
GOAL_MS, LONGEST_MS, GROWTH = 8.0, 50.0, 1.1
DOINGS = ("scrolling", "tracing", "collecting")
COLUMNS = ("mean", "p50", "p95", "p99", "most")
WATCH = """() => {
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const each of list.getEntries()) longTasks.push(Math.round(each.duration));
  }).observe({ type: 'longtask' });
}"""


@dataclass
class Measured:
    """One page, over the whole time: what was traced of each part in sight, and the heap."""

    page: str
    windows: dict[str, list[Shares]] = field(default_factory=lambda: {part: [] for part in PARTS})
    heaps_mb: list[tuple[float, float]] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    long_ms: dict[str, list[int]] = field(default_factory=lambda: {doing: [] for doing in DOINGS})
    task_share: float = 0.0
    events: int = 0


async def measure(folder: Path, chosen: argparse.Namespace, chromium: str) -> Measured:
    """Show one build of the page for as long as was asked."""
    measured = Measured(page=str(folder))
    machines = chosen.machines or chosen.lanes
    race = Race(chosen.lanes, chosen.rate, machines, chosen.round)
    with central(folder, race) as url:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            await page.goto(f"{url}/runs/text")
            await page.locator("li.lane").nth(chosen.lanes - 1).wait_for()
            cdp = await page.context.new_cdp_session(page)
            await cdp.send("Performance.enable", {"timeDomain": "timeTicks"})
            await asyncio.sleep(chosen.settle)
            await page.evaluate(WATCH)
            await watch(measured, page, cdp, chosen.minutes * 60)
            if chosen.picture:
                await page.screenshot(path=chosen.picture)
            await browser.close()
    return measured


async def watch(measured: Measured, page: Page, cdp: CDPSession, seconds: float) -> None:
    """Watch each part in turn until the time is over, every part at least once."""
    began, busy = time.monotonic(), await task_seconds(cdp)
    while True:
        for part in PARTS:
            await page.get_by_role("heading", name=part, exact=True).scroll_into_view_if_needed()
            await page.evaluate("part => scrollBy(0, 700)" if part != PARTS[0] else "scroll(0, 0)")
            await asyncio.sleep(1)
            await long_tasks(measured, page, "scrolling")
            measured.windows[part].append(shares(await trace(cdp, TRACED_S)))
            await long_tasks(measured, page, "tracing")
        await heap(measured, cdp, began)
        await asyncio.sleep(0.5)
        await long_tasks(measured, page, "collecting")
        if time.monotonic() - began >= seconds:
            break
    measured.task_share = (await task_seconds(cdp) - busy) / (time.monotonic() - began)
    count = await page.locator("[data-events]").get_attribute("data-events")
    measured.events = int(count or 0)


async def long_tasks(measured: Measured, page: Page, doing: str) -> None:
    """Record the long tasks since the last call under what this script did meanwhile."""
    measured.long_ms[doing] += await page.evaluate("longTasks.splice(0)")


async def trace(cdp: CDPSession, seconds: float) -> list[dict[str, Any]]:
    """Return what the browser's threads did for a while."""
    events: list[dict[str, Any]] = []
    over = asyncio.Event()
    take = lambda message: events.extend(message["value"])  # noqa: E731
    done = lambda _: over.set()  # noqa: E731
    cdp.on("Tracing.dataCollected", take)
    cdp.on("Tracing.tracingComplete", done)
    config = {"includedCategories": CATEGORIES, "excludedCategories": ["*"]}
    await cdp.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
    await asyncio.sleep(seconds)
    await cdp.send("Tracing.end")
    await over.wait()
    cdp.remove_listener("Tracing.dataCollected", take)
    cdp.remove_listener("Tracing.tracingComplete", done)
    return events


async def metrics(cdp: CDPSession) -> dict[str, float]:
    answer = await cdp.send("Performance.getMetrics")
    return {metric["name"]: metric["value"] for metric in answer["metrics"]}


async def task_seconds(cdp: CDPSession) -> float:
    return (await metrics(cdp))["TaskDuration"]


async def heap(measured: Measured, cdp: CDPSession, began: float) -> None:
    """Read the heap once what is not used is gone."""
    await cdp.send("HeapProfiler.collectGarbage")
    figures = await metrics(cdp)
    measured.heaps_mb.append((time.monotonic() - began, figures["JSHeapUsedSize"] / 1e6))
    measured.nodes.append(int(figures["Nodes"]))


@contextmanager
def central(folder: Path, race: Race) -> Iterator[str]:
    """Play central in a process of its own."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, str(folder), race), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def report(measured: Measured) -> bool:
    """Print the figures of one page; true where it meets the goals."""
    seen = [window for windows in measured.windows.values() for window in windows]
    wall = [ms for window in seen for ms in window.wall_ms]
    cpu = [value for window in seen for value in window.cpu_ms]
    print(f"\npage {measured.page}: {measured.events:,} events, {len(wall):,} frames traced")
    print(f"  {'ms a frame':32}" + "".join(f"{name:>8}" for name in COLUMNS))
    for part, windows in measured.windows.items():
        row(f"main, {part!r} in sight", [value for window in windows for value in window.cpu_ms])
    row("main, its own clock", cpu)
    row("main, wall clock", wall)
    row("raster threads", [ms for window in seen for ms in window.raster_ms])
    row("compositor thread", [ms for window in seen for ms in window.compositor_ms])
    row("display thread", [ms for window in seen for ms in window.display_ms])
    frames = sum(window.frames for window in seen)
    print(f"  main, its own clock, for each frame drawn: {sum(cpu) / max(1, frames):.2f} ms")
    names = dict.fromkeys(name for window in seen for name in window.parts_ms)
    means = {
        name: statistics.fmean(window.parts_ms.get(name, 0.0) for window in seen) for name in names
    }
    print("  of which " + ", ".join(f"{name} {mean:.2f}" for name, mean in means.items()))
    drawn = frames / len(wall) * 60
    longest = max(window.longest_ms for window in seen)
    print(
        f"  {drawn:.0f} frames drawn a second,"
        f" main thread busy {measured.task_share:.0%} of the time"
    )
    slowest_ms, worked_ms = max(window.slowest_ms for window in seen)
    print(
        f"  longest task {longest:.1f} ms by its own clock, {slowest_ms:.1f} by wall:"
        f" {worked_ms:.1f} of them at work, the rest waiting for the machine"
    )
    spent = (f"{doing} {max(spans, default=0)}" for doing, spans in measured.long_ms.items())
    print(f"  longest task of 50 ms and more by wall, traced or not: {', '.join(spent)}")
    print(f"  heap {' '.join(f'{heap_mb:.1f}' for _, heap_mb in measured.heaps_mb)} MB")
    print(f"  nodes {' '.join(str(node) for node in measured.nodes)}")
    return at(cpu, 0.95) <= GOAL_MS and longest <= LONGEST_MS and flat(measured.heaps_mb)


def flat(heaps_mb: Sequence[tuple[float, float]]) -> bool:
    """Check whether the heap stays once all windows are full; a shorter look cannot tell."""
    full = [heap_mb for at_s, heap_mb in heaps_mb if at_s >= FILLED_S]
    half = len(full) // 2
    if half == 0:
        print("  too short to say whether the heap is flat: its windows fill for five minutes")
        return True
    return statistics.median(full[half:]) <= statistics.median(full[:half]) * GROWTH


def row(name: str, values: Sequence[float]) -> None:
    """Print how a list of times is spread."""
    figures = [statistics.fmean(values), *(at(values, share) for share in (0.5, 0.95, 0.99, 1))]
    print(f"  {name:32}" + "".join(f"{figure:8.2f}" for figure in figures))


def at(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values is."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> None:
    """Measure each build, and say whether the last one meets the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5, help="at least, a page")
    parser.add_argument("--lanes", type=int, default=16)
    parser.add_argument("--rate", type=float, default=200.0, help="tokens a second of a lane")
    parser.add_argument("--machines", type=int, help="default as many as lanes")
    parser.add_argument("--round", type=float, default=20.0, help="seconds")
    parser.add_argument("--settle", type=float, default=5.0, help="seconds before it is measured")
    parser.add_argument("--page", type=Path, action="append", help="a build; default the installed")
    parser.add_argument("--picture", type=Path, help="where to put a picture of the page")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no chromium: apt-get install -y --no-install-recommends chromium")
    load = ", ".join(f"{share:.1f}" for share in os.getloadavg())
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load}; drawn by software")
    machines = chosen.machines or chosen.lanes
    print(f"{chosen.lanes} lanes on {machines} machines x {chosen.rate:.0f} tokens/s,", end=" ")
    print(f"{chosen.minutes:g} minutes a page")
    good = True
    for folder in chosen.page or [benchrace_ui.static_folder()]:
        good = report(asyncio.run(measure(Path(folder), chosen, chromium)))
    print("\nwithin the goals" if good else "\nNOT within the goals")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
