"""What stored runs say of a machine: its description, as it was when each of them started."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.errors import NotFound
from benchrace.ids import RunId
from benchrace.store import regular
from benchrace.store.run_folder import METADATA, folder_path


class SeenCpu(msgspec.Struct, frozen=True, kw_only=True):
    model: str | None = None
    physical_cores: int | None = None
    logical_cores: int | None = None
    usable_threads: int | None = None


class SeenMemory(msgspec.Struct, frozen=True, kw_only=True):
    total_bytes: int | None = None


class SeenGpu(msgspec.Struct, frozen=True, kw_only=True):
    vendor: str | None = None
    name: str | None = None
    vram_bytes: int | None = None
    driver_version: str | None = None
    power_limit_w: float | None = None


class SeenSystem(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    version: str | None = None
    kernel: str | None = None


class SeenHardware(msgspec.Struct, frozen=True, kw_only=True):
    product: str | None = None
    cpu: SeenCpu = SeenCpu()
    memory: SeenMemory = SeenMemory()
    gpus: tuple[SeenGpu, ...] = ()
    os: SeenSystem = SeenSystem()
    virtualisation: str | None = None


class SeenPower(msgspec.Struct, frozen=True, kw_only=True):
    governor: str | None = None


class SeenEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    layers: tuple[str, ...] = ()
    power: SeenPower = SeenPower()


class SeenDescription(msgspec.Struct, frozen=True, kw_only=True):
    title: str


class SeenBackend(msgspec.Struct, frozen=True, kw_only=True):
    description: SeenDescription
    engine_version: str | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The part of `Capabilities` that is compared, of an agent of any version."""

    hardware: SeenHardware
    version: str | None = None
    environment: SeenEnvironment = SeenEnvironment()
    backends: tuple[SeenBackend, ...] = ()


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A machine as a run found it; `at` is when the run was submitted, in wall seconds."""

    run_id: RunId
    at: float
    machine: Seen


class _Metadata(msgspec.Struct, frozen=True):
    """The rest of a run's metadata is not decoded: most of it describes workloads."""

    created_at: float
    machines: dict[str, msgspec.Raw] = {}


def observations(
    runs_dir: Path, run_ids: Iterable[RunId], machine_id: str
) -> Iterator[Observation]:
    """Read a machine's descriptions from the metadata of runs; blocking.

    Runs that have none are left out: they never started, are damaged, or were deleted meanwhile.
    """
    for run_id in run_ids:
        try:
            data = regular.read(folder_path(runs_dir, run_id) / METADATA)
            run = structs.decode(data, _Metadata)
            machine = structs.decode(run.machines[machine_id], Seen)
        except (OSError, NotFound, KeyError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        yield Observation(run_id=run_id, at=run.created_at, machine=machine)
