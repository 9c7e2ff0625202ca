"""The folder of a fleet that keeps nothing."""

import tempfile
from pathlib import Path

import pytest

from benchrace.store.journal import is_held
from benchrace_simulated.fleet.temporary import temporary_folder


def test_what_a_killed_fleet_has_left_goes_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, begun = tmp_path / "benchrace-simulated-left", tmp_path / "benchrace-simulated-begun"
    for folder in (left, begun):
        folder.mkdir()
    # Its lock went with its process.
    (left / "fleet.lock").touch()
    (left / "jobs").mkdir()
    (tmp_path / "benchrace-simulated-link").symlink_to(tmp_path)
    with temporary_folder() as first:
        assert not left.exists()
        # The lock has its name only once it is held.
        assert is_held(first / "fleet.lock")
        assert [path.name for path in first.iterdir()] == ["fleet.lock"]
        with temporary_folder() as second:
            assert first.exists()
            assert second != first
        assert not second.exists()
    assert not first.exists()
    assert begun.exists()
