"""Files come from their machines when a job is over, whatever breaks on the way."""

import errno
import os
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import pytest

from benchrace.api.artifacts import ArtifactState
from benchrace.central.api.documents import answer
from benchrace.central.artifacts import collector as collector_module
from benchrace.central.artifacts.collector import Collector
from benchrace.central.disk import Disk
from benchrace.central.fleet.fleet import Fleet
from benchrace.central.runs.registry import Runs
from benchrace.central.settings import CentralSettings
from benchrace.clock import SystemClock
from benchrace.errors import BenchraceError, Category
from benchrace.protocol.agent_central import Answer, Ask, encode
from benchrace.protocol.artifacts import PIECE_BYTES, ArtifactAsk
from benchrace.run.artifact import RunArtifact
from benchrace.run.planning.order import Slot
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState
from benchrace.store.artifacts import Artifacts
from benchrace.testing.limits import HANG_S
from tests.central.hosting import Data, Host
from tests.central.scripted import FakeAgent

SPEC = RunSpec(kind="work", params={"n": 10}, rounds=2, warmup=0)
BIG = bytes(range(256)) * 3000  # four pieces
NAMED = RunArtifact(
    name="out.bin",
    media_type="application/x",
    size=1,
    sha256="0" * 64,
    job_id="job",
    machine_id="local",
    lane_id=None,
    round=None,
)


class Maker(FakeAgent):
    """Makes a file in each round; `made` has their digests."""

    def __init__(self, *files: bytes, **changes: Any) -> None:
        self.todo = list(files)
        self.digests: list[str] = []
        super().__init__(**changes)

    async def round(self, slot: Slot) -> None:
        await super().round(slot)
        if self.todo:
            self.digests.append(self.job.make(slot, "out.bin", "application/x", self.todo.pop(0)))


def stored(host: Host, run_id: str) -> Artifacts:
    return Artifacts(host.central.runs_dir / run_id, "local")


async def states(host: Host, run_id: str) -> list[tuple[ArtifactState, str | None]]:
    result = (await answer(host.central, run_id)).artifacts
    return [(artifact.state, artifact.reason) for artifact in result]


async def reason(host: Host, run_id: str) -> str:
    """Wait until a file could not be had, and give why."""
    with anyio.fail_after(HANG_S):
        while True:
            ((state, why),) = await states(host, run_id)
            if why is not None:
                assert state is ArtifactState.ON_MACHINE
                return why
            await anyio.sleep(0.01)


async def fetched(host: Host, run_id: str, sha256: str, data: bytes) -> None:
    await host.until(lambda: stored(host, run_id).has(sha256))
    assert stored(host, run_id).path(sha256).read_bytes() == data


async def test_files_come_when_the_job_is_over_and_not_before(host: Host) -> None:
    agent = Maker(BIG, b"small", open_gate=anyio.Event())
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.until(lambda: host.live(run_id).progress.begun)
    agent.open_gate.set()
    over = await host.over(run_id)
    assert over.state is RunState.DONE
    assert [artifact.sha256 for artifact in over.summary.artifacts] == agent.digests
    await fetched(host, run_id, agent.digests[0], BIG)
    await fetched(host, run_id, agent.digests[1], b"small")
    assert all(ask.limit <= PIECE_BYTES for ask in agent.pieces)
    assert [ask.offset for ask in agent.pieces[:4]] == [n * PIECE_BYTES for n in range(4)]
    assert await states(host, run_id) == [(ArtifactState.STORED, None)] * 2


