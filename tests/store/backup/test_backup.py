"""A backup is whole while central writes, and a damaged one is refused."""

import io
import tarfile
import time
from pathlib import Path

import pytest

from benchrace.errors import BenchraceError, Category, InvalidInput
from benchrace.run.states import RunState
from benchrace.store.backup.create import create
from benchrace.store.backup.manifest import NAME, BackupProgress, is_kept
from benchrace.store.backup.restore import restore
from benchrace.store.run_folder import RunFolder
from benchrace.testing.clock import FakeClock
from tests.store.conftest import Make

RUN = "2026-11-20_101500_abcdef"
DIGEST = "ab" * 32


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    run = folder / "runs" / RUN
    (run / "artifacts").mkdir(parents=True)
    (run / "metadata.json").write_text("{}")
    (run / "events.ndjson").write_bytes(b'{"a":1}\n{"b":2}\n{"torn')
    (run / "artifacts" / DIGEST).write_bytes(b"picture")
    (run / "artifacts" / f".{DIGEST}.coming").write_bytes(b"pict")
    (run / ".metadata.json.1234").write_text("{")
    (folder / "runs" / f".deleted-{RUN}-1").mkdir()
    (folder / "central").mkdir()
    (folder / "central" / "token.sha256").write_text("f" * 64)
    (folder / "central" / "local.key").write_text("secret")
    (folder / "index.sqlite").write_bytes(b"index")
    (folder / "central.json").write_text("{}")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


KEPT = {
    f"runs/{RUN}/metadata.json": b"{}",
    f"runs/{RUN}/events.ndjson": b'{"a":1}\n{"b":2}\n',
    f"runs/{RUN}/artifacts/{DIGEST}": b"picture",
    "central/token.sha256": b"f" * 64,
}


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tar.zst"])
def test_what_is_backed_up_comes_back(data: Path, tmp_path: Path, name: str) -> None:
    seen: list[BackupProgress] = []
    target = tmp_path / name
    manifest = create(data, target, FakeClock(), seen.append)
    assert {file.path for file in manifest.files} == KEPT.keys()
    assert (seen[-1].done, seen[-1].runs) == (1, 1)
    assert target.stat().st_mode & 0o077 == 0
    again = tmp_path / "again"
    assert restore(target, again) == manifest
    assert files(again) == KEPT
    assert {path.stat().st_mode & 0o077 for path in again.rglob("*")} == {0}


def test_a_log_that_grows_is_cut_at_a_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = data / "runs" / RUN / "events.ndjson"

    def grow(now: BackupProgress) -> None:
        with log.open("ab") as file:
            file.write(b'"}\n{"more')

    create(data, tmp_path / "b.tar.gz", FakeClock(), grow)
    restore(tmp_path / "b.tar.gz", tmp_path / "again")
    restored = (tmp_path / "again" / "runs" / RUN / "events.ndjson").read_bytes()
    assert restored == b'{"a":1}\n{"b":2}\n{"torn"}\n'


def test_a_folder_with_anything_in_it_is_refused(data: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar.gz"
    create(data, target, FakeClock())
    before = files(data)
    with pytest.raises(BenchraceError, match="is not empty"):
        restore(target, data)
    with pytest.raises(BenchraceError, match="already exists"):
        create(data, target, FakeClock())
    assert files(data) == before


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tar.zst"])
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_backup_that_was_cut_is_refused(
    data: Path, tmp_path: Path, name: str, keep: float
) -> None:
    target, again = tmp_path / name, tmp_path / "again"
    create(data, target, FakeClock())
    target.write_bytes(target.read_bytes()[: int(target.stat().st_size * keep)])
    with pytest.raises(BenchraceError, match="is damaged or incomplete"):
        restore(target, again)
    assert files(again) == {}


def changed(source: Path, target: Path, change: dict[str, bytes | None]) -> None:
    """Write an archive again with other contents, without some, or with more files."""
    with tarfile.open(source) as old:
        content = {entry.name: old.extractfile(entry).read() for entry in old}  # type: ignore[union-attr]
    manifest = content.pop(NAME)
    content |= {path: data for path, data in change.items() if data is not None}
    content = {path: data for path, data in content.items() if change.get(path, b"") is not None}
    with tarfile.open(target, mode="w:gz") as new:
        for path, data in (*content.items(), (NAME, manifest)):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            new.addfile(entry, io.BytesIO(data))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"central/token.sha256": b"0" * 64}, "the checksum of central/token.sha256 is wrong"),
        ({"central/token.sha256": None}, "central/token.sha256 is missing"),
        ({"central/other.json": b"{}"}, "central/other.json is not in its list"),
        ({"../evil": b"x"}, "'../evil', which no backup has"),
        ({"/etc/evil": b"x"}, "'/etc/evil', which no backup has"),
        ({f"runs/{RUN}/../../evil": b"x"}, "which no backup has"),
    ],
)
def test_a_changed_backup_is_refused(
    data: Path, tmp_path: Path, change: dict[str, bytes | None], words: str
) -> None:
    create(data, tmp_path / "a.tar.gz", FakeClock())
    changed(tmp_path / "a.tar.gz", tmp_path / "b.tar.gz", change)
    with pytest.raises(BenchraceError, match="is damaged or incomplete") as caught:
        restore(tmp_path / "b.tar.gz", tmp_path / "again")
    assert words in caught.value.message
    assert files(tmp_path / "again") == {}
    assert not (tmp_path / "evil").exists()


