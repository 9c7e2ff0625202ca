"""Files that rounds made, in a browser: pictures are seen, and nothing of them ever runs."""

import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Download, Page, expect

from tests.browser import making
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

RACE: dict[str, Any] = {
    "kind": "compute",
    "params": {"n": 1000},
    "lanes": [{"backend": "maker"}],
    "rounds": 1,
    "warmup": 0,
}


@pytest.fixture(scope="module")
async def fleet(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("making")
    started = Fleet(folder, **making.install(folder / "site"))
    try:
        await started.start_central()
        await started.start_agent()
        yield started
    finally:
        await started.close()


async def download(page: Page, address: str) -> Download:
    """Go to an address as a link from elsewhere would, and take what it starts."""
    async with page.expect_download() as started:
        await page.evaluate("(to) => { location.href = to }", address)
    return await started.value


async def test_a_picture_is_seen_and_nothing_else_is_opened(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**RACE)
    one = await tab()
    await fleet.over(run_id)
    await one.open(f"/runs/{run_id}?tab=output")
    panel = one.page.get_by_role("region", name="Artifacts", exact=True)
    picture = panel.get_by_role("img", name=re.compile("seen.png"))
    await picture.scroll_into_view_if_needed()
    await picture.and_(one.page.locator("img")).wait_for()
    # Polled outside the page: its content policy refuses the eval of wait_for_function.
    await expect(picture).to_have_js_property("naturalWidth", 1)
    box = await picture.bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (160, 160)
    assert await panel.locator("img").count() == 1
    links = panel.locator("a[download]")
    await links.nth(2).wait_for()
    assert await links.all_inner_texts() == ["page.png", "drawn.svg", "page.html"]
    for name, _, data in making.FILES[1:]:
        async with one.page.expect_download() as started:
            await panel.get_by_role("link", name=name, exact=True).click()
        assert (await (await started.value).path()).read_bytes() == data


async def test_an_address_of_a_page_or_drawing_is_never_rendered(
    tab: OpenTab, fleet: Fleet
) -> None:
    run_id = await fleet.submit(**RACE)
    await fleet.over(run_id)
    one = await tab()
    await one.open(f"/runs/{run_id}?tab=output")
    await (
        one.page.get_by_role("region", name="Artifacts", exact=True)
        .locator("a[download]")
        .nth(2)
        .wait_for()
    )
    before = one.page.url
    for data in (making.HTML, making.SVG):
        sha256 = hashlib.sha256(data).hexdigest()
        taken = await download(one.page, f"/api/runs/{run_id}/artifacts/{sha256}")
        assert (await taken.path()).read_bytes() == data
        assert one.page.url == before
    shown = hashlib.sha256(making.PNG).hexdigest()
    # The style that a browser gives a picture is refused too, and it says so: nobody listens here.
    other = await one.page.context.new_page()
    await other.goto(f"{fleet.url}/api/runs/{run_id}/artifacts/{shown}")
    assert await other.evaluate("document.contentType") == "image/png"
    assert await other.evaluate("self.origin") == "null"
