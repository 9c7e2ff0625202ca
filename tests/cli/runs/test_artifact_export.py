"""What rounds made, written by the command line from a folder and from a central."""

from pathlib import Path

import pytest
from anyio import to_thread
from click.testing import CliRunner, Result

from benchrace.cli.main import cli
from benchrace.cli.runs import artifact_export
from benchrace.run.planning.order import Slot
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served


class Maker(FakeAgent):
    """Makes the same file in each round, and once one that it loses."""

    async def round(self, slot: Slot) -> None:
        self.job.make(slot, "out.txt", "text/plain", b"made")
        if slot.round == 1:
            lost = self.job.make(slot, "lost.txt", "text/plain", b"lost")
            del self.files[(self.job.spec.job_id, lost)]


async def finished_run(central: Served) -> str:
    await central.link(Maker())
    run_id = await central.submit(rounds=2, warmup=0)
    await central.over(run_id)

    async def stored() -> int:
        listed = await central.get(f"/api/runs/{run_id}/artifacts")
        return [artifact["state"] for artifact in listed["artifacts"]].count("stored")

    await central.until(stored, (2,))
    return run_id


def export(run_id: str, folder: Path, *more: str) -> Result:
    words = ["runs", "export", run_id, "--format", "files", "-o", str(folder), *more]
    return CliRunner().invoke(cli, words)


def check(done: Result, folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())
    assert [name.split("_")[:2] for name in names] == [["lane-0", "round-0"], ["lane-0", "round-1"]]
    assert all(name.endswith("_out.txt") for name in names)
    assert {path.read_bytes() for path in folder.iterdir()} == {b"made"}
    assert "lost.txt has not been fetched: it is on machine local" in done.output
    assert done.exit_code == 1


async def test_from_a_central_and_from_a_folder(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as central:
        run_id = await finished_run(central)
        behind = tmp_path / "behind"
        done = await to_thread.run_sync(export, run_id, behind, "--central", central.url)
        check(done, behind)
    stored = tmp_path / "deep" / "stored"
    done = await to_thread.run_sync(export, run_id, stored, "--data-dir", str(tmp_path / "data"))
    check(done, stored)


def test_files_need_a_folder(tmp_path: Path) -> None:
    words = ["runs", "export", "x", "--format", "files", "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 2
    assert "-o DIR" in done.output


def test_a_run_without_artifacts_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert artifact_export.save([], tmp_path / "out") == 0
    assert "the run has no artifacts" in capsys.readouterr().err
