"""The ceilings of stored runs, some of which cannot be read."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from benchrace.central.ceilings import stored
from benchrace.central.ceilings.conditions import conditions
from benchrace.central.ceilings.readings import RunReadings
from benchrace.central.ceilings.snapshot import snapshot
from benchrace.central.ceilings.stored import StoredCeilings
from benchrace.errors import BenchraceError, Category
from benchrace.run.findings.ceiling import GPU_READ
from benchrace.store.index import Index
from benchrace.telemetry.hardware import Caches, Gpu, GpuKind
from tests.central.ceilings.test_collect import engine, reading, run
from tests.central.offer import capabilities
from tests.stats.text_run import COLD
from tests.stats.text_run import run as text_run

READ_KIND = "memory_bandwidth"


class Runs:
    """Stands for the index and the folders: one run, and how reading it goes."""

    changes = 0

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None

    def page(self, query: Any) -> Any:
        rows = [SimpleNamespace(run_id="r1")] if query.kind == READ_KIND else []
        return SimpleNamespace(runs=rows)

    def read(self, _folder: Path, _run_id: str) -> RunReadings:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return run(reading(40.0))


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    result = Runs()
    monkeypatch.setattr(stored, "read", result.read)
    return result


def ceilings(runs: Runs) -> StoredCeilings:
    return StoredCeilings(cast(Index, runs), Path("runs"))


def test_a_run_whose_disk_failed_once_is_read_again(runs: Runs) -> None:
    limits = ceilings(runs)
    for runs.error in (OSError("I/O error"), BenchraceError(Category.BROKEN_FILE, "I/O error")):
        runs.error.__cause__ = OSError("I/O error")
        runs.changes += 1
        assert limits.of("box", None).answer.ceilings == ()
    runs.error, runs.changes = None, 9
    assert limits.roofs("box", None).read is not None
    assert runs.calls == 3


def test_a_damaged_run_is_left_out_and_not_read_again(runs: Runs) -> None:
    limits = ceilings(runs)
    runs.error = KeyError("lanes")
    for runs.changes in (1, 2):
        assert limits.of("box", None).answer.ceilings == ()
    assert runs.calls == 1


def test_the_runs_of_a_machine_as_it_is_now_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    result, plain = Runs(), capabilities("box")
    then = conditions(msgspec.structs.replace(plain, fingerprint="another"))
    monkeypatch.setattr(stored, "read", lambda *_: run(reading(40.0), then=then))
    limits = ceilings(result)
    assert tuple(limits.holding({"box": None})) == ("r1",)
    assert tuple(limits.holding({"box": plain})) == ()


@pytest.mark.parametrize(("vram", "in_cache"), [(None, True), (24 << 30, False)])
def test_the_processor_s_cache_is_not_a_gpu_s(
    monkeypatch: pytest.MonkeyPatch, vram: int | None, in_cache: bool
) -> None:
    plain = capabilities("box")
    cpu = msgspec.structs.replace(plain.hardware.cpu, caches=Caches(l3_bytes=32 << 20))
    gpu = Gpu(index=0, kind=GpuKind.NVIDIA, vendor="x", vram_bytes=vram, ready=True)
    hardware = msgspec.structs.replace(plain.hardware, cpu=cpu, gpus=(gpu,))
    small = msgspec.structs.replace(engine("t1", 20e9), bytes_per_token=27_000_000)
    one = run(reading(40.0), reading(40.0, GPU_READ), engines=(small,), then=conditions(plain))
    monkeypatch.setattr(stored, "read", lambda *_: one)
    machine = msgspec.structs.replace(plain, hardware=hardware)
    assert ceilings(Runs()).roofs("box", machine).decode["e"].in_cache is in_cache


async def test_a_run_starts_without_ceilings_that_cannot_be_read() -> None:
    def roofs_of(_machine_id: str, _capabilities: Any) -> Any:
        raise ValueError("odd")

    fleet = cast(Any, SimpleNamespace(get=lambda _id: SimpleNamespace(capabilities=None)))
    assert await snapshot(text_run(COLD), fleet, roofs_of) == {}
