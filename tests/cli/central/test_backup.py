"""The two commands: what they say, and that a restored central has its runs."""

import json
from pathlib import Path

from benchrace.config.paths import runs_dir
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from tests.cli.conftest import Call
from tests.store.conftest import Make

RUN = "2026-11-20_101500_abcdef"


def test_runs_come_back_with_their_index(call: Call, data: Path, tmp_path: Path) -> None:
    RunFolder.create(runs_dir(data), Make().metadata(RUN, state=RunState.DONE, name="kept"))
    target, again = str(tmp_path / "b.tar.zst"), str(tmp_path / "again")
    done = json.loads(call("central", "backup", target, "--json").output)
    assert (done["runs"], done["data"]) == (1, str(data))
    restored = call("central", "restore", target, "--data-dir", again)
    assert restored.exit_code == 0, restored.output
    assert f"to {again}" in restored.output
    listed = json.loads(call("runs", "list", "--json", "--data-dir", again).output)
    before = json.loads(call("runs", "list", "--json").output)
    assert listed == before
    refused = call("central", "restore", target, "--data-dir", again)
    assert refused.exit_code == 1
    assert "is not empty" in refused.output


def test_a_folder_without_data_is_named(call: Call, tmp_path: Path) -> None:
    refused = call("central", "backup", str(tmp_path / "b.tar.gz"))
    assert refused.exit_code == 1
    assert "--data-dir" in refused.output
