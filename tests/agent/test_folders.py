"""Folders that an agent watches: missing, full, and hanging."""

import shutil
import threading
from collections import namedtuple
from pathlib import Path

import anyio
import psutil
import pytest

from benchrace.agent import folders
from benchrace.agent.folders import GIB, Folders

pytestmark = pytest.mark.anyio
Partition = namedtuple("Partition", "mountpoint fstype")
Usage = namedtuple("Usage", "total used free")


async def test_a_folder_that_is_missing_is_a_problem_with_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    watched = Folders(tmp_path)
    await watched.look({"models_dir": str(tmp_path / "none"), "model_share": str(tmp_path)})
    data, models, share = watched.reports
    assert (data.setting, data.exists, data.problem) == (None, True, None)
    assert data.free_bytes is not None
    assert (models.exists, models.problem) == (False, "does not exist")
    assert (share.exists, share.mounted, share.problem) == (True, False, "is not mounted")
    assert [problem.message for problem in watched.problems][-2:] == [
        f"models_dir {tmp_path / 'none'} does not exist",
        f"model_share {tmp_path} is not mounted",
    ]


async def test_a_disk_counts_as_full_until_there_is_clearly_more_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Folders(tmp_path)
    seen = []
    for free in (2.5, 1.9, 2.5, 3.5, 2.5):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Usage(9, 9, free * GIB))
        await watched.look({})
        seen.append(bool(watched.problems))
    assert seen == [False, True, True, False, False]


async def test_a_share_that_hangs_holds_nothing_up_and_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, hangs, calls = threading.Event(), threading.Event(), []

    def hang(path: str, setting: str | None) -> None:
        calls.append(path)
        hangs.set()
        go_on.wait()

    watched = Folders(tmp_path)
    monkeypatch.setattr(folders, "look", hang)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(watched.look, {})
            await anyio.to_thread.run_sync(hangs.wait)
            group.cancel_scope.cancel()
        await watched.look({})
        assert "does not respond" in watched.problems[0].message
        assert calls == [str(tmp_path)]
    finally:
        go_on.set()


def test_a_folder_below_a_mounted_share_counts_as_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path.resolve()
    types = {"nas": "nfs4", "disk": "ext4", "home": "ext4", "home/me/share": "fuse.sshfs"}
    mounts = {Path("/"): "ext4", **{root / name: kind for name, kind in types.items()}}
    partitions = [Partition(str(path), kind) for path, kind in mounts.items()]

    def device(path: Path) -> int:
        resolved = path.resolve()
        above = next(one for one in (resolved, *resolved.parents) if one in mounts)
        return list(mounts).index(above)

    monkeypatch.setattr(Path, "is_mount", lambda path: path in mounts or path.name == "firmlink")
    monkeypatch.setattr("benchrace.assets.mounts._device", device)
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: partitions)
    monkeypatch.setenv("HOME", str(root / "home/me"))
    seen = {}
    inside = ("nas", "nas/models", "disk", "disk/models", "home/me/share", "home/me/models")
    for name in (*inside, "elsewhere", "firmlink"):
        (root / name).mkdir(parents=True)
        seen[name] = folders.look(str(root / name), "model_share").mounted
    (root / "link").symlink_to(root / "nas")
    assert folders.look(str(root / "link"), "model_share").problem is None
    assert [name for name, mounted in seen.items() if mounted] == [
        "nas",
        "nas/models",
        "disk",
        "home/me/share",
    ]
