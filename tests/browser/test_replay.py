"""Replay of what is longer than a page can hold, and of what is broken."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.long_log import lengthen
from tests.browser.race import QUICK
from tests.browser.tab import Tab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# Over what the page keeps, so that it has to ask again.
LONG_BYTES = int(os.environ.get("BENCHRACE_REPLAY_MIB", "48")) << 20
HEAP_BYTES = 150 << 20
TASKS = """window.tasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) window.tasks.push([startTime, duration]);
}).observe({ type: 'longtask', buffered: true });"""
SEEK = """(range, at) => {
  range.value = at;
  range.dispatchEvent(new Event('input', { bubbles: true }));
}"""


async def _run(fleet: Fleet) -> tuple[str, Path]:
    run_id = await fleet.submit(**QUICK)
    assert (await fleet.over(run_id))["state"] == "done"
    return run_id, fleet.data / "runs" / run_id / "events.ndjson"


async def _heap(one: Tab) -> int:
    session = await one.page.context.new_cdp_session(one.page)
    await session.send("HeapProfiler.collectGarbage")
    metrics: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    return int(metrics["usedSize"] + metrics.get("backingStorageSize", 0))


async def test_a_log_longer_than_a_page_can_hold_plays_to_and_fro(
    tab: OpenTab, fleet: Fleet
) -> None:
    run_id, path = await _run(fleet)
    size = lengthen(path, LONG_BYTES)
    one = await tab()
    await one.page.add_init_script(TASKS)
    requests: list[str] = []
    one.page.on("request", lambda request: requests.append(request.url))
    await one.open(f"/runs/{run_id}/replay")
    await one.page.get_by_role("progressbar").wait_for()
    pause = one.page.get_by_role("button", name="Pause")
    await pause.wait_for(timeout=500_000)
    loaded = len(requests)
    await one.page.get_by_role("button", name="100×").click()
    place = one.page.get_by_role("slider", name="Position")
    await one.page.get_by_role("button", name="Skip to end").click()
    await one.page.get_by_role("button", name="Play again").wait_for(timeout=60_000)
    over = one.main(".pip:not(.open)")
    rounds = 2 * (QUICK["rounds"] + 1)
    await expect(one.main("svg .dot")).to_have_count(2 * QUICK["rounds"])
    most = float(await place.get_attribute("max") or 0)
    for part in (0.1, 0.9, 0.55, 0.02, 0.99):
        await place.evaluate(SEEK, most * part)
        await expect(over).to_have_count(int(rounds * part), timeout=60_000)
    assert len(requests) > loaded, "nothing was fetched again"
    heap = await _heap(one)
    tasks = await one.page.evaluate("window.tasks")
    print(f"{size} bytes, heap {heap}, long tasks (start, ms) {tasks}")
    assert heap < HEAP_BYTES


async def test_a_broken_log_plays_and_says_what_is_missing(tab: OpenTab, fleet: Fleet) -> None:
    run_id, path = await _run(fleet)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b'{"type":"progr\n', *lines[1:-3], lines[-3][:-20]]))
    one = await tab()
    await one.open(f"/runs/{run_id}/replay")
    await one.see("The log ends early")
    await one.see("The log is damaged")
    await one.page.get_by_role("button", name="Skip to end").click()
    await one.page.get_by_role("button", name="Play again").wait_for()