async def test_files_that_are_named_just_before_a_runs_end_come_as_well(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, over = anyio.Event(), anyio.Event()

    async def slow(_collector: Collector) -> None:
        looked.set()
        await over.wait()

    monkeypatch.setattr(Collector, "_try_to_save", slow)
    agent = Maker(b"small")
    await host.link(agent)
    await looked.wait()
    # The collector cannot look again until the run is over.
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    over.set()
    await fetched(host, run_id, agent.digests[0], b"small")


async def test_nothing_is_asked_of_a_machine_that_measures(host: Host) -> None:
    agent = Maker(BIG)
    hold = anyio.Event()
    second = anyio.Event()

    async def late(slot: Slot) -> None:
        if slot.round == 1:
            second.set()
            await hold.wait()
        else:
            await Maker.round(agent, slot)

    agent.round = late  # type: ignore[method-assign]
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await second.wait()
    await host.until(lambda: host.live(run_id).fold.artifacts.named)
    await anyio.sleep(0.05)
    assert agent.pieces == []
    assert await states(host, run_id) == [(ArtifactState.ON_MACHINE, None)]
    hold.set()
    await host.over(run_id)
    await fetched(host, run_id, agent.digests[0], BIG)


async def test_a_link_that_breaks_in_the_middle_goes_on_where_it_broke(host: Host) -> None:
    agent = Maker(BIG)
    cut = anyio.Event()

    async def answering(ask: Ask) -> None:
        if ask.artifact is not None and ask.artifact.offset == 2 * PIECE_BYTES and not cut.is_set():
            cut.set()
            await agent.cut()

    agent.answering = answering  # type: ignore[method-assign]
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await cut.wait()
    await fetched(host, run_id, agent.digests[0], BIG)
    offsets = [ask.offset // PIECE_BYTES for ask in agent.pieces]
    assert offsets == [0, 1, 2, 2, 3]
    assert (await host.over(run_id)).state is RunState.DONE


async def test_wrong_bytes_are_refused_and_asked_for_again_on_the_next_link(host: Host) -> None:
    agent = Maker(b"right")
    agent.piece = lambda ask: b"wrong"  # type: ignore[method-assign]
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    await host.until(lambda: agent.pieces)
    assert "another SHA-256" in await reason(host, run_id)
    assert not stored(host, run_id).has(agent.digests[0])
    await anyio.sleep(0.05)
    assert len(agent.pieces) == 1
    del agent.piece
    await agent.cut()
    await fetched(host, run_id, agent.digests[0], b"right")


@pytest.mark.parametrize("sent", [b"", bytes(PIECE_BYTES)])
async def test_a_piece_of_another_length_is_not_taken(host: Host, sent: bytes) -> None:
    agent = Maker(b"right")
    agent.piece = lambda ask: sent  # type: ignore[method-assign]
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    assert f"{len(sent)} bytes where 5 were due" in await reason(host, run_id)
    assert stored(host, run_id).arrived(agent.digests[0]) == 0


async def test_a_file_that_is_gone_there_is_said(host: Host) -> None:
    agent = Maker(b"gone")
    await host.link(agent)
    agent.open_gate = anyio.Event()
    run_id = await host.central.submit(SPEC)
    agent.open_gate.set()
    agent.files = Forgetful()
    await host.over(run_id)
    assert await reason(host, run_id) == "the job has no such file"


class Forgetful(dict[tuple[str, str], bytes]):
    def get(self, *_: object) -> None:  # type: ignore[override]
        return None


async def test_bytes_that_nobody_asked_for_are_not_taken(host: Host) -> None:
    agent = Maker(b"right")
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    assert agent.socket is not None
    piece = {"data": "AAAA"}
    for ask_id in range(20):
        await agent.socket.send(encode(Answer(ask_id=ask_id + 1000, result=piece)))
    await fetched(host, run_id, agent.digests[0], b"right")
    assert stored(host, run_id).stored() == {agent.digests[0]}


async def test_too_large_a_file_is_never_asked_for(host: Host) -> None:
    limits = type(host.central.settings.artifacts)(file_bytes=10)
    host.central._collector._limits = limits
    agent = Maker(b"eleven byte", b"ten bytes.")
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    await fetched(host, run_id, agent.digests[1], b"ten bytes.")
    assert {ask.sha256 for ask in agent.pieces} == {agent.digests[1]}


async def over_with(agent: Maker, host: Host, machine: anyio.abc.TaskGroup) -> str:
    """Link an agent that outlives this central, and let a run of it end."""
    agent.url = host.url
    machine.start_soon(agent.run, None)
    await host.until(lambda: host.is_ready(agent))
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    return run_id


async def test_the_next_central_fetches_what_is_lacking(data: Data) -> None:
    agent = Maker(BIG)
    agent.piece = busy  # type: ignore[method-assign]
    async with anyio.create_task_group() as machine:
        async with data.host() as host:
            run_id = await over_with(agent, host, machine)
            await host.until(lambda: len(agent.pieces) > 2)
            agent.away = True
            await agent.cut()
        del agent.piece
        async with data.host() as host:
            agent.url = host.url
            agent.away = False
            await fetched(host, run_id, agent.digests[0], BIG)
            pending = data.path / "central/artifacts.json"
            await host.until(lambda: pending.read_bytes() == b"[]\n")
        machine.cancel_scope.cancel()


async def test_the_next_central_knows_what_is_lacking_from_a_runs_end_on(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Central is killed when the run is over, and has not looked for files since its start."""
    agent = Maker(b"small")
    async with anyio.create_task_group() as machine:
        with monkeypatch.context() as patch:
            patch.setattr(Collector, "_try_to_save", lambda _: anyio.sleep_forever())
            async with data.host() as host:
                run_id = await over_with(agent, host, machine)
                assert agent.pieces == []
        async with data.host() as host:
            agent.url = host.url
            await fetched(host, run_id, agent.digests[0], b"small")
        machine.cancel_scope.cancel()


async def test_an_end_before_the_list_is_read_leaves_what_is_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, ending = "2999-01-01_000000_aaaaaa", "2999-01-01_000000_bbbbbb"
    monkeypatch.setattr(collector_module, "_named", lambda _folder, _run_id: (NAMED,))
    lacking = tmp_path / "artifacts.json"
    lacking.write_text(f'["{earlier}"]')
    await collector(tmp_path).note_end(ending, (NAMED,))
    assert lacking.read_text() == f'["{earlier}","{ending}"]\n'


def busy(ask: ArtifactAsk) -> bytes:
    raise BenchraceError(Category.BUSY, "something measures")


async def test_a_full_disk_waits_and_heals(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = Maker(BIG)
    full = True
    pwrite = os.pwrite

    def write(fd: int, data: bytes, offset: int) -> int:
        if full and offset >= PIECE_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(fd, data, offset)

    monkeypatch.setattr(os, "pwrite", write)
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    await host.until(lambda: len(agent.pieces) > 2)
    assert stored(host, run_id).arrived(agent.digests[0]) == PIECE_BYTES
    full = False
    await fetched(host, run_id, agent.digests[0], BIG)


async def test_a_run_that_is_deleted_is_forgotten(host: Host) -> None:
    agent = Maker(BIG)
    agent.piece = busy  # type: ignore[method-assign]
    await host.link(agent)
    run_id = await host.central.submit(SPEC)
    over = await host.over(run_id)
    await host.until(lambda: agent.pieces)
    over.folder.delete()
    del agent.piece
    pending = host.central.folder / "artifacts.json"
    await host.until(lambda: pending.read_bytes() == b"[]\n")
    assert not over.folder.path.exists()


async def test_two_machines_that_made_the_same_file(host: Host) -> None:
    one, other = Maker(BIG, machine_id="one"), Maker(BIG, machine_id="other")
    await host.link(one, other)
    run_id = await host.central.submit(SPEC)
    await host.over(run_id)
    assert one.digests == other.digests
    await fetched(host, run_id, one.digests[0], BIG)
    assert await states(host, run_id) == [(ArtifactState.STORED, None)] * 2


def collector(folder: Path) -> Collector:
    settings = CentralSettings(data=folder)
    return Collector(
        path=folder / "artifacts.json",
        runs_dir=folder,
        settings=settings,
        fleet=Fleet(folder / "machines.json", settings.keep_alive, SystemClock()),
        runs=Runs(lambda: None),
        disk=Disk(folder, lambda: None, 1.0),
        clock=SystemClock(),
        fetched=lambda _: None,
    )


async def test_files_may_still_come_until_what_runs_lacked_is_loaded(tmp_path: Path) -> None:
    own = collector(tmp_path)
    assert own.lacks("run")
    async with anyio.create_task_group() as group:
        group.start_soon(own.run)
        with anyio.fail_after(HANG_S):
            while own.lacks("run"):  # noqa: ASYNC110 - it reads a file
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
