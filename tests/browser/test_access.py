"""Everybody can use the pages: by keyboard alone, in the dark, read aloud; axe looks for more."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.axe import serious_faults
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.race import QUICK
from tests.browser.tab import Tab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

OUTLINED = """() => {
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
  return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
}"""
IS_FOCUSED = "(wanted) => document.activeElement === wanted"
FURTHEST = 60  # presses of Tab
# With a plugin for it there is a form, without one what to install.
FORM_OR_REMEDY = re.compile("Workload|pip install|has no plugin for it yet")
# Whether a plugin for this work is installed is for the machine to say.
FORM_OR_HELP = re.compile("Start the race|pip install|has no plugin for it yet")
# They differ in colours, whose contrast axe checks: the dark one is opened for its pictures.
THEMES = ("light", "dark") if os.environ.get("BENCHRACE_SCREENSHOTS") else ("light",)
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
async def places(fleet: Fleet) -> dict[str, tuple[str, str | re.Pattern[str]]]:
    """Every page: its address, and a text that shows that it is there."""
    ids = [await fleet.submit(**QUICK | {"name": name}) for name in ("Before", "After")]
    for run_id in ids:
        await fleet.over(run_id)
    before, after = ids
    return {
        "new": ("/", FORM_OR_REMEDY),
        "inference": ("/inference", FORM_OR_REMEDY),
        "compute": ("/compute", "2 lanes ready"),
        "images": ("/image", FORM_OR_HELP),
        "speech": ("/whisper", FORM_OR_HELP),
        "runs": ("/runs", "Before"),
        "run": (f"/runs/{before}", "All metrics"),
        **{
            f"run-{part}": (f"/runs/{before}?tab={part}", sign)
            for part, sign in (
                ("rounds", "Every round"),
                ("machines", "Test system"),
                ("settings", "Parameters"),
            )
        },
        "replay": (f"/runs/{before}/replay", "Skip to end"),
        "compare": (f"/compare?a={before}&b={after}", "matched by"),
        "fleet": ("/fleet", "Services"),
        "machine": ("/machines/box", "Save settings"),
        "series": ("/runs?group=series", "A change compares the newest run"),
        "three": (f"/compare?a={before}&b={after}&c={before}", "Match lanes by hand"),
    }


async def visit(tab: Tab, place: tuple[str, str | re.Pattern[str]]) -> None:
    address, sign = place
    await tab.open(address)
    await tab.see(sign)
    await tab.quiet()


async def tab_to(tab: Tab, name: str, role: Any) -> None:
    """Press Tab until this control has the focus; each stop on the way must be seen."""
    wanted = tab.page.get_by_role(role, name=name, exact=True).first
    for _ in range(FURTHEST):
        await tab.page.keyboard.press("Tab")
        assert await tab.page.evaluate(OUTLINED), await tab.page.evaluate(
            "document.activeElement.outerHTML"
        )
        if await wanted.evaluate(IS_FOCUSED):
            return
    raise AssertionError(f"no way to {name} with {FURTHEST} presses of Tab")


async def test_a_keyboard_alone_runs_a_race(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab(reduced_motion="reduce")
    await one.open("/compute")
    await one.see("Start the race")
    keyboard = one.page.keyboard
    await tab_to(one, "N", "combobox")
    await keyboard.type("2M")
    await tab_to(one, "Parameter to compare", "combobox")
    await keyboard.type("Alg")
    await tab_to(one, "Values of Algorithm, separated by commas", "textbox")
    await keyboard.press("Control+a")
    await keyboard.type("segmented_sieve, simple_sieve")
    await tab_to(one, "Create 2 lanes", "button")
    await keyboard.press("Enter")
    await one.see("2 lanes ready")
    await tab_to(one, "Start the race", "button")
    await keyboard.press("Space")
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    run = await fleet.over(one.page.url.rpartition("/")[2])
    assert [lane["params"]["algorithm"] for lane in run["lanes"]] == [
        "segmented_sieve",
        "simple_sieve",
    ]


async def test_axe_finds_nothing_serious(
    tab: OpenTab, places: dict[str, tuple[str, str | re.Pattern[str]]]
) -> None:
    one = await tab(reduced_motion="reduce")
    faults: dict[str, list[str]] = {}
    for name, place in places.items():
        await visit(one, place)
        faults[name] = await serious_faults(one)
        if name == "images":
            # Without an engine for images, the form shows why central refuses its plan.
            one.wrongs[:] = [wrong for wrong in one.wrongs if "422" not in wrong]
    assert {name: texts for name, texts in faults.items() if texts} == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_picture_of_each_page(
    tab: OpenTab, places: dict[str, tuple[str, str | re.Pattern[str]]], theme: str, width: int
) -> None:
    folder = os.environ.get("BENCHRACE_SCREENSHOTS")
    if not folder:
        pytest.skip("BENCHRACE_SCREENSHOTS names no folder for them")
    one = await tab(color_scheme=theme, viewport={"width": width, "height": 900})
    for name, place in places.items():
        await visit(one, place)
        await one.shoot(Path(folder) / f"{name}-{width}-{theme}.png")
