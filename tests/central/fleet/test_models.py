"""What machines have and lack, and which memory an engine would use."""

import msgspec
import pytest

from benchrace.central.fleet.models import lacks, model_here, room_of
from benchrace.config.model_policy import Group, ModelPolicy
from benchrace.plugin.readiness import KvLayers, Model
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.findings.ceiling import Ceiling, Roofs
from benchrace.run.planning.fit import Badge, Pool
from benchrace.run.planning.prediction import Prediction
from benchrace.telemetry.hardware import Gpu, GpuKind, Memory
from tests.central.offer import capabilities

GIB = 1 << 30
TINY = Model(
    name="tiny:latest",
    size=GIB,
    kv=(KvLayers(count=4, kv_heads=8, k_dim=128, v_dim=128),),
    compute_buffer=0,
)


def machine(
    name: str, *models: Model, memory: int | None = None, gpus: tuple[Gpu, ...] = ()
) -> Capabilities:
    plain = capabilities(name)
    status = msgspec.structs.replace(plain.backends[0], models=models)
    hardware = msgspec.structs.replace(
        plain.hardware, memory=Memory(total_bytes=memory, usable_bytes=memory), gpus=gpus
    )
    return msgspec.structs.replace(plain, backends=(status,), hardware=hardware)


def gpu(index: int, vram: int | None, *, ready: bool = True, unified: bool = False) -> Gpu:
    memory = 128 * GIB if unified else vram
    return Gpu(
        index=index,
        kind=GpuKind.NVIDIA,
        vendor="x",
        vram_bytes=vram,
        memory_bytes=memory,
        ready=ready,
        unified=unified,
    )


def predicted(here: Capabilities) -> dict[str, Prediction]:
    read = Ceiling(
        value=40.0, unit="GB/s", threads=1, tier=None, at=1.0, run_id="r", lane_id="lane-0"
    )
    pool = room_of(here.hardware).pool
    return model_here("tiny", 64, here, (), Roofs(pool=pool, read=read)).predictions


def test_each_backend_is_predicted_from_its_own_model() -> None:
    here = machine("a", msgspec.structs.replace(TINY, active_bytes=4 * GIB), memory=64 * GIB)
    (first,) = here.backends
    other = msgspec.structs.replace(
        first,
        description=msgspec.structs.replace(first.description, name="other"),
        models=(msgspec.structs.replace(TINY, active_bytes=GIB),),
    )
    outcome = predicted(msgspec.structs.replace(here, backends=(first, other)))
    sizes = [outcome[name].bytes_per_token for name in (first.description.name, "other")]
    assert sizes[0] is not None
    assert sizes[1] == sizes[0] - 3 * GIB


@pytest.mark.parametrize(("vram", "is_predicted"), [(8 * GIB, True), (GIB // 2, False)])
def test_what_does_not_fit_a_gpu_is_not_predicted(vram: int, is_predicted: bool) -> None:
    model = msgspec.structs.replace(TINY, active_bytes=GIB)
    (outcome,) = predicted(machine("a", model, memory=64 * GIB, gpus=(gpu(0, vram),))).values()
    assert (outcome.decode is not None, outcome.unmeasured) == (is_predicted, False)
    assert is_predicted or outcome.missing == (
        "the speed of the part that does not fit into GPU memory",
    )


def test_what_a_machine_lacks() -> None:
    policy = ModelPolicy(required=Group(llm=("tiny", "big")), optional=Group(whisper=("base",)))
    capabilities = machine("a", TINY)
    lacking = lacks(capabilities, policy)
    assert lacking is not None
    assert (lacking.required, lacking.optional) == (("big",), ("base",))
    unasked = msgspec.structs.replace(capabilities.backends[0], models=(), reachable=None)
    assert lacks(msgspec.structs.replace(capabilities, backends=(unasked,)), policy) is None
    assert lacks(None, policy) is None


@pytest.mark.parametrize(
    ("gpus", "pool", "size"),
    [
        ((), Pool.SYSTEM, 64 * GIB),
        ((gpu(0, 24 * GIB), gpu(1, 24 * GIB)), Pool.VRAM, 48 * GIB),
        ((gpu(0, 24 * GIB, ready=False),), Pool.SYSTEM, 64 * GIB),
        ((gpu(0, None, unified=True),), Pool.UNIFIED, 128 * GIB),
    ],
)
def test_the_memory_that_an_engine_would_use(gpus: tuple[Gpu, ...], pool: Pool, size: int) -> None:
    room = room_of(machine("a", memory=64 * GIB, gpus=gpus).hardware)
    assert (room.pool, room.bytes) == (pool, size)


def test_a_machine_that_lacks_a_model_is_judged_by_what_others_tell() -> None:
    has = machine("a", TINY, memory=64 * GIB)
    lacks_it = machine("b", memory=GIB)
    fleet = [has, lacks_it]
    here = model_here("TINY", 1024, has, fleet)
    assert (here.has_model, here.backends) == (True, ("fake",))
    there = model_here("tiny", 1024, lacks_it, fleet)
    assert (there.has_model, there.backends) == (False, ())
    assert here.fit is not None
    assert there.fit is not None
    # 4 layers * 4096 bytes * 1024 positions = 16 MiB beside 1 GiB of weights.
    assert here.fit.need_bytes == there.fit.need_bytes == GIB + 16 * (1 << 20)
    assert (here.fit.badge, there.fit.badge) == (Badge.GOOD, Badge.FAIL)


def test_a_model_that_nobody_knows_has_no_fit() -> None:
    alone = machine("a", memory=GIB)
    assert model_here("none", None, alone, [alone]).fit is None


def test_the_fullest_description_counts() -> None:
    bare = Model(name="tiny", size=3 * GIB)
    both = machine("a", bare, TINY, memory=64 * GIB)
    result = model_here("tiny", 1024, both, [both]).fit
    assert result is not None
    assert result.weights_bytes == GIB
