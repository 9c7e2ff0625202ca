"""Take the picture of the README's race of the kernels: a real one, on this machine.

    PYTHONPATH=. .venv/bin/python docs/images/kernels.py docs/images/race.png

It starts a central and an agent, as the tests do, and photographs the page in Chromium once the
race is over. Take it on a quiet machine.
"""

import argparse
import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.browser.conftest import FLAGS
from tests.browser.fleet import Fleet

SIZE = {"width": 1280, "height": 1040}
KERNELS = ("segmented_sieve", "simple_sieve", "trial_division")
SPEC: dict[str, Any] = {
    "kind": "compute",
    "params": {"n": "auto", "threads": 0},
    "lanes": [{"label": kernel, "params": {"algorithm": kernel}} for kernel in KERNELS],
    "rounds": 5,
    "warmup": 1,
}


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(Path(folder))
        try:
            await fleet.start_central()
            await fleet.start_agent()
            run_id = await fleet.submit(**SPEC)
            await fleet.over(run_id)
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=FLAGS
                )
                page = await chromium.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
                await page.goto(f"{fleet.url}/runs/{run_id}")
                await page.locator("svg .dot").first.wait_for()
                await page.get_by_role("heading", name="All metrics").wait_for()
                await asyncio.sleep(1)
                await page.screenshot(path=out)
        finally:
            await fleet.close()


asyncio.run(main())
