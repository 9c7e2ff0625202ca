"""What axe finds wrong in a page that is shown, in both themes."""

from pathlib import Path
from typing import Literal

from tests.browser.conftest import lacking
from tests.browser.tab import Tab

_AXE = Path(__file__).resolve().parents[2] / "ui/node_modules/axe-core/axe.min.js"
_FOUND = """async (rules) => {
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  const { passes, violations } = await axe.run(options);
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const words = ({ id, nodes }) => nodes.map((each) => `${id}: ${each.target} ${each.html}`);
  return { passed: passes.map(({ id }) => id), serious: serious.flatMap(words) };
}"""
CONTRAST = "color-contrast"
_RULES: dict[Literal["light", "dark"], list[str] | None] = {"light": None, "dark": [CONTRAST]}


async def serious_faults(tab: Tab, passing: str = CONTRAST) -> list[str]:
    """Return what is serious: of the light page by every rule, of the dark one by its contrast.

    The themes differ in their colours alone. `passing` is a rule that must have had something to
    check, so that an empty page does not pass.
    """
    if not _AXE.is_file():
        lacking("no axe: `make install` builds the page and brings it")
    await tab.page.evaluate(_AXE.read_text())
    faults: list[str] = []
    for theme, rules in _RULES.items():
        await tab.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        result = await tab.page.evaluate(_FOUND, rules)
        assert (CONTRAST if rules else passing) in result["passed"]
        faults += [f"{theme}: {fault}" for fault in result["serious"]]
    return faults
