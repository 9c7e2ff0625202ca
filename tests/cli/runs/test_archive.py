"""Finding a stored run by a part of its id."""

from pathlib import Path

import pytest

from benchrace.cli.runs import archive, archive_folder
from benchrace.config.paths import runs_dir
from benchrace.errors import NotFound
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from tests.store.conftest import Make

IDS = [f"2026-11-2{day}_101500_abcde{day}" for day in range(7)]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> archive.Archive:
    """Return runs that fill several pages."""
    monkeypatch.setattr("benchrace.store.query.MAX_ROWS", 2)
    for run_id in IDS:
        metadata = Make().metadata(run_id, state=RunState.DONE, name=f"like {IDS[0]}")
        RunFolder.create(runs_dir(tmp_path), metadata)
    return archive_folder.FolderArchive(tmp_path)


@pytest.mark.parametrize("text", ["abcde0", "2026-11-20", IDS[0], IDS[0][:-1]])
def test_the_oldest_run_is_found_behind_many_newer_ones(runs: archive.Archive, text: str) -> None:
    assert archive.find(runs, text) == IDS[0]


def test_an_id_that_begins_many_runs_names_how_many(runs: archive.Archive) -> None:
    with pytest.raises(NotFound, match="7 run IDs start or end with '2026-11'"):
        archive.find(runs, "2026-11")


def test_a_part_of_a_name_is_not_an_id(runs: archive.Archive) -> None:
    with pytest.raises(NotFound, match="no run with the ID 'like'"):
        archive.find(runs, "like")
