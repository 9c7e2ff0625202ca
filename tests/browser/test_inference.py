"""Language models on the page: chosen, raced, read, compared and cared for, against a stand-in."""

import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import anyio
import pytest
from playwright.async_api import Route, expect

from benchrace.testing.limits import HANG_S
from tests.browser.axe import serious_faults
from tests.browser.conftest import OpenTab, lacking
from tests.browser.fleet import Fleet
from tests.browser.tab import Tab
from tests.browser.test_access import THEMES, WIDTHS, tab_to
from tests.engine.llama_server import serving
from tests.engine.models import Models

pytest.importorskip("benchrace_ollama")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

HERE = Path(__file__).resolve().parents[2] / "plugins/ollama/tests"
RACE: dict[str, Any] = {
    "kind": "llm_generate",
    "params": {"max_tokens": 40, "temperature": 0, "prompt": "bako remi of kola"},
    "rounds": 2,
    "warmup": 0,
}


class Engine:
    """The stand-in for Ollama, on a port of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stand_in"], cwd=HERE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def tell(self, **result: Any) -> None:
        with urlopen(
            Request(f"{self.url}/_stand_in", data=json.dumps(result).encode()), timeout=HANG_S
        ):
            pass

    def close(self) -> None:
        assert self.process.stdout is not None
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    started = Engine()
    started.tell(model="tiny", token_ms=8.0)
    started.tell(model="small", token_ms=20.0)
    yield started
    started.close()


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a real llama.cpp with a tiny model, empty where there is none."""
    if find_spec("xllamacpp") is None or find_spec("benchrace_openai") is None:
        yield ""
        return
    model = Models(tmp_path_factory.mktemp("models")).path("tiny")
    with serving(model, slots=1, context=4096, alias="random-words") as running:
        yield running.url


