"""The specification that `benchrace run` submits, from a stored run and from options."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.cli.race.spec import build
from benchrace.cli.runs.archive_folder import FolderArchive
from benchrace.config.paths import runs_dir
from benchrace.errors import InvalidInput, NotFound
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from tests.cli.conftest import Call
from tests.store.conftest import RUN_ID, Make

SPEC = RunSpec(
    kind="compute",
    params={"n": 100, "threads": 1},
    lanes=(LaneSpec(label="one"), LaneSpec(params={"threads": 2})),
    rounds=7,
    name="threads",
    tags=("nightly",),
    notes="It was warm.",
    continues="2026-11-23_101500_fedcba",
)


@pytest.fixture
def stored(data: Path) -> FolderArchive:
    """Return the runs of a data folder: one of `SPEC`."""
    RunFolder.create(runs_dir(data), Make().metadata(state=RunState.FAILED, spec=SPEC))
    return FolderArchive(data)


def built(base: dict[str, Any], **chosen: Any) -> RunSpec:
    nothing: dict[str, Any] = {"workload": None, "params": (), "lanes": (), "tags": ()}
    return build.build(base, **(nothing | chosen))


def test_a_stored_run_is_repeated_without_what_was_said_about_it(stored: FolderArchive) -> None:
    again = built(build.of_run("abcdef", stored))
    assert (again.kind, again.params, again.lanes) == (SPEC.kind, SPEC.params, SPEC.lanes)
    assert (again.rounds, again.name) == (7, "threads")
    assert (again.tags, again.notes, again.continues) == ((), None, None)


def test_options_override_a_stored_run_parameter_by_parameter(stored: FolderArchive) -> None:
    base = build.of_run(RUN_ID, stored)
    again = built(base, params=("n=200",), tags=("again",), rounds="3", lanes=("label=only",))
    assert again.params == {"n": "200", "threads": 1}
    assert (again.rounds, again.tags) == (3, ("again",))
    assert [lane.label for lane in again.lanes] == ["only"]


def test_a_run_is_looked_for_in_every_place(stored: FolderArchive, tmp_path: Path) -> None:
    empty = FolderArchive(tmp_path / "empty")
    assert build.of_run("abcdef", empty, stored) == build.of_run("abcdef", stored, empty)


def test_a_run_that_does_not_exist_is_named(stored: FolderArchive) -> None:
    with pytest.raises(NotFound, match="no run with the ID '123456'"):
        build.of_run("123456", stored, stored)


def test_without_a_workload_the_ways_to_give_one_are_listed() -> None:
    with pytest.raises(InvalidInput, match="a SPEC file or --from RUN"):
        built({})


def test_a_file_and_a_stored_run_exclude_each_other(call: Call) -> None:
    done = call("run", "race.toml", "--from", "abcdef")
    assert done.exit_code == 2
    assert "SPEC and --from exclude each other" in done.output
