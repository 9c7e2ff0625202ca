"""The fleet page: machines raced from their cards, invited, set up; tokens created and revoked."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

from benchrace.protocol.version import PROTOCOL
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


async def test_selected_machines_are_the_lanes_of_a_new_race(tab: OpenTab, fleet: Fleet) -> None:
    await fleet.start_agent("other")
    one = await tab()
    await one.open("/fleet")
    for machine in ("box", "other"):
        await one.page.get_by_role("checkbox", name=f"Select {machine}").check()
    await one.page.get_by_label("Kind of work of the race").select_option("compute")
    await one.page.get_by_role("link", name="Race 2 machines").click()
    await one.page.wait_for_url("**/compute?spec=*")
    (spec,) = parse_qs(urlsplit(one.page.url).query)["spec"]
    lanes = [lane["machine_id"] for lane in json.loads(spec)["lanes"]]
    assert lanes == ["box", "other"]
    await one.see("2 lanes ready")


async def test_an_invitation_is_followed_until_its_machine_has_joined(
    tab: OpenTab, fleet: Fleet
) -> None:
    one = await tab()
    await one.open("/fleet")
    await one.page.get_by_role("button", name="Invite a machine").click()
    dialog = one.page.get_by_role("dialog", name="Invite a machine")
    line = await dialog.locator("pre").inner_text()
    assert line.startswith(f"benchrace agent join {fleet.url} ")
    await one.see("Restart it with --host 0.0.0.0")
    await dialog.get_by_role("timer").wait_for()
    wanted = {
        "code": line.rpartition(" ")[2],
        "machine_id": "invited",
        "host_id": "h1",
        "label": "invited",
        "version": "0",
        "protocol": PROTOCOL,
        "wall_s": 1.0,
    }
    answer = await fleet.http.post(f"{fleet.url}/api/v1/agents/join", json=wanted)
    assert answer.status_code == 200, answer.text
    await one.see("invited has joined and is connecting…")
    await one.page.keyboard.press("Escape")
    await dialog.wait_for(state="detached")
    await expect(one.page.get_by_role("button", name="Invite a machine")).to_be_focused()


async def test_a_token_is_shown_once_rotated_and_revoked(tab: OpenTab) -> None:
    one = await tab()
    await one.open("/fleet")
    page = one.page
    await page.get_by_text("Create a token").click()
    await page.get_by_label("Name", exact=True).fill("dashboard")
    await page.get_by_role("button", name="Create token").click()
    shown = page.get_by_role("note").filter(has_text="Copy it now").locator("pre")
    first = await shown.inner_text()
    await page.get_by_role("button", name="Rotate token dashboard").click()
    await page.get_by_role("button", name="Rotate token: dashboard").click()
    await expect(shown).not_to_have_text(first)
    await page.get_by_role("button", name="Hide").click()
    await shown.wait_for(state="detached")
    await page.get_by_role("button", name="Revoke token dashboard").click()
    await one.see("This cannot be undone")
    await page.get_by_role("button", name="Revoke token: dashboard").click()
    await page.get_by_role("button", name="Revoke token dashboard").wait_for(state="detached")


async def test_the_settings_of_a_machine_reach_its_agent(tab: OpenTab) -> None:
    one = await tab()
    await one.open("/fleet")
    await one.page.get_by_role("link", name="box", exact=True).click()
    await one.page.wait_for_url("**/machines/box")
    await one.see("not encrypted, on this computer")
    await one.see("No run has started on this machine yet.")
    field = one.page.get_by_label("Jobs kept", exact=True)
    await field.fill("0")
    save = one.page.get_by_role("button", name="Save settings")
    await save.click()
    await one.see("The settings were not saved")
    one.wrongs = [wrong for wrong in one.wrongs if "422" not in wrong]
    await field.fill("50")
    await save.click()
    await one.see("In use: 50, from central")
