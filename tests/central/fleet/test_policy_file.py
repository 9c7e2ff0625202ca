"""`model_policy.yaml`, replaced whole with a copy of the old one, or not at all."""

from pathlib import Path

import pytest

from benchrace.central.fleet.policy_file import write_policy
from benchrace.config.model_policy import Group, ModelPolicy, path_of, read_policy
from benchrace.errors import BenchraceError, InvalidInput

POLICY = ModelPolicy(
    required=Group(llm=("tiny:1b", "org/name:q4"), whisper=("base",)),
    optional=Group(sdxl_profiles=("turbo",)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_of(tmp_path / "config")


def test_what_is_written_is_read(path: Path) -> None:
    assert write_policy(path, POLICY) is None
    assert read_policy(path) == POLICY


def test_the_old_file_stays_beside_the_new_one(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("# mine\nrequired: {llm: [old]}\n")
    backup = write_policy(path, POLICY)
    assert backup is not None
    assert backup.read_text() == "# mine\nrequired: {llm: [old]}\n"
    assert backup.parent == path.parent
    assert read_policy(path) == POLICY


def test_only_the_latest_copies_are_kept(path: Path) -> None:
    write_policy(path, POLICY)
    for number in range(15):
        path.with_name(f"{path.name}.2020010{number:02}T000000Z.bak").write_text("old")
    newest = write_policy(path, POLICY)
    stored = sorted(path.parent.glob("*.bak"))
    assert len(stored) == 10
    assert stored[-1] == newest


def test_a_name_twice_is_refused_before_anything_is_written(path: Path) -> None:
    double = ModelPolicy(required=Group(llm=("a", "A")), optional=Group(llm=("a:latest",)))
    with pytest.raises(InvalidInput) as caught:
        write_policy(path, double)
    assert [field.path for field in caught.value.fields] == ["required.llm[1]", "optional.llm[0]"]
    assert not path.exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchraceError, match="file"):
        write_policy(path_of(tmp_path / "file"), POLICY)