@pytest.fixture(scope="module")
async def fleet(
    chromium: str, engine: Engine, llama: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("inference")
    settings = {"OLLAMA_BASE_URL": engine.url, "BENCHRACE_CONFIG_DIR": str(folder / "config")}
    settings["OPENAI_BASE_URL"] = llama
    started = Fleet(folder, **settings)
    try:
        await started.start_central()
        await started.start_agent()
        yield started
    finally:
        await started.close()


def lane(model: str, **params: Any) -> dict[str, Any]:
    return {"backend": "ollama", "params": {"model": model, **params}}


@pytest.fixture(scope="module")
async def raced(fleet: Fleet) -> str:
    """A race of two models, beside a lane that a mock has to run."""
    refused = lane("nothing:latest", fallback="mock") | {"label": "nobody"}
    lanes = [lane("tiny:latest"), lane("small:latest"), refused]
    run_id = await fleet.submit(**RACE | {"lanes": lanes})
    await fleet.over(run_id)
    return run_id


async def require(fleet: Fleet, *models: str) -> None:
    body = {"required": {"llm": models}, "optional": {}}
    answer = await fleet.http.post(f"{fleet.url}/api/settings/model_policy", json=body)
    assert answer.status_code == 200, answer.text


async def choose(tab: Tab, *models: str) -> None:
    """Choose models by typing, as the keyboard alone does it."""
    await tab_to(tab, "Search models", "searchbox")
    for model in models:
        await tab.page.keyboard.press("Control+a")
        await tab.page.keyboard.type(model)
        await tab.main(".models > li").nth(1).wait_for(state="detached")
        await tab.page.keyboard.press("Enter")
    await tab.see(f"{len(models)} model{'s' if len(models) > 1 else ''} selected")


async def test_a_keyboard_alone_races_two_models(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab(reduced_motion="reduce")
    await one.open("/")
    await one.see("tiny:latest")
    await choose(one, "tiny:latest", "small:latest")
    await tab_to(one, "Output tokens", "textbox")
    await one.page.keyboard.type("60")
    await one.see("2 lanes ready")
    await tab_to(one, "Start the race", "button")
    await one.page.keyboard.press("Space")
    await one.page.wait_for_url("**/runs/*")
    streamed = one.main(".pane").first.filter(has_text=re.compile(r"\w+ \w+ \w+"))
    await streamed.wait_for()
    await streamed.focus()
    await one.main("dd.state").filter(has_text="running").wait_for()
    await one.see("tokens per second during a round")
    await one.state("finished")
    # What is being read stays open when it moves behind a tab.
    await expect(one.page.get_by_role("tab", name="Output")).to_be_focused()
    await one.page.wait_for_url("**/runs/*?tab=output")
    await one.page.keyboard.press("Home")
    await one.page.wait_for_url(re.compile("/runs/[^?]+$"))
    run_id = one.page.url.rpartition("/")[2]
    run = await fleet.over(run_id)
    assert [item["params"]["model"] for item in run["lanes"]] == ["tiny:latest", "small:latest"]
    assert [item["backend"] for item in run["lanes"]] == ["ollama", "ollama"]
    await one.see(run["result"]["headline"])
    await tab_to(one, "Compared with", "combobox")
    await one.page.keyboard.type("small")
    await one.page.wait_for_url(f"**/runs/{run_id}?base=lane-1")
    figure = one.main("section[aria-labelledby=metrics-title] .delta.better").first
    assert re.fullmatch(r"(\+\d+ %|[\d.]+x) better", " ".join((await figure.inner_text()).split()))
    await one.page.reload()
    await one.see("baseline")


async def test_what_a_race_of_models_says_of_its_lanes(
    tab: OpenTab, fleet: Fleet, raced: str
) -> None:
    one = await tab()
    await one.open(f"/runs/{raced}")
    # The page does not read the times of chunks.
    types = [json.loads(line)["type"] for line in fleet.stored(raced)]
    await one.wait_events(sum(name != "chunks" for name in types))
    # Two rounds of a busy computer may be too close to call.
    await one.see((await fleet.over(raced))["result"]["headline"])
    remarks = one.main("section[aria-labelledby=remarks-title] li")
    mock = remarks.filter(has_text="nobody")
    await mock.locator("li.bad").wait_for()
    text = await mock.inner_text()
    for word in ("mock", "invalid", "a mock answered"):
        assert word in text
    await one.page.get_by_role("tab", name="Output").click()
    pane = one.main("article").filter(
        has=one.page.get_by_role("heading", name="tiny:latest · fallback none")
    )
    proof = pane.locator("li").filter(has_text="warm, prompt not cached")
    await proof.wait_for()
    assert "inferred" in (await proof.get_attribute("title") or "")
    for text in ("ollama 0.33", "load ", "Last round", "Time to first token", "tok/s", "valid"):
        await expect(pane).to_contain_text(text)
    await one.page.get_by_role("tab", name="Rounds").click()
    await one.main("summary").filter(has_text="tiny:latest").click()
    facts = one.main("dl[aria-label='Facts of the last round']").first
    for fact in ("Digest", "F16", "the agent’s machine"):
        await expect(facts).to_contain_text(fact)
    await one.see("Engine settings")
    assert await one.wider() == 0


async def test_models_of_two_engines_race_each_where_it_is(
    tab: OpenTab, fleet: Fleet, llama: str
) -> None:
    if not llama:
        lacking("no llama.cpp: pip install xllamacpp")
    one = await tab()
    await one.open("/")
    await one.see("random-words")
    for model in ("random-words", "small:latest"):
        await one.main("label").filter(has_text=model).get_by_role("checkbox").check()
    await one.page.get_by_label("Output tokens").fill("60")
    await one.page.get_by_label("Counted rounds").fill("2")
    await one.see("2 lanes ready")
    await one.page.get_by_role("button", name="Start the race").click()
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    run = await fleet.over(one.page.url.rpartition("/")[2])
    assert [lane["backend"] for lane in run["lanes"]] == ["openai", "ollama"]
    assert all(lane["counted"] == 2 for lane in run["lanes"])
    await one.see(re.compile("oken counts are not comparable: "))
    await one.page.get_by_role("tab", name="Output").click()
    await one.main(".pane").nth(1).wait_for()
    engines = [await item.inner_text() for item in await one.main("article .badges").all()]
    assert "llama" in engines[0].lower()
    assert "ollama" in engines[1]
    assert len(await one.main(".pane").first.inner_text()) > 40


async def test_a_model_that_is_missing_is_pulled(tab: OpenTab, fleet: Fleet) -> None:
    await require(fleet, "brought", "tiny")
    one = await tab()
    await one.open("/")
    missing = one.main("section[aria-labelledby=missing-title]")
    await missing.get_by_text("benchrace models pull brought --machine box").wait_for()
    assert "tiny" not in await missing.inner_text()
    await missing.get_by_role("button", name="Pull brought on box").click()
    await missing.wait_for(state="detached")
    await one.see("brought:latest")
    machines = (await fleet.get("/api/machines"))["machines"]
    assert machines[0]["missing"] == {"required": [], "optional": []}


async def test_whether_a_model_fits_is_said_with_its_numbers(tab: OpenTab) -> None:
    one = await tab()
    await one.open("/")
    # No other test loads it: of a model in memory the context, and so the fit, is known.
    await one.see("embed:latest")
    row = one.main(".models > li").filter(has_text="embed:latest")
    await one.see("Whether a model fits depends on its context")
    assert await row.locator(".fit").count() == 0
    await one.page.get_by_label("Context, tokens").fill("2048")
    badge = row.locator(".fit").filter(has_text="GOOD")
    await badge.wait_for()
    words = await badge.get_attribute("title") or ""
    assert words.startswith("needs 26")
    assert "for 2,048 tokens of context" in words
    assert words in await badge.inner_text()


async def test_a_sweep_says_where_it_bends(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await one.open("/")
    seen = anyio.Event()

    async def hold(route: Route) -> None:
        await seen.wait()
        await route.continue_()

    kind = one.page.get_by_label("Kind of work")
    await expect(kind).to_be_visible()
    await one.page.route("**/api/workloads/*", hold)
    await kind.select_option("llm_serve")
    # What is entered in the form before would be lost when this one comes.
    await expect(one.main("form[aria-busy=true] [inert] [type=checkbox]").first).to_be_visible()
    seen.set()
    await one.main("label").filter(has_text="tiny:latest").get_by_role("checkbox").check()
    await one.page.get_by_label("Output tokens").fill("8")
    await one.page.get_by_label("Requests").fill("4")
    await one.page.get_by_label("Counted rounds").fill("2")
    await one.page.get_by_role("textbox", name="Sweep of streams").fill("1, 2, 4")
    await one.page.get_by_role("button", name="Sweep", exact=True).click()
    await one.see("3 lanes ready")
    await one.page.get_by_role("button", name="Start the race").click()
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    await one.see("Sweep of concurrency on box, ollama")
    table = one.page.get_by_role("region", name="Table of the sweep")
    run = await fleet.over(one.page.url.rpartition("/")[2])
    assert await table.locator("tbody tr").count() == len(run["knees"][0]["points"]) == 3


async def test_the_model_policy_says_what_is_wrong_and_where_the_old_one_is(
    tab: OpenTab, fleet: Fleet
) -> None:
    await require(fleet, "tiny")
    one = await tab()
    await one.open("/fleet")
    required = one.page.get_by_role("group", name="Required").get_by_label("Language models")
    await required.fill("tiny\nnot a name")
    save = one.page.get_by_role("button", name="Save policy")
    await save.click()
    await one.see("required.llm[1] (not a name)")
    one.wrongs = [wrong for wrong in one.wrongs if "422" not in wrong]
    assert (await fleet.get("/api/settings/model_policy"))["required"]["llm"] == ["tiny"]
    await required.fill("tiny, small")
    await save.click()
    await one.see("The previous version is in")
    stored = await fleet.get("/api/settings/model_policy")
    assert stored["required"]["llm"] == ["tiny", "small"]
    backup = await one.main("section[aria-labelledby=policy-title] [role=status] code").inner_text()
    assert '"tiny"' in await anyio.Path(backup).read_text()


async def test_an_engine_is_cared_for_after_a_second_press(tab: OpenTab, raced: str) -> None:
    one = await tab()
    await one.open("/machines/box")
    await one.page.get_by_role("button", name="Unload Ollama on box").click()
    await one.see("All models are removed from memory")
    await one.page.get_by_role("button", name="Unload Ollama", exact=True).click()
    await one.see(re.compile("Unload of ollama: done"))
    await one.page.get_by_role("button", name="Pull Ollama on box").click()
    await one.page.get_by_label("Model", exact=True).fill("nomodel")
    await one.page.get_by_role("button", name="Pull model").click()
    await one.see(re.compile("file does not exist"))
    others = one.page.get_by_role("group", name="OpenAI-compatible server on box")
    assert await others.get_by_role("button", name=re.compile("^Pull")).count() == 0


@pytest.fixture(scope="module")
async def places(fleet: Fleet, raced: str) -> dict[str, tuple[str, str]]:
    await require(fleet, "absent", "tiny")
    lanes = [lane("tiny:latest"), lane("small:latest")]
    spec = {"kind": "llm_generate", "params": {"num_ctx": 2048}, "lanes": lanes}
    return {
        "models": (f"/?spec={json.dumps(spec)}", "2 lanes ready"),
        "models-race": (f"/runs/{raced}?base=lane-1", "baseline"),
        "models-output": (f"/runs/{raced}?tab=output", "Full log"),
        "engines": ("/machines/box", "Save settings"),
    }


async def test_axe_finds_nothing_serious(tab: OpenTab, places: dict[str, tuple[str, str]]) -> None:
    one = await tab(reduced_motion="reduce")
    for name, (address, sign) in places.items():
        await one.open(address)
        await one.see(sign)
        await one.quiet()
        if name == "engines":
            await one.page.get_by_role("button", name="Reset Ollama on box").click()
        assert await serious_faults(one) == [], name


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_picture_of_each_page(
    tab: OpenTab, places: dict[str, tuple[str, str]], theme: str, width: int
) -> None:
    one = await tab(color_scheme=theme, viewport={"width": width, "height": 900})
    folder = os.environ.get("BENCHRACE_SCREENSHOTS")
    for name, (address, sign) in places.items():
        await one.open(address)
        await one.see(sign)
        await one.quiet()
        assert await one.wider() == 0, name
        if folder:
            await one.shoot(Path(folder) / f"{name}-{width}-{theme}.png")
