"""What an installation hands to the service's user, and what it does not."""

import contextlib
import os
import pwd
import socket
from pathlib import Path

import pytest

from benchrace.cli.service.install import account

UID, GID = 12345, 12346


@pytest.fixture
def owned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note the files that get another owner, by inode, in place of handing them over."""
    inodes: list[int] = []

    def note(fd: int, uid: int, gid: int) -> None:
        assert (uid, gid) == (UID, GID)
        inodes.append(os.fstat(fd).st_ino)

    user = pwd.struct_passwd(("service", "x", UID, GID, "", "/", "/bin/false"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: user)
    monkeypatch.setattr(os, "fchown", note)
    return inodes


def test_files_of_others_are_not_handed_over(tmp_path: Path, owned: list[int]) -> None:
    foreign, folder = tmp_path / "shadow", tmp_path / "central"
    foreign.write_text("of root")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("of root")
    folder.mkdir()
    (folder / "token.sha256").write_text("f")
    (folder / "hard").hardlink_to(foreign)
    (folder / "soft").symlink_to(foreign)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(folder):
        # By a short name: the path of a socket has at most 104 bytes.
        listening.bind("socket")
    account.give_folder("service", folder)
    assert owned == [folder.stat().st_ino, (folder / "token.sha256").stat().st_ino]
    owned.clear()
    (tmp_path / "link").symlink_to(tmp_path / "etc")
    account.give_folder("service", tmp_path / "link")
    account.give_folder("service", tmp_path / "missing")
    account.give("service", tmp_path / "link", folder / "hard", folder / "soft")
    assert owned == []
    account.give("service", folder)
    assert owned == [folder.stat().st_ino]
