"""What an ended run held is free at once, without a collection of garbage."""

import gc
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio
import pytest

from benchrace.central.runs.live_run import LiveRun
from benchrace.events import Stream
from benchrace.run.spec import LaneSpec, RunSpec
from benchrace.store.run_log import RunLog
from tests.central.hosting import Host
from tests.central.scripted import FakeAgent
from tests.store.conftest import Make

SPEC = RunSpec(
    kind="work",
    params={"n": 10},
    rounds=2,
    lanes=(LaneSpec(machine_id="a"), LaneSpec(machine_id="b")),
)
Held = list[weakref.ref[LiveRun] | weakref.ref[RunLog]]


@pytest.fixture(autouse=True)
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def submit(host: Host, held: Held) -> str:
    """Submit a run, and note what central holds of it."""
    run_id = await host.central.submit(SPEC)
    run = host.live(run_id)
    held += [weakref.ref(run), weakref.ref(run.log)]
    return run_id


def is_free(held: Held) -> bool:
    return all(one() is None for one in held)


async def test_an_ended_run_is_free_once_another_has_run(host: Host) -> None:
    await host.link(FakeAgent("a"), FakeAgent("b"))
    held: Held = []
    for _ in range(3):
        await host.over(await submit(host, held))
    # Tasks of central may still name the last run that they have seen.
    await host.over(await submit(host, []))
    await host.until(partial(is_free, held))


async def test_a_cancelled_run_is_free_once_another_has_run(host: Host) -> None:
    gate = anyio.Event()
    await host.link(FakeAgent("a", open_gate=gate), FakeAgent("b", open_gate=gate))
    held: Held = []
    run_id = await submit(host, held)
    await host.until(lambda: host.live(run_id).progress.turns)
    await host.central.cancel(run_id, "enough")
    await host.over(run_id)
    gate.set()
    await host.over(await submit(host, []))
    await host.until(partial(is_free, held))


async def test_a_log_that_is_closed_is_not_synced(host: Host) -> None:
    """The disk is not blamed for a line between the last sync and the end of a run."""
    await host.link(FakeAgent("a"), FakeAgent("b"))
    held: Held = []
    run_id = await submit(host, held)
    run = host.live(run_id)
    save = run.folder.save_summary

    def late(*summary: Any) -> None:
        save(*summary)
        # As a step of the clock is noted.
        run.writer.write_own(lambda seq: Make().line(seq, job_id=None, stream=Stream.CENTRAL))

    run.folder.save_summary = late  # type: ignore[assignment,method-assign]
    await host.over(run_id)
    await host.until(lambda: run.log.closed)
    assert host.central._disk.trouble is None
