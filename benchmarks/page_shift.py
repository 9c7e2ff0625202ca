"""Measure how much the race page moves while somebody watches a whole race.

    python -m benchmarks.page_shift [--rounds N] [--lanes L] [--pictures DIR]

A central and an agent run a race of the kernels; Chromium opens its page before it begins and adds
up every layout shift until the result stands, on a desktop and on a phone. It is the plain sum, not
the worst five seconds of the Web Vitals. The goal: below 0.05. `--pictures` keeps one picture a
second.
"""

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import FLAGS
from tests.browser.fleet import OVER, Fleet

GOAL = 0.05
SETTLED_MS = 2_500
SHOWN = 8
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
KERNELS = ("segmented_sieve", "simple_sieve", "trial_division")
WATCH = """globalThis.shifts = [];
const named = ({ node, previousRect: was, currentRect: is }) => {
  const element = node?.nodeType === 1 ? node : node?.parentElement;
  const name = element ? `${element.tagName.toLowerCase()}.${element.className}` : 'gone';
  return `${name} from ${was.x},${was.y} to ${is.x},${is.y}`;
};
new PerformanceObserver((list) => {
  for (const { value, startTime, hadRecentInput, sources } of list.getEntries()) {
    if (!hadRecentInput) shifts.push([startTime, value, sources.map(named)]);
  }
}).observe({ type: 'layout-shift', buffered: true });"""


def spec(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return a race whose rounds take some tenths of a second."""
    params = {"n": 3_000_000, "threads": 1}
    lanes = [
        {"label": f"{KERNELS[index % 3]} {index + 1}", "params": {"algorithm": KERNELS[index % 3]}}
        for index in range(chosen.lanes)
    ]
    return {"kind": "compute", "params": params, "lanes": lanes, "rounds": chosen.rounds}


async def measure(browser: Browser, fleet: Fleet, name: str, chosen: argparse.Namespace) -> float:
    """Watch one race and return the sum of its layout shifts."""
    page = await browser.new_page(**SIZES[name])
    await page.add_init_script(WATCH)
    run_id = await fleet.submit(**spec(chosen))
    await page.goto(f"{fleet.url}/runs/{run_id}")
    number = 0
    while (await fleet.get(f"/api/runs/{run_id}"))["state"] not in OVER:
        await picture(page, chosen.pictures, f"{name}-{number:02}")
        number += 1
        await asyncio.sleep(1)
    await page.locator("dd.state:not(.running, .queued)").wait_for()
    await page.wait_for_timeout(SETTLED_MS)
    await picture(page, chosen.pictures, f"{name}-end")
    shifts: list[tuple[float, float, list[str]]] = await page.evaluate("shifts")
    await page.close()
    total = sum(value for _, value, _ in shifts)
    print(f"{name}: {total:.4f} in {len(shifts)} shifts")
    for at_ms, value, sources in sorted(shifts, key=lambda shift: -shift[1])[:SHOWN]:
        print(f"  {value:.4f} after {at_ms / 1000:.1f} s: {'; '.join(sources)}")
    return total


async def picture(page: Page, folder: Path | None, name: str) -> None:
    if folder is not None:
        await page.screenshot(path=folder / f"{name}.png")


async def run(chosen: argparse.Namespace) -> bool:
    """Measure each size of the page; true where all meet the goal."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder))
        try:
            await fleet.start_central()
            await fleet.start_agent()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS
                )
                totals = [await measure(browser, fleet, name, chosen) for name in SIZES]
                await browser.close()
        finally:
            await fleet.close()
    return max(totals) < GOAL


def main() -> None:
    """Measure, print, and exit with 1 above the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lanes", type=int, default=3)
    parser.add_argument("--pictures", type=Path)
    chosen = parser.parse_args()
    if chosen.pictures is not None:
        chosen.pictures.mkdir(parents=True, exist_ok=True)
    good = asyncio.run(run(chosen))
    print("\nwithin the goal" if good else f"\nNOT within the goal of {GOAL}")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