def test_other_names_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"b\.zip"):
        create(data, tmp_path / "b.zip", FakeClock())
    with pytest.raises(BenchraceError, match="does not exist"):
        restore(tmp_path / "none.tar.gz", tmp_path / "again")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("central/machines.json", True),
        ("central/local.key", False),
        ("central/.hidden", False),
        (f"runs/{RUN}/events.bad", True),
        (f"runs/{RUN}/artifacts/{DIGEST}", True),
        (f"runs/{RUN}/artifacts/x", False),
        ("runs/x/events.ndjson", False),
        ("index.sqlite", False),
        ("jobs/a/work.ndjson", False),
    ],
)
def test_which_files_are_kept(path: str, expected: bool) -> None:
    assert is_kept(path) == expected


def test_a_run_that_was_in_progress_gets_an_epoch_that_no_viewer_has(
    tmp_path: Path, make: Make
) -> None:
    states = {make.run_id: RunState.RUNNING, RUN: RunState.DONE}
    for run_id, state in states.items():
        metadata = make.metadata(run_id, state=state, epoch=2)
        folder = RunFolder.create(tmp_path / "data" / "runs", metadata)
        if state.final:
            folder.summary_path.write_text("{}")
    create(tmp_path / "data", tmp_path / "b.tar.gz", FakeClock())
    restore(tmp_path / "b.tar.gz", tmp_path / "again")
    running, done = (
        RunFolder.open(tmp_path / "again" / "runs", run_id).metadata.epoch for run_id in states
    )
    # The one that was backed up may have cut this log again since, and so raised it.
    assert running > 1_700_000_000
    assert done == 2


def test_each_restore_of_a_backup_gets_another_epoch(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = make.metadata(make.run_id, state=RunState.RUNNING, epoch=5000)
    RunFolder.create(tmp_path / "data" / "runs", metadata)
    create(tmp_path / "data", tmp_path / "b.tar.gz", FakeClock())
    epochs = []
    for now_s in (10, 9000.5, 9001.2):
        monkeypatch.setattr(time, "time", lambda now_s=now_s: now_s)
        restore(tmp_path / "b.tar.gz", tmp_path / str(now_s))
        run = RunFolder.open(tmp_path / str(now_s) / "runs", make.run_id)
        epochs.append(run.metadata.epoch)
    assert epochs == [5001, 9000, 9001]


def test_an_epoch_that_cannot_be_raised_fails_the_restore(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    RunFolder.create(tmp_path / "data" / "runs", make.metadata(state=RunState.RUNNING))
    create(tmp_path / "data", tmp_path / "b.tar.gz", FakeClock())

    def full(*_: object) -> None:
        raise BenchraceError(Category.DISK_FULL, "the disk is full")

    monkeypatch.setattr(RunFolder, "raise_epoch", full)
    with pytest.raises(BenchraceError, match="the disk is full"):
        restore(tmp_path / "b.tar.gz", tmp_path / "again")
    assert not (tmp_path / "again" / "runs").exists()
