"""What a large fleet costs central, and a browser that watches one of its races.

64 simulated machines with eight lanes each race in eight runs: 512 lanes at one central.
Prints central's CPU, the events per second, the page's frames per second, and what a frame
costs the page.

    python -m benchmarks.fleet [--machines 64] [--lanes 8] [--seconds 30] [--no-page]
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from playwright.async_api import async_playwright

from benchmarks.page_trace import shares
from benchmarks.page_weight import trace
from benchmarks.simulated_fleet import (
    WAIT_S,
    Central,
    cpu_s,
    ended,
    lane,
    race,
    start_fleet,
    until,
)
from benchrace_simulated.profiles import Seat, seats
from tests.browser.conftest import FLAGS

# Some tokens a second from each machine: one computer plays all of them.
MODEL, ROUND_S = "demo-8b-q8", 4.0
# A run may have so many lanes.
MOST = 64
GOAL_CORES = 1.0
GOAL_FRAMES = 60
TRACED_S = 6.0
# While a page opens it draws what happened before, all at once.
OPENS_S = 2.0
NICE = 19
FRAMES = """(seconds) => new Promise((done) => {
  let frames = 0, longest = 0, last = performance.now();
  const end = last + seconds * 1000;
  const step = (now) => {
    frames += 1;
    longest = Math.max(longest, now - last);
    last = now;
    if (now < end) requestAnimationFrame(step);
    else done([frames, longest]);
  };
  requestAnimationFrame(step);
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--machines", type=int, default=64)
    parser.add_argument("--lanes", type=int, default=8, help="of each machine")
    parser.add_argument("--seconds", type=float, default=30.0, help="that are measured")
    parser.add_argument("--no-page", action="store_true")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchrace-fleet-"))
    central = Central(folder)
    processes: list[Any] = []
    try:
        with ended(processes):
            central.start()
            processes.append(central.process)
            processes.append(start_fleet(central.url, folder / "machines", chosen.machines))
            _yield_cores(processes[1].pid)
            until(lambda: central.ready(chosen.machines), "the machines do not link", processes[1])
            runs = _runs(central, seats(chosen.machines), chosen.lanes, chosen.seconds)
            for run in runs:
                until(partial(_racing, central, run), "the races do not begin")
            cores = _measure(central, runs, chosen)
            if not chosen.no_page:
                others = {"central": central.ps, "simulators": psutil.Process(processes[1].pid)}
                asyncio.run(_watch(f"{central.url}/runs/{runs[0]}", chosen.seconds, others))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    raise SystemExit(1 if cores > GOAL_CORES else 0)


def _runs(central: Central, fleet: tuple[Seat, ...], lanes: int, seconds: float) -> list[str]:
    """Start as many runs as the lanes need, each long enough; return their ids."""
    together = max(1, MOST // lanes)
    # Lanes of a machine take turns.
    rounds = max(1, round((seconds * 4 + 60) / ROUND_S / lanes))
    return [
        central.submit(
            race(
                [
                    lane(seat, ROUND_S, f"{seat.label} {number + 1}", MODEL)
                    for seat in fleet[at : at + together]
                    for number in range(lanes)
                ],
                rounds,
            )
        )
        for at in range(0, len(fleet), together)
    ]


def _racing(central: Central, run_id: str) -> bool:
    run = central.get(f"/api/runs/{run_id}")
    if run["state"] not in ("queued", "running"):
        raise SystemExit(f"{run_id} is {run['state']}: {run['failure']}")
    return any(lane_["counted"] for lane_ in run["lanes"])


def _lines(central: Central, runs: list[str]) -> int:
    logs = [central.data / "runs" / run / "events.ndjson" for run in runs]
    return sum(log.read_bytes().count(b"\n") for log in logs)


def _measure(central: Central, runs: list[str], chosen: argparse.Namespace) -> float:
    """Measure central alone, since a browser takes processors as well; return its cores."""
    before, lines, began = cpu_s(central.ps), _lines(central, runs), time.monotonic()
    time.sleep(chosen.seconds)
    wall_s, taken_s = time.monotonic() - began, cpu_s(central.ps) - before
    events = _lines(central, runs) - lines
    _show("machines and lanes", f"{chosen.machines} x {chosen.lanes}")
    _show("measured", f"{wall_s:.0f} s, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    _show("events", f"{events / wall_s:.0f} per second")
    _show("central", f"{taken_s / wall_s:.2f} cores ({taken_s:.1f} CPU s), goal {GOAL_CORES:g}")
    _show("central", f"{1e6 * taken_s / max(1, events):.0f} µs per event")
    _show("central", f"{central.ps.memory_info().rss / 1e6:.0f} MB")
    return taken_s / wall_s


async def _watch(url: str, seconds: float, others: dict[str, psutil.Process]) -> None:
    """Show the frames per second of the page of a race, and what a frame costs.

    Simulators and central take processors that a viewer's computer has for itself: what they and
    the browser take is shown beside the frames. A frame's cost is the time of the threads by their
    own clocks.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS
        )
        others = others | {"browser": _browser()}
        page = await browser.new_page()
        page.set_default_timeout(WAIT_S * 1000)
        await page.goto(url)
        await page.locator("li.lane").first.wait_for()
        await page.wait_for_timeout(OPENS_S * 1000)
        before, idle, began = _taken_s(others), psutil.cpu_times().idle, time.monotonic()
        frames, longest = await page.evaluate(FRAMES, seconds)
        wall_s = time.monotonic() - began
        spent = {name: (taken - before[name]) / wall_s for name, taken in _taken_s(others).items()}
        free = (psutil.cpu_times().idle - idle) / wall_s
        traced = shares(await trace(await page.context.new_cdp_session(page), TRACED_S))
        await browser.close()
    _show("page", f"{frames / seconds:.1f} frames per second, goal {GOAL_FRAMES}")
    _show("page", f"{longest:.0f} ms for its longest frame")
    _show("meanwhile", ", ".join(f"{name} {cores:.2f} cores" for name, cores in spent.items()))
    _show("meanwhile", f"{free:.2f} of {psutil.cpu_count()} cores idle")
    # A slow page draws fewer frames than a sixtieth of a second each: both are shown.
    for name, times_ms in (
        ("main thread", traced.cpu_ms),
        ("raster threads", traced.raster_ms),
        ("compositor", traced.compositor_ms),
        ("display", traced.display_ms),
    ):
        mean, drawn = sum(times_ms) / len(times_ms), sum(times_ms) / max(1, traced.frames)
        _show("page", f"{name} {mean:.1f} ms per 1/60 s, {drawn:.1f} ms per frame drawn")
    _show("page", f"{traced.longest_ms:.0f} ms for its longest task, by its own clock")


def _yield_cores(pid: int) -> None:
    """Run a process behind central and the browser: it stands for other computers."""
    psutil.Process(pid).nice(NICE)
    # Where Linux schedules sessions as groups, niceness counts only inside of each.
    group = Path(f"/proc/{pid}/autogroup")
    if group.exists():
        group.write_text(str(NICE))


def _browser() -> psutil.Process:
    """Return the browser's first process, of which all others are children."""
    every = psutil.Process().children(recursive=True)
    return next(process for process in every if "chrom" in process.name())


def _taken_s(processes: dict[str, psutil.Process]) -> dict[str, float]:
    """Return the CPU seconds of each process with its children, those that have ended too."""
    return {
        name: sum(sum(one.cpu_times()[:4]) for one in (process, *process.children(recursive=True)))
        for name, process in processes.items()
    }


def _show(name: str, value: str) -> None:
    print(f"{name:<20}{value}", flush=True)


if __name__ == "__main__":
    main()
