"""The built page, Chromium for all modules, and for each module a fleet to look at."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import benchrace_ui
import pytest
from playwright.async_api import Browser, async_playwright, expect

from benchrace.testing.limits import HANG_S
from tests.browser.fleet import Fleet
from tests.browser.tab import Tab, open_tab

# Root in a container has no sandbox; the rest keeps Chromium from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SHELL = "chromium-headless-shell"
OpenTab = Callable[..., Awaitable[Tab]]

# What a test expects waits 5 s by itself, whatever the default of a tab.
expect.set_options(timeout=HANG_S * 1000)


def lacking(reason: str) -> NoReturn:
    """Skip on a machine that lacks something; where all must be tested, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="package")
def anyio_backend() -> str:
    """One loop for all modules: Playwright's objects belong to the loop that made them."""
    return "asyncio"


@pytest.fixture(scope="package")
def chromium() -> str:
    try:
        benchrace_ui.static_folder()
    except FileNotFoundError as error:
        lacking(str(error))
    # The whole browser draws a window as well, which nobody sees, and takes twice the time.
    path = shutil.which(SHELL) or shutil.which("chromium")
    if path is None:
        lacking(f"no chromium: apt-get install -y --no-install-recommends {SHELL}")
    return path


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    # Chromium has a socket in TMPDIR, whose path may have 107 characters.
    with TemporaryDirectory(dir="/tmp") as short:
        async with async_playwright() as playwright:
            started = await playwright.chromium.launch(
                executable_path=chromium, args=FLAGS, env={**os.environ, "TMPDIR": short}
            )
            yield started
            await started.close()


@pytest.fixture(scope="module")
async def fleet(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    started = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        await started.start_central()
        await started.start_agent()
        yield started
    finally:
        await started.close()


@pytest.fixture
async def tab(browser: Browser, fleet: Fleet) -> AsyncIterator[OpenTab]:
    """Open tabs; after the test, none of them may have seen anything wrong."""
    tabs: list[Tab] = []
    async with AsyncExitStack() as stack:

        async def open_one(**context: Any) -> Tab:
            opened = await open_tab(browser, fleet.url, **context)
            stack.push_async_callback(opened.page.context.close)
            tabs.append(opened)
            return opened

        yield open_one
        wrongs = [wrong for opened_tab in tabs for wrong in opened_tab.wrongs]
    assert wrongs == []
