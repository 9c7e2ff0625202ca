"""Lanes fetch models that their machine lacks, where its owner allows it, and by its rules."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.assets.library import Report
from benchrace.config.assets.sources import AssetsConfig
from benchrace.events import JobDone, LaneError, Progress, RoundDone, RoundStart
from benchrace.plugin import BenchraceError, Category
from benchrace.protocol.assets import AssetSetup
from benchrace.testing import job_lane, job_spec, plugin_ref
from benchrace.testing.job import job_order, run_order
from benchrace.testing.limits import HANG_S
from benchrace.worker.assets import library
from benchrace_whisper.config import MODELS_VARIABLE, LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper
from benchrace_whisper.pull import ENDPOINT

from .conftest import Racing

Make = Callable[..., Racing]
LOCAL = AssetsConfig(private_hosts=("127.0.0.1",))


class Host:
    """A host of files in `folder`; `requests` has the paths of its requests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        requests = self.requests

        class Handler(SimpleHTTPRequestHandler):
            def log_request(self, *args: Any) -> None:
                requests.append(self.path)

            def log_error(self, *args: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    (tmp_path / "host").mkdir()
    running = Host(tmp_path / "host")
    yield running
    running.close()


@pytest.fixture
def setup(tmp_path: Path) -> AssetSetup:
    return AssetSetup(store=str(tmp_path / "assets"), config=LOCAL)


def lane_of(make: Make, backend: Any, setup: AssetSetup, config: LocalConfig, model: str) -> Racing:
    lane = make(backend, config, model=model, beam=1, threads=1, device="cpu")
    report = Report(lane.context.progress, lane.context.log)
    lane.context.library = library(setup, report)
    return lane


@pytest.mark.slow
async def test_a_folder_of_a_model_is_fetched_when_its_lane_opens(
    host: Host, setup: AssetSetup, models: Path, tmp_path: Path, racing: Make
) -> None:
    (host.folder / "whisper").mkdir()
    (host.folder / "whisper/tiny").symlink_to(models / "tiny")
    folder = tmp_path / "models"
    config = LocalConfig(models_folder=str(folder), fetch_models=f"{host.url}/whisper/")
    lane = lane_of(racing, FasterWhisper, setup, config, "tiny")
    assert (await lane.backend.preflight(lane.lane, lane.context)).ready
    assert host.requests == []
    # The rest of a model that was not fetched to its end.
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny/vocabulary.json").write_bytes((models / "tiny/vocabulary.json").read_bytes())
    await lane.open()
    assert (await lane.round()).engine.model == "tiny"
    assert host.requests[-1] == "/whisper/tiny/model.bin"
    assert (folder / "tiny/model.bin").is_symlink()
    count = len(host.requests)
    again = lane_of(racing, FasterWhisper, setup, config, "tiny")
    await again.open()
    assert len(host.requests) == count


async def test_the_hub_and_its_mirror_are_hosts_like_all_others(
    host: Host, setup: AssetSetup, models: Path, tmp_path: Path, racing: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = LocalConfig(models_folder=str(tmp_path / "models"), fetch_models="hub")
    closed = msgspec.structs.replace(setup, config=AssetsConfig(hosts=()))
    lane = lane_of(racing, WhisperCpp, closed, config, "tiny.en")
    (field,) = (await lane.backend.preflight(lane.lane, lane.context)).fields
    assert "huggingface.co is not on this machine's list of hosts" in field.message
    monkeypatch.setenv(ENDPOINT, host.url)
    files = host.folder / "ggerganov/whisper.cpp/resolve/main"
    files.mkdir(parents=True)
    (files / "ggml-tiny.en.bin").symlink_to(models / "ggml-tiny.en.bin")
    lane = lane_of(racing, WhisperCpp, setup, config, "tiny.en")
    await lane.open()
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["ggml-tiny.en.bin"]


@pytest.mark.parametrize(("where", "model"), [("never", "tiny"), ("hub", "mine")])
async def test_models_that_may_not_be_fetched_or_are_unknown_are_missing(
    setup: AssetSetup, tmp_path: Path, racing: Make, where: str, model: str
) -> None:
    config = LocalConfig(models_folder=str(tmp_path), fetch_models=where)
    lane = lane_of(racing, FasterWhisper, setup, config, model)
    with pytest.raises(BenchraceError) as raised:
        await lane.open()
    assert raised.value.category is Category.MISSING_MODEL
    assert ("set `fetch_models`" in (raised.value.remedy or "")) == (where == "never")


async def test_a_file_that_is_in_the_way_is_not_taken_for_the_model_s(
    host: Host, setup: AssetSetup, models: Path, tmp_path: Path, racing: Make
) -> None:
    (host.folder / "tiny").symlink_to(models / "tiny")
    (tmp_path / "models/tiny").mkdir(parents=True)
    (tmp_path / "models/tiny/config.json").write_text("{} of my own")
    config = LocalConfig(models_folder=str(tmp_path / "models"), fetch_models=host.url)
    lane = lane_of(racing, FasterWhisper, setup, config, "tiny")
    with pytest.raises(BenchraceError, match=r"config\.json is not the file of http"):
        await lane.open()
    assert (tmp_path / "models/tiny/config.json").read_text() == "{} of my own"


@pytest.mark.slow
@pytest.mark.xdist_group("whisper")
def test_a_job_fetches_a_model_before_its_first_round(
    host: Host, setup: AssetSetup, models: Path, tmp_path: Path
) -> None:
    (host.folder / "tiny").symlink_to(models / "tiny")
    params = {"audio": "sample-10s", "language": "en", "beam": 1, "threads": 1, "device": "cpu"}
    lanes = [
        job_lane(0, "faster-whisper", {**params, "model": "tiny"}),
        job_lane(1, "faster-whisper", {**params, "model": "base"}),
    ]
    order = msgspec.structs.replace(
        job_order(
            job_spec("transcribe", lanes, rounds=1, warmup=0),
            tmp_path / "job",
            [plugin_ref("benchrace_whisper.plugin")],
            {"faster-whisper": {"fetch_models": host.url}},
        ),
        asset_setup=setup,
    )
    (tmp_path / "job").mkdir()
    environment = {MODELS_VARIABLE: str(tmp_path / "models")}
    done = run_order(order, environment=environment, timeout_s=HANG_S)
    assert isinstance(done.end, JobDone), done.log
    fetched = [one for one in done.of(Progress) if one.payload.unit == "B fetched"]
    assert {(one.lane_id, one.round) for one in fetched} == {("lane-0", None)}
    assert fetched[-1].payload.done == fetched[-1].payload.total
    (begun,) = done.of(RoundStart)
    assert fetched[-1].seq < begun.seq
    assert [one.lane_id for one in done.of(RoundDone)] == ["lane-0"]
    # The host has no other model.
    (failed,) = done.of(LaneError)
    assert (failed.lane_id, failed.payload.error.category) == ("lane-1", Category.MISSING_ASSET)
