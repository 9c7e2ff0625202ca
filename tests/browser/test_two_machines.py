"""A race of two machines with different models, set up by clicking as a user does."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import closing
from urllib.request import Request, urlopen

import pytest
from playwright.async_api import expect

from benchrace.testing.limits import HANG_S
from tests.browser.axe import serious_faults
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.test_inference import Engine

pytest.importorskip("benchrace_ollama")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]


def bring(engine: Engine, model: str, *, token_ms: float) -> None:
    """Pull a model into an engine."""
    body = json.dumps({"model": model}).encode()
    with urlopen(Request(f"{engine.url}/api/pull", data=body), timeout=HANG_S) as answer:
        answer.read()
    engine.tell(model=model, token_ms=token_ms)


@pytest.fixture(scope="module")
async def fleet(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two agents: left alone has the model `walnut`, right alone `maple`, which is slower."""
    folder = tmp_path_factory.mktemp("two")
    fleet = Fleet(folder, BENCHRACE_CONFIG_DIR=str(folder / "config"))
    with closing(Engine()) as left, closing(Engine()) as right:
        bring(left, "walnut", token_ms=4.0)
        bring(right, "maple", token_ms=12.0)
        try:
            await fleet.start_central()
            await fleet.start_agent("left", OLLAMA_BASE_URL=left.url)
            await fleet.start_agent("right", OLLAMA_BASE_URL=right.url)
            yield fleet
        finally:
            await fleet.close()


async def test_each_model_races_where_it_is(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab(viewport={"width": 1280, "height": 900})
    await one.open("/")
    for model in ("walnut", "maple"):
        await one.main("label").filter(has_text=f"{model}:latest").get_by_role("checkbox").check()
    rows = one.main(".lanes .lane")
    await expect(rows).to_have_count(2)
    machines = [
        await row.get_by_label("Machine", exact=True).input_value() for row in await rows.all()
    ]
    assert machines == ["left", "right"]
    await one.see("2 lanes ready")
    assert await serious_faults(one) == []
    await one.page.get_by_label("Output tokens").fill("30")
    await one.page.get_by_label("Counted rounds").fill("3")
    start = one.page.get_by_role("button", name="Start the race")
    await expect(start).to_be_enabled()
    await start.click()
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    run = await fleet.over(one.page.url.rpartition("/")[2])
    raced = [(lane["machine_id"], lane["params"]["model"]) for lane in run["lanes"]]
    assert raced == [("left", "walnut:latest"), ("right", "maple:latest")]
    await expect(one.main(".headline").first).to_contain_text("walnut")


async def test_a_machine_that_lacks_the_model_is_named_with_a_way_out(tab: OpenTab) -> None:
    one = await tab(viewport={"width": 1280, "height": 900})
    await one.open("/")
    await one.main("label").filter(has_text="walnut:latest").get_by_role("checkbox").check()
    await one.page.get_by_role("button", name="One per machine").click()
    await one.see(re.compile("right: .*walnut"))
    start = one.page.get_by_role("button", name="Start the race")
    await expect(start).to_be_disabled()
    one.wrongs = [wrong for wrong in one.wrongs if "422" not in wrong]
    await one.page.get_by_role("button", name="Only left").click()
    await expect(one.main(".lanes .lane")).to_have_count(1)
    await expect(start).to_be_enabled()
    one.wrongs = [wrong for wrong in one.wrongs if "422" not in wrong]
