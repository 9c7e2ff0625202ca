"""What rounds made, written by the command line from a folder and from a central."""

from pathlib import Path

from anyio import to_thread
from click.testing import CliRunner, Result

from benchrace.cli.main import cli
from benchrace.run.job import Slot
from tests.central.scripted import FakeAgent
from tests.central.served import Served, served


class Maker(FakeAgent):
    """Makes the same file in each round, and once one that it loses."""

    async def round(self, slot: Slot) -> None:
        self.job.make(slot, "out.txt", "text/plain", b"made")
        if slot.round == 1:
            lost = self.job.make(slot, "lost.txt", "text/plain", b"lost")
            del self.files[(self.job.spec.job_id, lost)]


async def made(central: Served) -> str:
    await central.link(Maker())
    run_id = await central.submit(rounds=2, warmup=0)
    await central.over(run_id)

    async def stored() -> int:
        found = await central.get(f"/api/runs/{run_id}/artifacts")
        return [each["state"] for each in found["artifacts"]].count("stored")

    await central.until(stored, (2,))
    return run_id


def export(run_id: str, folder: Path, *more: str) -> Result:
    words = ["runs", "export", run_id, "--format", "files", "-o", str(folder), *more]
    return CliRunner().invoke(cli, words)


def check(done: Result, folder: Path) -> None:
    names = sorted(each.name for each in folder.iterdir())
    assert [name.split("_")[:2] for name in names] == [["lane-0", "round-0"], ["lane-0", "round-1"]]
    assert all(name.endswith("_out.txt") for name in names)
    assert {each.read_bytes() for each in folder.iterdir()} == {b"made"}
    assert "lost.txt is not here: it is on machine local" in done.output
    assert done.exit_code == 1


async def test_from_a_central_and_from_a_folder(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as central:
        run_id = await made(central)
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
