"""Pinning and pruning in a data folder."""

import json
from pathlib import Path

import pytest

from benchrace.config.paths import runs_dir
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from tests.cli.conftest import Call
from tests.store.conftest import Make

IDS = [f"2026-11-2{day}_101500_abcde{day}" for day in range(3)]


@pytest.fixture
def stored(data: Path) -> Path:
    for day, run_id in enumerate(IDS):
        metadata = Make().metadata(run_id, state=RunState.DONE, ended_at=1000.0 + day)
        RunFolder.create(runs_dir(data), metadata).summary_path.write_text("{}")
    return runs_dir(data)


def left(stored: Path) -> list[str]:
    return sorted(path.name for path in stored.iterdir())


def test_a_dry_run_deletes_nothing(call: Call, stored: Path) -> None:
    shown = call("runs", "prune", "--runs", "1", "--dry-run")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.output.splitlines()] == IDS[:2]
    assert "beyond the newest run" in shown.output
    assert left(stored) == IDS


def test_pinned_runs_are_kept(call: Call, stored: Path) -> None:
    assert call("runs", "pin", "abcde0").output == f"pinned {IDS[0]}\n"
    done = json.loads(call("runs", "prune", "--runs", "1", "--yes", "--json").output)
    assert [run["run_id"] for run in done["expired"]] == [IDS[1]]
    assert left(stored) == [IDS[0], IDS[2]]
    call("runs", "unpin", IDS[0])
    assert call("runs", "prune", "--runs", "1", stdin="n\n").exit_code != 0
    assert left(stored) == [IDS[0], IDS[2]]


def test_limits_of_the_file_apply(call: Call, stored: Path, tmp_path: Path) -> None:
    assert "No limits are set: use --days" in call("runs", "prune").output
    config = tmp_path / "config"
    config.mkdir()
    (config / "central.yaml").write_text("retention:\n  days: 1\n")
    assert "older than 1 days" in call("runs", "prune", "--dry-run").output
    (config / "central.yaml").write_text("retention:\n  day: 1\n")
    refused = call("runs", "prune", "--dry-run")
    assert refused.exit_code == 2
    assert "did you mean days?" in refused.output
    assert call("runs", "prune", "--runs", "0").exit_code == 2
