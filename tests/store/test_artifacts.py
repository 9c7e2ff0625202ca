"""Files of a run on the disk: whole and checked, or absent."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.store.artifacts import Artifacts

DATA = b"some bytes of a file"
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path, "box")


def test_a_file_comes_in_pieces_and_is_there_only_when_whole(artifacts: Artifacts) -> None:
    assert artifacts.arrived(SHA) == 0
    artifacts.add(SHA, 0, DATA[:8])
    assert (artifacts.arrived(SHA), artifacts.has(SHA)) == (8, False)
    assert not artifacts.stored()
    artifacts.add(SHA, 8, DATA[8:])
    artifacts.finish(SHA)
    assert artifacts.path(SHA).read_bytes() == DATA
    assert (artifacts.arrived(SHA), artifacts.has(SHA)) == (0, True)
    assert artifacts.stored() == {SHA}
    assert artifacts.begin_of(SHA) == DATA[:16]
    assert [path.name for path in artifacts.path(SHA).parent.iterdir()] == [SHA]


def test_a_piece_that_comes_twice_changes_nothing(artifacts: Artifacts) -> None:
    artifacts.add(SHA, 0, DATA)
    artifacts.add(SHA, 8, DATA[8:12])
    assert artifacts.arrived(SHA) == 12
    artifacts.add(SHA, 12, DATA[12:])
    artifacts.finish(SHA)
    assert artifacts.path(SHA).read_bytes() == DATA


def test_other_bytes_are_dropped(artifacts: Artifacts) -> None:
    artifacts.add(SHA, 0, DATA[:-1] + b"!")
    with pytest.raises(BenchraceError, match="another SHA-256") as refused:
        artifacts.finish(SHA)
    assert refused.value.category is Category.BAD_OUTPUT
    assert (artifacts.arrived(SHA), artifacts.has(SHA)) == (0, False)


def test_two_sources_do_not_mix(tmp_path: Path) -> None:
    one, other = Artifacts(tmp_path, "one"), Artifacts(tmp_path, "other")
    one.add(SHA, 0, DATA[:5])
    other.add(SHA, 0, DATA)
    other.finish(SHA)
    assert one.arrived(SHA) == 5
    assert one.has(SHA)
    one.drop(SHA)
    assert one.arrived(SHA) == 0


@pytest.mark.parametrize("name", ["", "../../x", "a" * 63, "A" * 64, "a" * 64 + "\n", "a/" * 32])
def test_what_is_no_digest_is_no_path(artifacts: Artifacts, name: str) -> None:
    with pytest.raises(ValueError, match="invalid SHA-256"):
        artifacts.path(name)


def test_a_link_is_not_written_through(artifacts: Artifacts, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / f"{SHA}.box.partial").symlink_to(target)
    with pytest.raises(BenchraceError):
        artifacts.add(SHA, 0, DATA)
    assert target.read_bytes() == b"precious"


def test_a_run_that_was_deleted_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Artifacts(tmp_path / "gone", "box").add(SHA, 0, DATA)
    assert not (tmp_path / "gone").exists()


def test_a_full_disk_is_said(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    artifacts.add(SHA, 0, DATA[:4])
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(BenchraceError) as refused:
        artifacts.add(SHA, 4, DATA[4:])
    assert refused.value.category is Category.DISK_FULL
