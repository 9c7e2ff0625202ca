"""A tab of the browser that remembers everything that must not happen in it."""

import re
from pathlib import Path
from typing import Any

import anyio
from playwright.async_api import Browser, ConsoleMessage, Dialog, Locator, Page, Response

from benchrace.testing.limits import HANG_S

WATCH = """addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))"""
SETTLED = "Promise.all(document.getAnimations().map((each) => each.finished.catch(() => 0)))"
QUIET = """async () => {
  performance.clearResourceTimings();  // The browser keeps 250, and then counts no more.
  await new Promise((done) => setTimeout(done, 150));
  const asking = [...document.querySelectorAll('main [role=status]')];
  if (asking.some((each) => each.textContent.trim().endsWith('…'))) return false;
  return performance.getEntriesByType('resource').length === 0;
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Tab:
    """`page` is Playwright's; `wrongs` are errors, policy reports, dialogs and bad answers."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.wrongs: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.wrongs.append(f"thrown: {error}"))
        page.on("response", self._answered)
        page.on("dialog", self._on_dialog)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrongs.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrongs.append(f"{response.status} {response.url}")

    async def _on_dialog(self, dialog: Dialog) -> None:
        self.wrongs.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def open(self, path: str) -> None:
        await self.page.goto(self.url + path)

    def main(self, selector: str) -> Locator:
        return self.page.locator("main").locator(selector)

    async def see(self, text: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Wait until this text is on the page."""
        element = self.page.locator("main").get_by_text(text, exact=exact)
        await element.locator("visible=true").first.wait_for()

    async def state(self, word: str) -> None:
        """Wait until the race is in this state, in the page's words."""
        await self.main("dd.state").filter(has_text=word).wait_for()

    async def quiet(self) -> None:
        """Wait until the page has asked what it asks at first, and drawn it."""
        with anyio.fail_after(HANG_S):
            while not await self.page.evaluate(QUIET):
                pass  # it waits by itself, in the page

    async def wait_events(self, events: int) -> None:
        """Wait until the page of a race has counted so many events, and see that it stays so."""
        counted = self.main("[data-events]")
        await self.main(f'[data-events="{events}"]').wait_for()
        await self.quiet()
        assert await counted.get_attribute("data-events") == str(events)

    async def wider(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(await self.page.evaluate(WIDER))

    async def shoot(self, path: Path) -> None:
        await self.page.evaluate(SETTLED)
        await self.page.screenshot(path=path, full_page=True)


async def open_tab(browser: Browser, url: str, **context: Any) -> Tab:
    """Open a tab that shares nothing with the others."""
    opened = await browser.new_context(locale="en-GB", **context)
    opened.set_default_timeout(HANG_S * 1000)
    await opened.add_init_script(WATCH)
    return Tab(await opened.new_page(), url)
