"""Only the owner can read what benchrace writes, older versions' files included."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchrace import permissions
from benchrace.config.paths import make_private
from benchrace.store import atomic
from benchrace.store.index import Index
from benchrace.store.journal import Journal


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_new_files_and_folders_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "runs"
    permissions.make_folder(folder)
    permissions.make_folder(folder)
    atomic.write(folder / "metadata.json", b"{}")
    with Journal(folder / "events.ndjson"):
        pass
    index = Index(folder / "index.sqlite")
    files = [path for path in folder.iterdir() if path.is_file()]
    assert len(files) >= 4
    assert {path.name: mode(path) for path in files} == {path.name: 0o600 for path in files}
    index.close()
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)


def test_a_folder_that_exists_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    permissions.make_folder(tmp_path / "new")
    assert mode(tmp_path) == 0o755
    with pytest.raises(FileExistsError):
        permissions.make_folder(tmp_path / "new", exist_ok=False)


def test_what_an_older_version_left_is_tightened(tmp_path: Path) -> None:
    run = tmp_path / "runs" / "run"
    run.mkdir(parents=True)
    foreign = tmp_path / "notes"
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    for path in (run / "events.ndjson", tmp_path / "index.sqlite-wal", foreign, outside):
        path.write_text("x")
        path.chmod(0o644)
    (run / "program").write_text("x")
    (run / "program").chmod(0o755)
    (run / "link").symlink_to(outside)
    make_private(tmp_path)
    assert mode(run.parent) == mode(run) == mode(run / "program") == 0o700
    assert mode(run / "events.ndjson") == mode(tmp_path / "index.sqlite-wal") == 0o600
    assert mode(foreign) == mode(outside) == 0o644


def test_another_owners_file_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    permissions.tighten(path)
    assert mode(path) == 0o644


def test_a_refusal_names_the_owner_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data"
    path.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    error = atomic.failure(path / "central.lock", PermissionError(13, "Permission denied"))
    assert f"{path}/central.lock: Permission denied; {path} belongs to " in error.message
    assert "--data-dir" in error.remedy
