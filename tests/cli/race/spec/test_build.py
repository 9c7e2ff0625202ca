"""The specification that `benchrace run` submits, from a stored run and from options."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.cli.race.spec import build
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
def stored(data: Path) -> Path:
    """Return a data folder with a run of `SPEC`."""
    RunFolder.create(runs_dir(data), Make().metadata(state=RunState.FAILED, spec=SPEC))
    return data


def built(base: dict[str, Any], **chosen: Any) -> RunSpec:
    nothing: dict[str, Any] = {"workload": None, "params": (), "lanes": (), "tags": ()}
    return build.build(base, **(nothing | chosen))


def test_a_stored_run_is_repeated_without_what_was_said_about_it(stored: Path) -> None:
    again = built(build.stored("abcdef", None, None, stored))
    assert (again.kind, again.params, again.lanes) == (SPEC.kind, SPEC.params, SPEC.lanes)
    assert (again.rounds, again.name) == (7, "threads")
    assert (again.tags, again.notes, again.continues) == ((), None, None)


def test_options_override_a_stored_run_parameter_by_parameter(stored: Path) -> None:
    base = build.stored(RUN_ID, None, None, stored)
    again = built(base, params=("n=200",), tags=("again",), rounds="3", lanes=("label=only",))
    assert again.params == {"n": "200", "threads": 1}
    assert (again.rounds, again.tags) == (3, ("again",))
    assert [lane.label for lane in again.lanes] == ["only"]


def test_a_run_that_does_not_exist_is_named(stored: Path) -> None:
    with pytest.raises(NotFound, match="no run with the ID '123456'"):
        build.stored("123456", None, None, stored)


def test_without_a_workload_the_ways_to_give_one_are_listed() -> None:
    with pytest.raises(InvalidInput, match="a SPEC file or --from RUN"):
        built({})


def test_a_file_and_a_stored_run_exclude_each_other(call: Call) -> None:
    done = call("run", "race.toml", "--from", "abcdef")
    assert done.exit_code == 2
    assert "SPEC and --from exclude each other" in done.output
