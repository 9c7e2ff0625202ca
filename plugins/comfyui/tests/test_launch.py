"""ComfyUI started, stopped and reset by a command, and by a lane that needs it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchrace.plugin import BenchraceError, Category, Launch
from benchrace.testing import RecordingContext
from benchrace_comfyui.config import ComfyConfig

from .harness import HERE, QuickComfy, Racing, Start, reserved

pytestmark = pytest.mark.slow
Make = Callable[..., Racing]


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESET_LOG_DIR", str(tmp_path))


def launched(url: str, *words: str) -> QuickComfy:
    launch = Launch(command=(sys.executable, *words), cwd=str(HERE), stop_timeout_s=5)
    return QuickComfy(ComfyConfig(base_url=url, launch=launch))


@pytest.fixture
def url() -> Iterator[str]:
    """Return an address on which nothing answers."""
    with reserved() as port:
        yield f"http://127.0.0.1:{port}"


async def test_it_is_started_for_a_lane_reset_and_stopped(url: str, racing: Make) -> None:
    port = url.rpartition(":")[2]
    lane, context = racing(url), RecordingContext()
    lane.backend = launched(url, "-m", "stand_in", "--port", port)
    try:
        assert (await lane.backend.preflight(lane.lane, lane.context)).ready
        await lane.open()
        await lane.round()
        assert lane.codes == []
        assert (await lane.backend.probe(context)).started
        reset = await lane.backend.reset(context)
        assert (reset.stopped, reset.healthy, reset.notes) == (True, True, ())
        assert reset.start_stdout_tail == f"{port}\n"
        assert (await lane.backend.stop(context)).ok
        assert not (await lane.backend.probe(context)).reachable
    finally:
        await lane.backend.stop(context)
        await context.aclose()


async def test_one_that_fails_to_start_shows_its_log(url: str, racing: Make) -> None:
    lane = racing(url)
    lane.backend = launched(url, "-c", "raise SystemExit('no module named torch')")
    with pytest.raises(BenchraceError, match="ends with: no module named torch") as raised:
        await lane.open()
    assert raised.value.category is Category.UNREACHABLE
    assert "launch" in raised.value.remedy


async def test_one_that_others_started_is_not_stopped(start: Start) -> None:
    running, context = start(), RecordingContext()
    backend = launched(running.url, "-m", "stand_in")
    with pytest.raises(BenchraceError, match="it was not started by the agent"):
        await backend.stop(context)
    assert not (await backend.probe(context)).started
    await context.aclose()
