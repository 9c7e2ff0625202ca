"""A race of speech on the page: set up, heard, and compared word by word."""

import os
import re
from collections.abc import AsyncIterator, Iterator
from importlib import util
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from tests.browser.axe import serious_faults
from tests.browser.conftest import OpenTab
from tests.browser.fleet import Fleet
from tests.browser.test_access import WIDTHS

pytest.importorskip("benchrace_whisper")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
HERE = Path(__file__).resolve().parents[2] / "plugins/whisper"
SAID = (HERE / "benchrace_whisper/samples/sample-10s.txt").read_text().strip()
MISHEARD = SAID.replace("Two gulls", "Two girls").replace(" lighthouse", "") + " Amen."


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A stand-in for a server of transcriptions: `tiny` mishears, `large` does not."""
    spec = util.spec_from_file_location("whisper_stand_in", HERE / "tests/stand_in.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.StandIn() as started:
        started.models = ["tiny", "large"]
        started.texts = {"tiny": MISHEARD, "large": SAID}
        yield started


@pytest.fixture(scope="module")
async def fleet(
    chromium: str, server: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Fleet]:
    folder = tmp_path_factory.mktemp("speech")
    (folder / "audio").mkdir()
    (folder / "audio/talk.mp3").write_bytes(b"x")
    started = Fleet(
        folder,
        TRANSCRIPTION_BASE_URL=server.url,
        WHISPER_AUDIO=str(folder / "audio"),
        BENCHRACE_CONFIG_DIR=str(folder / "config"),
    )
    try:
        await started.start_central()
        await started.start_agent()
        yield started
    finally:
        await started.close()


@pytest.fixture(scope="module")
async def raced(fleet: Fleet) -> str:
    """A race of both models, with transcripts and recording at central."""
    lanes = [
        {"backend": "transcription-server", "params": {"model": name}} for name in ("tiny", "large")
    ]
    params = {"audio": "sample-10s", "language": "en", "normalizer": "whisper-english"}
    run_id = await fleet.submit(kind="transcribe", params=params, lanes=lanes, rounds=1, warmup=0)
    assert (await fleet.over(run_id))["state"] == "done"
    async with fleet.patience("its files are not here"):
        while True:
            files = (await fleet.get(f"/api/runs/{run_id}/artifacts"))["artifacts"]
            if files and all(file["state"] == "stored" for file in files):
                # Both lanes heard the same recording: it is stored once.
                assert [file["audio"] for file in files].count("audio/ogg") == 1
                return run_id


async def test_a_race_is_set_up_from_models_and_recordings_of_the_machine(tab: OpenTab) -> None:
    one = await tab(reduced_motion="reduce")
    await one.open("/")
    await one.page.get_by_role("link", name="Speech", exact=True).click()
    await one.page.wait_for_url(re.compile("/whisper"))
    for model in ("tiny", "large"):
        await one.main("label").filter(has_text=model).get_by_role("checkbox").check()
    options = one.page.locator("#param-audio-list option")
    await options.first.wait_for(state="attached")
    names = [await option.get_attribute("value") for option in await options.all()]
    assert names == ["sample-10s", "sample-40s", "talk.mp3"]
    await one.page.get_by_role("group", name="Audio").get_by_role("button", name="10s").click()
    await expect(one.page.locator("#param-audio")).to_have_value("sample-10s")
    await one.see("2 lanes ready")


async def test_a_segment_is_heard_where_it_is_pressed_and_words_are_compared(
    tab: OpenTab, raced: str
) -> None:
    one = await tab()
    await one.open(f"/runs/{raced}")
    await one.page.get_by_role("tab", name="Transcripts").click()
    lane = one.page.get_by_role("list", name=re.compile("^Segments of .*tiny"))
    girls = lane.get_by_role("button", name="girls")
    await girls.click()
    await expect(girls).to_have_attribute("aria-current", "true")
    player = one.page.locator("audio")
    assert await player.evaluate("audio => audio.currentTime") > 1
    await player.evaluate("audio => audio.pause()")
    await one.page.keyboard.press("Home")
    await one.page.keyboard.press("Enter")
    await expect(lane.get_by_role("button").first).to_have_attribute("aria-current", "true")
    await player.evaluate("audio => audio.pause()")
    assert await player.evaluate("audio => audio.currentTime") < 1
    differences = one.page.get_by_role("region", name="Word differences")
    await expect(differences).to_contain_text("1 different, 1 missing, 1 added of 33 words")
    await expect(differences.locator("article del")).to_have_text(
        [re.compile("gulls"), re.compile("lighthouse")]
    )
    await expect(differences.locator("article ins")).to_have_text(
        [re.compile("girls"), re.compile("amen")]
    )
    await differences.get_by_label("Compared with").select_option(index=2)
    await expect(differences.locator("article")).to_have_count(1)
    await expect(differences.locator("article del")).to_have_count(2)


async def test_transcripts_fit_and_axe_finds_nothing_serious(tab: OpenTab, raced: str) -> None:
    one = await tab(reduced_motion="reduce")
    await one.open(f"/runs/{raced}?tab=transcripts")
    await one.see("Word differences")
    await one.quiet()
    for width in WIDTHS:
        await one.page.set_viewport_size({"width": width, "height": 900})
        assert await one.wider() == 0
        if folder := os.environ.get("BENCHRACE_SCREENSHOTS"):
            for theme in THEMES:
                await one.page.emulate_media(color_scheme=theme)
                await one.shoot(Path(folder) / f"speech-{width}-{theme}.png")
    assert await serious_faults(one) == []
