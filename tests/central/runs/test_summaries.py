"""Summaries of runs that are over."""

import msgspec
from anyio import to_thread

from benchrace.central.runs.summaries import summary_of
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.store.run_folder import RunFolder
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent


async def test_an_older_summary_gives_the_result_as_well(host: Host) -> None:
    await host.link(FakeAgent())
    lanes = (LaneSpec(), LaneSpec(label="b"))
    spec = RunSpec(kind="work", params={"n": 10}, lanes=lanes, rounds=3)
    over = await host.over(await host.central.submit(spec))

    def check() -> None:
        folder = RunFolder.open(host.central.runs_dir, over.metadata.run_id)
        stored = summary_of(folder)
        assert stored.result is not None
        folder.save_summary(msgspec.structs.replace(stored, result=None))
        assert b'"result": null' in folder.summary_path.read_bytes()
        again = summary_of(folder).result
        assert again is not None
        assert (again.headline, again.detail) == (stored.result.headline, stored.result.detail)
        assert again.confidence == stored.result.confidence

    await to_thread.run_sync(check)
