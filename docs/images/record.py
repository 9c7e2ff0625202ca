"""Record the moving picture of the README: a real race of two quantisations of one tiny model.

    .venv/bin/uv pip install pillow
    PYTHONPATH=. .venv/bin/python docs/images/record.py docs/images/text-race.webp

It starts two llama.cpp servers, a central and an agent, as the tests do, and photographs the race
page in Chromium until the race is over. `--still docs/images/text-race.png` keeps a picture of the
finished race as well. Take them on a quiet machine.
"""

import argparse
import asyncio
import io
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page, async_playwright

from tests.browser.conftest import FLAGS
from tests.browser.fleet import OVER, Fleet
from tests.engine.llama_server import serving
from tests.engine.models import Models

SIZE = {"width": 1180, "height": 790}
STILL_SIZE = {"width": 1280, "height": 1100}
SCALE = 0.72
FRAME_S = 0.2
STILL_MS = 3_000
MAX_FRAMES = 240
QUALITY = 62
QUANTS = ("f16", "q8_0")
SPEC: dict[str, Any] = {
    "kind": "llm_generate",
    "name": "f16 vs q8_0 of one small model",
    "params": {"max_tokens": 64, "temperature": 0, "prompt": "bako remi of kola"},
    "lanes": [
        {"label": quant, "backend": "openai", "params": {"server": quant, "model": quant}}
        for quant in QUANTS
    ],
    "rounds": 6,
    "warmup": 1,
    "order": "abba",
    "resident": "many",
}

Frame = tuple[Image.Image, int]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", default="slow", help="of the model")
    parser.add_argument("--still", type=Path, help="where to put a picture of the finished race")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = Models(folder)
        first, second = (models.path(arguments.shape, quant) for quant in QUANTS)
        with (
            serving(first, slots=1, context=2048, alias=QUANTS[0]) as one,
            serving(second, slots=1, context=2048, alias=QUANTS[1]) as other,
        ):
            urls = dict(zip(QUANTS, (one.url, other.url), strict=True))
            frames = await race(folder, urls, arguments.still)
    write(frames, arguments.out)
    print(f"{arguments.out}: {len(frames)} frames, {arguments.out.stat().st_size / 1e6:.2f} MB")


async def race(folder: Path, servers: dict[str, str], still: Path | None) -> list[Frame]:
    """Race on the servers, and return the frames of the page with how long each is shown, ms."""
    config = folder / "config"
    config.mkdir()
    tables = "".join(f"  - {{name: {name}, base_url: {url}}}\n" for name, url in servers.items())
    (config / "agent.yaml").write_text(f"openai:\n{tables}")
    fleet = Fleet(folder, BENCHRACE_CONFIG_DIR=str(config))
    try:
        await fleet.start_central()
        await fleet.start_agent()
        run_id = await fleet.submit(**SPEC)
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=FLAGS
            )
            page = await chromium.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
            await page.goto(f"{fleet.url}/runs/{run_id}")
            await page.locator("li.lane").nth(1).wait_for()
            frames = await photograph(page, fleet, run_id)
            if still is not None:
                await page.set_viewport_size(STILL_SIZE)  # type: ignore[arg-type]
                await page.evaluate("scrollTo(0, 0)")
                await asyncio.sleep(1)
                await page.screenshot(path=still)
            return frames
    finally:
        await fleet.close()


async def photograph(page: Page, fleet: Fleet, run_id: str) -> list[Frame]:
    frames: list[Frame] = []
    # The warm-ups are left out: the picture begins with the first round that counts.
    await page.locator(".pip.warmup:not(.open)").nth(1).wait_for(timeout=120_000)
    await page.evaluate("scrollTo(0, document.querySelector('main').offsetTop)")
    while len(frames) < MAX_FRAMES:
        began = time.monotonic()
        frames.append((await shot(page), round(FRAME_S * 1000)))
        if (await fleet.get(f"/api/runs/{run_id}"))["state"] in OVER:
            break
        await asyncio.sleep(max(0.0, FRAME_S - (time.monotonic() - began)))
        elapsed_ms = round((time.monotonic() - began) * 1000)
        frames[-1] = (frames[-1][0], elapsed_ms)
    await page.locator("svg .dot").first.wait_for()
    await asyncio.sleep(2.5)
    frames.append((await shot(page), STILL_MS))
    return frames


async def shot(page: Page) -> Image.Image:
    image = Image.open(io.BytesIO(await page.screenshot(type="png"))).convert("RGB")
    size = (round(image.width * SCALE), round(image.height * SCALE))
    return image.resize(size, Image.Resampling.LANCZOS)


def write(frames: list[Frame], out: Path) -> None:
    images = [image for image, _ in frames]
    images[0].save(
        out,
        save_all=True,
        append_images=images[1:],
        duration=[shown_ms for _, shown_ms in frames],
        loop=0,
        quality=QUALITY,
        method=4,
    )


asyncio.run(main())
