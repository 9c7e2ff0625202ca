"""A central that asks for a token: logging in and out, only watching, a session that ends."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Request

from tests.browser.axe import CONTRAST, serious_faults
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet, Process
from tests.browser.race import LONG, QUICK, STEADY
from tests.browser.tab import Tab
from tests.browser.test_access import OUTLINED, THEMES, WIDTHS, tab_to
from tests.browser.test_steering import GONE, MANY, SOME_DONE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

OPERATOR = "the-operators-token"
WATCH = "the-watchers-token"
CONFIG = f"""\
require_token: true
operator_token: {OPERATOR}
watch: token
watch_token: {WATCH}
"""
REFUSED = "Failed to load resource: the server responded with a status of 401"


class Guarded(Fleet):
    """A fleet whose central asks people for a token, as its configuration says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.http.headers["Authorization"] = f"Bearer {OPERATOR}"
        (folder / "config").mkdir()
        (folder / "config" / "central.yaml").write_text(CONFIG)

    def _start(self, name: str, *arguments: str, **env: str) -> Process:
        config = ("--config-dir", str(self.folder / "config"))
        return super()._start(name, *arguments, *config, **env)


@pytest.fixture(scope="module")
async def fleet(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    started = Guarded(tmp_path_factory.mktemp("guarded"))
    try:
        await started.start_central()
        await started.start_agent()
        yield started
    finally:
        await started.close()


async def log_in(tab: Tab, token: str) -> None:
    await tab.page.get_by_label("Token").fill(token)
    await tab.page.get_by_role("button", name="Log in", exact=True).click()


def requests(tab: Tab) -> list[Request]:
    """Collect what a tab asks from now on."""
    sent: list[Request] = []

    def on_request(request: Request) -> None:
        sent.append(request)

    tab.page.on("request", on_request)
    return sent


def forgive(tab: Tab) -> None:
    """Forget the refusals that a test has asked for; a browser reports each of them."""
    tab.wrongs[:] = [wrong for wrong in tab.wrongs if REFUSED not in wrong and wrong[:4] != "401 "]


async def link(fleet: Fleet, *, watch: bool) -> str:
    answer = await fleet.http.post(f"{fleet.url}/api/login-link", json={"watch": watch})
    return str(answer.json()["path"])


async def test_a_link_lets_one_browser_in(tab: OpenTab, fleet: Fleet) -> None:
    path = await link(fleet, watch=False)
    one = await tab()
    sent = requests(one)
    await one.open(f"/runs{path[1:]}")
    await one.page.get_by_role("button", name="Log out").wait_for()
    assert one.page.url == f"{fleet.url}/runs"
    code = path.partition("=")[2]
    texts = [
        *(request.url for request in sent),
        *(request.headers.get("referer", "") for request in sent),
    ]
    assert not any(code in request for request in texts)
    await one.page.go_back()
    assert code not in one.page.url
    other = await tab()
    await other.open(path)
    await other.see("already been used")
    forgive(other)
    await log_in(other, WATCH)
    await other.page.get_by_role("button", name="Log out").wait_for()


async def test_in_to_a_race_and_out_again(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    sent = requests(one)
    await one.open("/compute?from=a-link")
    await one.page.get_by_role("heading", name="Log in").wait_for()
    assert await one.page.title() == "Log in · benchrace"
    assert {request.url.partition("/api")[2] for request in sent if "/api" in request.url} == {
        "/session"
    }
    await log_in(one, OPERATOR)
    await one.page.locator("#param-n").fill("2M")
    await one.page.locator("#rounds").fill("3")
    await one.see("2 lanes ready")
    await one.page.get_by_role("button", name="Start the race").click()
    await one.page.wait_for_url("**/runs/*")
    await one.state("finished")
    await one.page.reload()
    await one.state("finished")
    await one.page.get_by_role("button", name="Log out").click()
    await one.page.get_by_role("heading", name="Log in").wait_for()
    assert await one.page.get_by_role("button", name="Log out").count() == 0
    await one.page.reload()
    await one.page.get_by_role("heading", name="Log in").wait_for()
    assert not any(OPERATOR in request.url for request in sent)
    storage = await one.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert OPERATOR not in storage
    assert await one.page.evaluate("document.cookie") == ""


async def test_the_address_asked_for_comes_after_the_login(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**QUICK | {"name": "Asked for"})
    await fleet.over(run_id)
    one = await tab()
    await one.open(f"/runs/{run_id}/replay")
    await log_in(one, OPERATOR)
    await one.see("Skip to end")
    assert one.page.url == f"{fleet.url}/runs/{run_id}/replay"


async def test_a_wrong_token_is_said_to_be_wrong(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await one.open("/runs")
    await log_in(one, " ")
    await one.see("Enter the token")
    await log_in(one, "wrong")
    await one.see("does not accept this token")
    field = one.page.get_by_label("Token")
    assert await field.get_attribute("aria-invalid") == "true"
    assert await field.evaluate("(each) => each === document.activeElement")
    forgive(one)
    await log_in(one, OPERATOR)
    await one.page.get_by_role("heading", name="Runs", exact=True).wait_for()


async def test_who_watches_sees_all_and_changes_nothing(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**LONG | {"name": "Watched"})
    one = await tab()
    sent = requests(one)
    await one.open(f"/runs/{run_id}")
    await log_in(one, WATCH)
    await one.page.get_by_text("You are watching.").wait_for()
    await one.main(".pip:not(.open)").first.wait_for()
    cancel = one.page.get_by_role("button", name="Cancel", exact=True)
    assert await cancel.is_disabled()
    assert "log in as operator" in str(await cancel.get_attribute("title"))
    why = await cancel.get_attribute("aria-describedby")
    assert "Only operators" in await one.page.locator(f"#{why}").inner_text()
    for path, name in (
        ("/compute", "Queue the race"),
        ("/fleet", "Stop central"),
        ("/fleet", "Cancel Watched"),
        ("/runs", "Rename: name of Watched"),
        ("/runs", "Tag Watched"),
    ):
        await one.open(path)
        if path == "/runs":
            await one.page.get_by_role("button", name="Actions for Watched").click()
        button = one.page.get_by_role("button", name=name, exact=True)
        await button.wait_for()
        assert await button.is_disabled(), name
    await one.page.wait_for_load_state("networkidle")
    changing = [request.url for request in sent if request.method != "GET"]
    assert changing == [f"{fleet.url}/api/login"]

    await one.open(f"/runs/{run_id}")
    await one.page.get_by_role("button", name="Log in as operator").click()
    await log_in(one, OPERATOR)
    await one.page.get_by_text("You are watching.").wait_for(state="detached")
    await cancel.click()
    await one.state("cancelled")
    assert (await fleet.over(run_id))["state"] == "cancelled"
    # A request in flight with the watcher's session is refused, and the page sends it again.
    forgive(one)


async def test_a_session_that_ends_leaves_the_page_as_it_is(tab: OpenTab, fleet: Fleet) -> None:
    run_id = await fleet.submit(**STEADY | MANY)
    one = await tab()
    await one.open(f"/runs/{run_id}")
    await log_in(one, OPERATOR)
    await one.see(SOME_DONE)
    await one.page.evaluate("globalThis.loadedOnce = true")
    await one.page.context.clear_cookies()
    fleet.kill_central()
    await fleet.start_central()
    await one.page.get_by_role("heading", name="Your session has expired").wait_for()
    await one.page.keyboard.press("Escape")
    await one.page.keyboard.press("Escape")
    await one.page.get_by_role("heading", name="Your session has expired").wait_for()
    await one.see(SOME_DONE)
    await log_in(one, OPERATOR)
    await one.page.get_by_role("dialog").wait_for(state="detached")
    await one.state("finished")
    assert (await fleet.over(run_id))["state"] == "done"
    await one.wait_events(len(fleet.stored(run_id)))
    assert await one.page.evaluate("globalThis.loadedOnce") is True
    forgive(one)
    one.wrongs[:] = [wrong for wrong in one.wrongs if not wrong.startswith(GONE)]


async def test_an_agent_is_started_from_the_page_joins_and_is_stopped(
    tab: OpenTab, fleet: Fleet
) -> None:
    (fleet.data / "agents" / "beside.lock").touch()  # It was here before.
    one = await tab()
    await one.open("/fleet")
    await log_in(one, OPERATOR)
    await one.page.get_by_role("button", name="Start agent beside").click()
    service = one.main("li").filter(has_text="agent beside")
    try:
        await service.get_by_text("joined this central", exact=True).wait_for(timeout=60_000)
        await one.page.get_by_role("button", name="Stop agent beside").click()
        await service.get_by_text("stopped", exact=True).wait_for(timeout=60_000)
    finally:
        stop = f"{fleet.url}/api/service/agent/stop"
        await fleet.http.post(stop, params={"machine_id": "beside"})


async def test_two_tabs_are_in_and_out_together(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab()
    await one.open("/runs")
    await log_in(one, OPERATOR)
    await one.page.get_by_role("heading", name="Runs", exact=True).wait_for()
    other = Tab(await one.page.context.new_page(), fleet.url)
    await other.open("/fleet")
    await other.see("Services")
    await one.page.get_by_role("button", name="Log out").click()
    await other.page.get_by_role("heading", name="Your session has expired").wait_for()
    await log_in(one, OPERATOR)
    await one.page.get_by_role("heading", name="Runs", exact=True).wait_for()
    await other.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await other.page.get_by_role("dialog").wait_for(state="detached")
    await other.see("Services")


async def test_a_keyboard_alone_logs_in_and_out(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab(reduced_motion="reduce")
    await one.open("/fleet")
    await one.page.get_by_role("heading", name="Log in").wait_for()
    keyboard = one.page.keyboard
    await keyboard.type(WATCH)  # The field has the focus.
    await tab_to(one, "Show", "checkbox")
    await keyboard.press("Space")
    assert await one.page.get_by_label("Token").get_attribute("type") == "text"
    await tab_to(one, "Log in", "button")
    await keyboard.press("Enter")
    await one.see("Services")
    assert await one.page.evaluate("document.activeElement.id") == "main"
    await keyboard.press("Shift+Tab")
    assert await one.page.evaluate(OUTLINED)
    await keyboard.press("Enter")
    await one.page.get_by_role("dialog").wait_for()
    await keyboard.press("Escape")
    await one.page.get_by_role("dialog").wait_for(state="detached")
    focused = await one.page.evaluate("document.activeElement.textContent")
    assert focused == "Log in as operator"
    await keyboard.press("Enter")
    await one.page.get_by_role("dialog").wait_for()
    await keyboard.type(OPERATOR)
    await keyboard.press("Enter")
    await one.page.get_by_text("You are watching.").wait_for(state="detached")
    await one.page.reload()
    await one.see("Services")
    await tab_to(one, "Log out", "button")
    await keyboard.press("Enter")
    await one.page.get_by_role("heading", name="Log in").wait_for()


async def views(tab: Tab) -> AsyncIterator[str]:
    """Show what this module is about, view by view: logging in, watching, logging in over it."""
    await tab.open("/fleet")
    await tab.page.get_by_role("heading", name="Log in").wait_for()
    yield "login"
    await log_in(tab, "wrong")
    await tab.see("does not accept this token")
    forgive(tab)
    yield "login-wrong"
    await log_in(tab, WATCH)
    await tab.see("Services")
    await tab.quiet()
    yield "watching-fleet"
    await tab.open("/compute")
    await tab.see("Start the race")
    await tab.quiet()
    yield "watching-compute"
    await tab.page.get_by_role("button", name="Log in as operator").click()
    await tab.page.get_by_role("dialog").wait_for()
    yield "login-again"


async def test_axe_finds_nothing_serious(tab: OpenTab, fleet: Fleet) -> None:
    one = await tab(reduced_motion="reduce")
    faults: dict[str, list[str]] = {}
    async for view in views(one):
        faults[view] = await serious_faults(one, passing="label" if "login" in view else CONTRAST)
    assert {view: texts for view, texts in faults.items() if texts} == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_it_fits_and_has_its_picture(
    tab: OpenTab, fleet: Fleet, theme: str, width: int
) -> None:
    folder = os.environ.get("BENCHRACE_SCREENSHOTS")
    one = await tab(color_scheme=theme, viewport={"width": width, "height": 900})
    wider: dict[str, int] = {}
    async for view in views(one):
        wider[view] = await one.wider()
        if folder:
            await one.shoot(Path(folder) / f"{view}-{width}-{theme}.png")
    assert {view: pixels for view, pixels in wider.items() if pixels > 0} == {}


async def test_an_agent_that_is_started_on_the_page_joins(tab: OpenTab, fleet: Fleet) -> None:
    """The last one here: afterwards the fleet has no agent."""
    one = await tab()
    await one.open("/fleet")
    await log_in(one, OPERATOR)
    await one.page.get_by_role("button", name="Stop agent box").click()
    start = one.page.get_by_role("button", name="Start agent box")
    await start.wait_for()
    assert not await fleet.ready()
    await start.click()
    stop = one.page.get_by_role("button", name="Stop agent box")
    try:
        await stop.wait_for()
        async with fleet.patience("the started agent does not join"):
            while not await fleet.ready():  # noqa: ASYNC110 - it is on the other side
                await anyio.sleep(0.1)
        run_id = await fleet.submit(**QUICK)
        assert (await fleet.over(run_id))["state"] == "done"
    finally:
        await stop.click()
        await start.wait_for()
