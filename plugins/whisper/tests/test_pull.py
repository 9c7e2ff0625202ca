"""Models are downloaded whole, or not at all, from a stand-in for Hugging Face."""

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from benchrace.plugin import BenchraceError, Category, InvalidInput
from benchrace_whisper.config import LocalConfig
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper
from benchrace_whisper.pull import ENDPOINT

from .conftest import Racing

Make = Callable[..., Racing]
COMMIT = "0" * 40
SMALL = b"{}"


class Hub:
    """Repositories with their files, and which of them were asked for."""

    def __init__(self) -> None:
        weights = bytes(range(256)) * 4000
        self.repositories = {
            "Systran/faster-whisper-tiny": {
                "README.md": b"# no",
                "config.json": SMALL,
                "model.bin": weights,
                "vocabulary.txt": b"a\nb\n",
            },
            "ggerganov/whisper.cpp": {
                "ggml-base.en.bin": b"other",
                "ggml-tiny.en.bin": b"lmgg" + weights,
            },
        }
        self.requests: list[str] = []
        self.keys: set[str | None] = set()
        self.digest: str | None = None
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: ClassVar[Hub]

    def do_HEAD(self) -> None:
        self._answer(head=True)

    def do_GET(self) -> None:
        self._answer(head=False)

    def handle(self) -> None:
        # A client that stops in the middle of a file.
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *args: Any) -> None:
        return

    def _answer(self, *, head: bool) -> None:
        path = self.path.partition("?")[0]
        for repository, files in self.hub.repositories.items():
            if path.startswith(f"/api/models/{repository}"):
                siblings = [self._sibling(name, data) for name, data in files.items()]
                body = {"id": repository, "modelId": repository, "sha": COMMIT, "tags": []}
                self._send(200, json.dumps({**body, "siblings": siblings}).encode(), head=head)
                return
            name = path.removeprefix(f"/{repository}/resolve/{COMMIT}/")
            if name in files:
                self._file(name, files[name], head=head)
                return
        self._send(404, b"", head=head, **{"X-Error-Code": "RepoNotFound"})

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        size = len(data)
        stated = {"rfilename": name, "size": size}
        if not name.endswith(".bin"):
            return stated
        digest = self.hub.digest or hashlib.sha256(data).hexdigest()
        return {**stated, "lfs": {"size": size, "sha256": digest, "pointerSize": 130}}

    def _file(self, name: str, data: bytes, *, head: bool) -> None:
        self.hub.keys.add(self.headers.get("Authorization"))
        if not head:
            self.hub.requests.append(name)
        etag = f'"{hashlib.sha256(data).hexdigest()}"'
        self._send(200, data, head=head, **{"ETag": etag, "X-Repo-Commit": COMMIT})

    def _send(self, status: int, data: bytes, *, head: bool, **extra: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in extra.items():
            self.send_header(name, value)
        self.end_headers()
        if not head:
            self.wfile.write(data)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    running = Hub()
    monkeypatch.setenv(ENDPOINT, running.url)
    yield running
    running.close()


async def test_a_folder_is_pulled_with_its_progress(hub: Hub, tmp_path: Path, racing: Make) -> None:
    lane = racing(FasterWhisper, LocalConfig(models_folder=str(tmp_path / "m")))
    await lane.backend.pull("tiny", lane.context)
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["tiny"]
    assert sorted(path.name for path in (tmp_path / "m/tiny").iterdir()) == [
        "config.json",
        "model.bin",
        "vocabulary.txt",
    ]
    done, total, unit = lane.context.steps[-1]
    assert (done, total, unit) == (1_024_006, 1_024_006, "B")
    assert [one[0] for one in lane.context.steps] == sorted(one[0] for one in lane.context.steps)
    probe = await lane.backend.probe(lane.context)
    assert [model.name for model in probe.models] == ["tiny"]
    request = len(hub.requests)
    await lane.backend.pull("tiny", lane.context)
    assert len(hub.requests) == request


async def test_one_file_is_pulled(hub: Hub, tmp_path: Path, racing: Make) -> None:
    lane = racing(WhisperCpp, LocalConfig(models_folder=str(tmp_path / "m")))
    await lane.backend.pull("tiny.en", lane.context)
    assert [path.name for path in (tmp_path / "m").iterdir()] == ["ggml-tiny.en.bin"]
    assert hub.requests == ["ggml-tiny.en.bin"]
    probe = await lane.backend.probe(lane.context)
    assert [model.name for model in probe.models] == ["tiny.en"]


async def test_a_pull_that_is_stopped_leaves_no_model(
    hub: Hub, tmp_path: Path, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    lane = racing(WhisperCpp, LocalConfig(models_folder=str(tmp_path / "m")))
    show = lane.context.progress

    def stop_half_way(done: float, total: float | None, unit: str) -> None:
        show(done, total, unit)
        lane.context.cancelled = done > 500_000

    monkeypatch.setattr(lane.context, "progress", stop_half_way)
    with pytest.raises(BenchraceError) as caught:
        await lane.backend.pull("tiny.en", lane.context)
    assert caught.value.category is Category.CANCELLED
    assert (await lane.backend.probe(lane.context)).models == ()
    monkeypatch.undo()
    monkeypatch.setenv(ENDPOINT, hub.url)
    lane.context.cancelled = False
    await lane.backend.pull("tiny.en", lane.context)
    whole = hub.repositories["ggerganov/whisper.cpp"]["ggml-tiny.en.bin"]
    assert (tmp_path / "m/ggml-tiny.en.bin").read_bytes() == whole


async def test_a_file_that_was_changed_on_the_way_is_no_model(
    hub: Hub, tmp_path: Path, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    monkeypatch.setenv("HF_TOKEN", "hf_not_a_real_token")
    hub.digest = "0" * 64
    lane = racing(WhisperCpp, LocalConfig(models_folder=str(tmp_path / "m")))
    with pytest.raises(BenchraceError) as caught:
        await lane.backend.pull("tiny.en", lane.context)
    assert caught.value.category is Category.BROKEN_FILE
    assert (await lane.backend.probe(lane.context)).models == ()
    # The token of this computer's user is nobody else's.
    assert huggingface_hub.get_token() is not None
    assert hub.keys == {None}


async def test_a_model_that_does_not_fit_is_not_begun(
    hub: Hub, tmp_path: Path, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    lane = racing(WhisperCpp, LocalConfig(models_folder=str(tmp_path / "m")))
    with pytest.raises(BenchraceError) as caught:
        await lane.backend.pull("tiny.en", lane.context)
    assert caught.value.category is Category.DISK_FULL
    assert hub.requests == []


async def test_only_known_sources_are_pulled(hub: Hub, tmp_path: Path, racing: Make) -> None:
    lane = racing(FasterWhisper, LocalConfig(models_folder=str(tmp_path)))
    with pytest.raises(InvalidInput, match="large-v3-turbo"):
        await lane.backend.pull("somebody/else", lane.context)
    with pytest.raises(BenchraceError) as caught:
        await lane.backend.pull("base", lane.context)
    assert caught.value.category is Category.MISSING_MODEL
    assert hub.requests == []


async def test_no_network_is_unreachable(
    tmp_path: Path, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:1")
    lane = racing(WhisperCpp, LocalConfig(models_folder=str(tmp_path)))
    with pytest.raises(BenchraceError) as caught:
        await lane.backend.pull("tiny.en", lane.context)
    assert caught.value.category is Category.UNREACHABLE


@pytest.mark.parametrize("own", ["notes.txt", "weights.safetensors", "linked"])
async def test_a_folder_of_its_owner_is_never_deleted(
    hub: Hub, tmp_path: Path, racing: Make, own: str
) -> None:
    folder = tmp_path / "m/tiny"
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("mine")
    if own == "linked":
        (folder / own).symlink_to(tmp_path / "elsewhere")
    else:
        (folder / own).write_text("mine")
    lane = racing(FasterWhisper, LocalConfig(models_folder=str(tmp_path / "m")))
    with pytest.raises(InvalidInput) as caught:
        await lane.backend.pull("tiny", lane.context)
    (field,) = caught.value.fields
    assert str(folder) in field.message
    assert own in field.message
    assert (folder / own).read_text() == "mine"
    assert hub.requests == []


async def test_what_a_lane_left_is_replaced(hub: Hub, tmp_path: Path, racing: Make) -> None:
    folder, stored = tmp_path / "m/tiny", tmp_path / "store" / ("a" * 64)
    folder.mkdir(parents=True)
    stored.parent.mkdir()
    stored.write_bytes(SMALL)
    (folder / "config.json").symlink_to(stored)
    # Its file was removed from the store, so it does not count as a model.
    (folder / "model.bin").symlink_to(stored.with_name("b" * 64))
    lane = racing(FasterWhisper, LocalConfig(models_folder=str(tmp_path / "m")))
    await lane.backend.pull("tiny", lane.context)
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert (folder / "model.bin").stat().st_size == 1_024_000
    assert stored.read_bytes() == SMALL
