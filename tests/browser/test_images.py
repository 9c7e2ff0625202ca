"""A race of images on the page: set up, watched, looked at and held against each other."""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import anyio
import pytest
from anyio import to_thread
from playwright.async_api import expect

from benchrace.testing.limits import HANG_S
from tests.browser.axe import serious_faults
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.test_access import WIDTHS

pytest.importorskip("benchrace_comfyui")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

HERE = Path(__file__).resolve().parents[2] / "plugins/comfyui/tests"
LITE = "lite_random_sd15.safetensors"


def tell(engine: str, **changes: Any) -> None:
    with urlopen(Request(f"{engine}/_stand_in", data=json.dumps(changes).encode()), timeout=HANG_S):
        pass


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """The address of a stand-in for ComfyUI with a GPU."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stand_in"], cwd=HERE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"
    tell(url, device="a GPU")
    yield url
    process.terminate()
    process.wait(HANG_S)
    process.stdout.close()


@pytest.fixture(scope="module")
async def fleet(
    chromium: str, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("images")
    config = str(folder / "config")
    started = Fleet(folder, COMFYUI_BASE_URL=engine, BENCHRACE_CONFIG_DIR=config)
    try:
        await started.start_central()
        await started.start_agent()
        yield started
    finally:
        await started.close()


async def compared(fleet: Fleet, run_id: str) -> dict[str, Any]:
    async with fleet.patience("its images are not compared"):
        while True:
            files: dict[str, Any] = await fleet.get(f"/api/runs/{run_id}/artifacts")
            if not files["comparing"] and len(files["artifacts"]) == 4:
                return files
            await anyio.sleep(0.1)


async def test_a_race_is_set_up_from_what_the_engine_has(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab(reduced_motion="reduce")
    await one.open("/")
    await one.page.get_by_role("link", name="Images", exact=True).click()
    await one.page.wait_for_url(re.compile("/image"))
    await one.main("label").filter(has_text=LITE).get_by_role("checkbox").check()
    await one.page.get_by_role("group", name="Size").get_by_role("button", name="768").click()
    await one.page.get_by_role("group", name="Steps").get_by_role("button", name="50-").click()
    await expect(one.page.get_by_label("Width")).to_have_value("768")
    await expect(one.page.get_by_role("textbox", name="Steps")).to_have_value("50")
    options = one.page.locator("#param-sampler-list option")
    await options.first.wait_for(state="attached")
    assert "dpmpp_2m" in [await option.get_attribute("value") for option in await options.all()]
    await one.see("1 lane ready")


async def test_a_race_is_watched_and_its_images_are_held_against_each_other(
    tab: OpenTab, fleet: Fleet, engine: str
) -> None:
    await to_thread.run_sync(partial(tell, engine, step_ms=500.0))
    lanes = [{"backend": "comfyui", "params": {"sampler": name}} for name in ("euler", "lms")]
    params = {"model": LITE, "steps": 50, "width": 64, "height": 64}
    run_id = await fleet.submit(kind="txt2img", params=params, lanes=lanes, rounds=2, warmup=0)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    live = one.page.get_by_role("region", name="Images")
    await live.get_by_text(re.compile(r"Step \d+ of 50")).wait_for()
    assert (await fleet.get(f"/api/runs/{run_id}/artifacts"))["comparing"]
    await to_thread.run_sync(partial(tell, engine, step_ms=1.0))
    await one.state("finished")
    files = await compared(fleet, run_id)
    assert [lane["n"] for lane in files["likeness"].values()] == [0, 2]
    await one.page.get_by_role("tab", name="Images").click()
    gallery = one.page.get_by_role("region", name="Gallery")
    pictures = gallery.locator("img")
    await expect(pictures).to_have_count(4)
    await pictures.last.scroll_into_view_if_needed()
    await expect(pictures.last).to_have_js_property("naturalWidth", 8)
    await expect(gallery.get_by_text(re.compile(r"Seed \d+"))).to_have_count(2)
    await expect(gallery).to_contain_text("per image")
    alike = one.page.get_by_role("region", name="How alike")
    await alike.get_by_text(re.compile("^SSIM")).wait_for()
    async with one.page.expect_download() as started:
        await gallery.get_by_role("link", name=re.compile("^Download")).first.click()
    assert b'"seed"' in (await (await started.value).path()).read_bytes()
    await gallery.get_by_role("button", name="Compare images of round 1").click()
    slider = one.page.get_by_role("slider")
    await slider.focus()
    await one.page.keyboard.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", re.compile("^0 %.*100 %"))
    for width in WIDTHS:
        await one.page.set_viewport_size({"width": width, "height": 900})
        assert await one.wider() == 0
        if folder := os.environ.get("BENCHRACE_SCREENSHOTS"):
            await one.shoot(Path(folder) / f"images-{width}.png")
    # It looks at both themes.
    assert await serious_faults(one) == []
