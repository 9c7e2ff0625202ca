"""Artifacts that the disk refuses are named with their size and the reason."""

import errno
import os
from pathlib import Path

import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.worker.lanes.artifacts import Artifacts

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("code", "category"),
    [
        (errno.ENOSPC, Category.DISK_FULL),
        (errno.EIO, Category.SYSTEM),
        (errno.EACCES, Category.SYSTEM),
    ],
)
async def test_a_refusal_has_the_category_of_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, category: Category
) -> None:
    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(BenchraceError, match=r"artifact of 5 B was not stored: .*") as refused:
        await Artifacts(tmp_path / "artifacts").keep("text", "text/plain", b"12345")
    assert refused.value.category is category
    assert os.strerror(code) in refused.value.message
    assert list((tmp_path / "artifacts").iterdir()) == []
