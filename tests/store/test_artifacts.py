"""Files of a run on the disk: whole and checked, or not there."""

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
def kept(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path, "box")


def test_a_file_comes_in_pieces_and_is_there_only_when_whole(kept: Artifacts) -> None:
    assert kept.arrived(SHA) == 0
    kept.add(SHA, 0, DATA[:8])
    assert (kept.arrived(SHA), kept.has(SHA)) == (8, False)
    assert not kept.stored()
    kept.add(SHA, 8, DATA[8:])
    kept.finish(SHA)
    assert kept.path(SHA).read_bytes() == DATA
    assert (kept.arrived(SHA), kept.has(SHA)) == (0, True)
    assert kept.stored() == {SHA}
    assert kept.begin_of(SHA) == DATA[:16]
    assert [each.name for each in kept.path(SHA).parent.iterdir()] == [SHA]


def test_a_piece_that_comes_twice_changes_nothing(kept: Artifacts) -> None:
    kept.add(SHA, 0, DATA)
    kept.add(SHA, 8, DATA[8:12])
    assert kept.arrived(SHA) == 12
    kept.add(SHA, 12, DATA[12:])
    kept.finish(SHA)
    assert kept.path(SHA).read_bytes() == DATA


def test_other_bytes_are_dropped(kept: Artifacts) -> None:
    kept.add(SHA, 0, DATA[:-1] + b"!")
    with pytest.raises(BenchraceError, match="another SHA-256") as refused:
        kept.finish(SHA)
    assert refused.value.category is Category.BAD_OUTPUT
    assert (kept.arrived(SHA), kept.has(SHA)) == (0, False)


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
def test_what_is_no_digest_is_no_path(kept: Artifacts, name: str) -> None:
    with pytest.raises(ValueError, match="no SHA-256"):
        kept.path(name)


def test_a_link_is_not_written_through(kept: Artifacts, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / f"{SHA}.box.partial").symlink_to(target)
    with pytest.raises(BenchraceError):
        kept.add(SHA, 0, DATA)
    assert target.read_bytes() == b"precious"


def test_a_run_that_was_deleted_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Artifacts(tmp_path / "gone", "box").add(SHA, 0, DATA)
    assert not (tmp_path / "gone").exists()


def test_a_full_disk_is_said(kept: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    kept.add(SHA, 0, DATA[:4])
    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(BenchraceError) as refused:
        kept.add(SHA, 4, DATA[4:])
    assert refused.value.category is Category.DISK_FULL
