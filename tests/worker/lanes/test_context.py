"""The context of a lane: what it emits, and what it rejects."""

import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchrace.errors import BenchraceError
from benchrace.events import Artifact, ComputeLine, Log, Preview, Progress, decode
from benchrace.plugin import Asset, RoundInfo
from benchrace.protocol.agent_worker import Cancel
from benchrace.protocol.assets import AssetSetup
from benchrace.store.journal import Journal
from benchrace.testing import FakeClock, job_lane, job_spec
from benchrace.worker.commands import Commands
from benchrace.worker.control_client import ControlClient
from benchrace.worker.job.writer import Writer
from benchrace.worker.lanes.artifacts import Artifacts
from benchrace.worker.lanes.context import LaneContext, draw, nonce
from benchrace.worker.lanes.marks import Marks
from benchrace.worker.lanes.throttle import Display, Flush

INFO = RoundInfo(round=2, warmup=False, nonce="n", draw="d")


class JobSink:
    """A context with all that belongs to it."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.clock = FakeClock()
        self.later: list[Callable[[], None]] = []
        self.commands = Commands()
        self.client = ControlClient()
        self.journal = journal
        spec = job_spec("scripted", [job_lane(0, "scripted")])
        self.context = LaneContext(
            "lane-0",
            "scripted",
            writer=Writer(journal, spec, clock=self.clock, t0_ns=0),
            clock=self.clock,
            commands=self.commands,
            client=self.client,
            artifacts=Artifacts(folder / "artifacts"),
            display=Display(Flush(), lambda _, call: self.later.append(call)),
        )

    def begin(self, limit_s: float = 60) -> None:
        self.context.begin(INFO, Marks(["score"]), limit_s)

    @property
    def events(self) -> list[Any]:
        return [decode(line) for line in self.journal.path.read_bytes().splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[JobSink]:
    with Journal(tmp_path / "work.ndjson") as journal:
        yield JobSink(tmp_path, journal)


def test_a_nonce_belongs_to_one_round_of_one_lane_of_one_attempt() -> None:
    assert nonce("s", "j", "l", 3) == hashlib.sha256(b"s\nj\nl\n3").hexdigest()[:16]
    parts = itertools.product(("salt", "other"), ("j-1", "j-2"), ("lane-0", "lane-1"), range(25))
    assert len({nonce(*part) for part in parts}) == 200


def test_a_draw_belongs_to_one_round_of_one_attempt() -> None:
    parts = itertools.product(("salt", "other"), ("run-1", "run-2"), range(25))
    assert len({draw(*part) for part in parts}) == 100


def test_outside_of_a_round_nothing_can_be_measured(desk: JobSink) -> None:
    with pytest.raises(RuntimeError):
        desk.context.measure("score", 1.0)
    with pytest.raises(RuntimeError):
        desk.context.suspect("a", "b")
    with pytest.raises(RuntimeError):
        print(desk.context.round)
    desk.begin()
    desk.context.measure("score", 1.0)
    assert desk.context.round == INFO


def test_lines_and_logs_carry_lane_and_round(desk: JobSink) -> None:
    desk.context.log("before")
    desk.begin()
    desk.context.line("a\ud800b")
    before, line = desk.events
    assert isinstance(before, Log)
    assert (before.lane_id, before.round, before.payload.source) == ("lane-0", None, "scripted")
    assert isinstance(line, ComputeLine)
    assert (line.round, line.payload.line) == (2, "a?b")


def test_reasoning_is_told_apart_in_the_order_that_it_came(desk: JobSink) -> None:
    desk.begin()
    for text, reasoning in (("a", True), ("b", True), ("c", False), ("d", True), ("e", False)):
        desk.context.token(text, reasoning=reasoning)
    desk.context.show_all()
    message = [(event.payload.text, event.payload.reasoning) for event in desk.events]
    assert message == [("ab", True), ("c", False), ("d", True), ("e", False)]
    lines = desk.journal.path.read_bytes().splitlines()
    assert [b'"reasoning"' in line for line in lines] == [True, False, True, False]


def test_progress_names_its_phase_where_it_has_one(desk: JobSink) -> None:
    desk.begin()
    desk.context.progress(1, 2, "steps", phase="sampling")
    desk.context.show_all()
    line = desk.journal.path.read_bytes().splitlines()[-1]
    assert b'"payload":{"done":1,"total":2,"unit":"steps","phase":"sampling"}' in line


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "5", None])
def test_progress_takes_numbers_alone(desk: JobSink, bad: Any) -> None:
    with pytest.raises(ValueError, match="finite"):
        desk.context.progress(bad, 10, "x")
    with pytest.raises(ValueError, match="info"):
        desk.context.log("x", "loud")
    assert desk.events == []


def test_cancelled_follows_the_agent_and_the_rounds_own_limit(desk: JobSink) -> None:
    desk.begin(limit_s=5)
    assert not is_cancelled(desk)
    desk.clock.pass_s(6)
    assert is_cancelled(desk)
    desk.context.finish()
    assert not is_cancelled(desk)
    desk.commands.handle(Cancel(reason="x"))
    assert is_cancelled(desk)


def is_cancelled(desk: JobSink) -> bool:
    return desk.context.cancelled


async def test_artefacts_are_kept_by_their_digest(desk: JobSink, tmp_path: Path) -> None:
    desk.begin()
    await desk.context.artifact("image.png", "image/png", b"pixels")
    await desk.context.artifact("again.png", "image/png", b"pixels")
    first, second = desk.events
    assert isinstance(first, Artifact)
    assert first.payload.digest == second.payload.digest
    digest = first.payload.digest.removeprefix("sha256:")
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == [digest]
    assert (tmp_path / "artifacts" / digest).read_bytes() == b"pixels"
    assert first.payload.size == 6


@pytest.mark.parametrize("name", ["../x", "", "a/b", ".hidden"])
async def test_a_name_that_could_be_a_path_is_refused(desk: JobSink, name: str) -> None:
    with pytest.raises(ValueError, match="invalid artifact name"):
        await desk.context.artifact(name, "text/plain", b"")


async def test_the_client_is_made_once_and_follows_nobody(desk: JobSink) -> None:
    client = desk.context.http
    assert client is desk.context.http
    assert not client.follow_redirects
    assert client.headers["accept-encoding"] == "identity"
    assert client.timeout.read == 10
    await desk.client.close()


def test_assets_are_fetched_outside_of_rounds_alone(desk: JobSink, tmp_path: Path) -> None:
    desk.begin()
    with pytest.raises(RuntimeError, match="inside a round"):
        print(desk.context.assets)
    desk.context.finish()
    with pytest.raises(BenchraceError, match="no store of assets"):
        print(desk.context.assets)
    desk.context.asset_setup = AssetSetup(store=str(tmp_path / "assets"))
    assert desk.context.assets is desk.context.assets


async def test_progress_of_a_file_is_a_line_twice_a_second(desk: JobSink, tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share/model.bin").write_bytes(b"model")
    desk.context.asset_setup = AssetSetup(
        store=str(tmp_path / "assets"), share=str(tmp_path / "share")
    )
    asset = Asset(name="model.bin", url="share:model.bin")
    assert await desk.context.assets.read(asset, 10) == b"model"
    desk.context.show_all()
    lines = [event for event in desk.events if isinstance(event, Progress)]
    # The first one, and the last one: the clock of the test stands still.
    assert [line.payload.done for line in lines] == [0, 5]
    assert {(line.payload.unit, line.lane_id, line.round) for line in lines} == {
        ("B fetched", "lane-0", None)
    }


def test_previews_are_shown_once_a_second_and_only_as_small_images(desk: JobSink) -> None:
    desk.begin()
    for media_type, data in (
        ("image/jpeg", b"first"),
        ("image/png", b"second"),
        ("image/svg+xml", b"<svg/>"),
        ("image/png", bytes(32 * 1024 + 1)),
        ("image/png", b""),
    ):
        desk.context.preview(media_type, data)
    shown = [event for event in desk.events if isinstance(event, Preview)]
    assert [(one.payload.media_type, one.payload.data) for one in shown] == [
        ("image/jpeg", b"first")
    ]
    desk.clock.pass_s(1)
    for call in desk.later:
        call()
    (_, last) = [event for event in desk.events if isinstance(event, Preview)]
    assert (last.payload.data, last.lane_id, last.round) == (b"second", "lane-0", 2)


def test_previews_of_a_round_have_a_limit(desk: JobSink) -> None:
    desk.begin()
    image = bytes(32 * 1024)
    for _ in range(70):
        desk.context.preview("image/png", image)
        desk.clock.pass_s(1)
    assert len([event for event in desk.events if isinstance(event, Preview)]) == 64
    desk.begin()
    desk.context.preview("image/png", image)
    assert len([event for event in desk.events if isinstance(event, Preview)]) == 65
