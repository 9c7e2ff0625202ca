"""The fit of a model, against numbers computed by hand."""

import pytest

from benchrace.plugin import KvLayers, Model, Resident
from benchrace.run.planning.fit import Badge, Pool, Room, badge, fit, kv_bytes

MIB = 1 << 20
GIB = 1 << 30
# 32 layers of 8 heads of 128: 2 * 8 * 128 * 2 bytes = 4096 a layer and position, 128 KiB in all.
LAYERS = (KvLayers(count=32, kv_heads=8, k_dim=128, v_dim=128),)
EIGHT = Model(name="eight", size=4_920_000_000, layers=32, kv=LAYERS, compute_buffer=560 * MIB)


def test_an_engine_s_own_figure() -> None:
    # A llama.cpp log: 8 layers, 2048 cells, 8 heads of 128 at f16 take 64.00 MiB.
    layers = (KvLayers(count=8, kv_heads=8, k_dim=128, v_dim=128),)
    assert kv_bytes(layers, 2048) == 64 * MIB
    assert kv_bytes(layers, 2048, slots=4) == 256 * MIB


def test_windows_dims_and_quantised_caches() -> None:
    full = KvLayers(count=2, kv_heads=4, k_dim=192, v_dim=128)
    local = KvLayers(count=10, kv_heads=4, k_dim=192, v_dim=128, window=1024)
    # A position of a layer: 4 * (192 + 128) * 2 = 2560 bytes.
    assert kv_bytes((full, local), 8192) == 2 * 2560 * 8192 + 10 * 2560 * 1024
    assert kv_bytes((full, local), 512) == 12 * 2560 * 512
    small = KvLayers(kv_heads=1, k_dim=64, v_dim=32, k_bytes=1.0625, v_bytes=0.5625)
    assert kv_bytes((small,), 100) == 8600


def test_the_numbers_add_up() -> None:
    result = fit(EIGHT, Room(pool=Pool.VRAM, bytes=8 * GIB), 8192)
    assert result.kv_bytes == 8192 * 128 * 1024 == GIB
    assert result.need_bytes == 4_920_000_000 + GIB + 560 * MIB
    assert result.usable_bytes == 7_730_941_132
    assert result.ratio == pytest.approx(7_730_941_132 / 6_580_944_384)
    # 1.1747: it fits, and not with much to spare.
    assert result.badge is Badge.RISK
    assert (result.missing, result.slots, result.buffer_assumed) == ((), 1, False)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(1.2, "GOOD"), (1.1999, "RISK"), (1.0, "RISK"), (0.9999, "FAIL"), (None, "UNKNOWN")],
)
def test_the_limits_of_the_badges(ratio: float | None, expected: str) -> None:
    assert badge(ratio) == expected


def test_a_longer_context_turns_good_into_fail() -> None:
    room = Room(pool=Pool.VRAM, bytes=12 * GIB)
    badges = [fit(EIGHT, room, context).badge for context in (4096, 32_768, 131_072)]
    assert badges == [Badge.GOOD, Badge.RISK, Badge.FAIL]


def test_what_is_not_told_is_assumed_and_said() -> None:
    model = Model(name="m", size=100 * MIB, kv=LAYERS)
    result = fit(model, Room(pool=Pool.SYSTEM, bytes=GIB), 64)
    assert (result.buffer_bytes, result.buffer_assumed) == (256 * MIB, True)
    large = Model(name="m", size=20 * GIB, kv=LAYERS)
    assert fit(large, Room(pool=Pool.SYSTEM, bytes=GIB), 64).buffer_bytes == GIB


def test_slots_each_hold_a_context() -> None:
    model = Model(name="m", size=1, kv=LAYERS, slots=4)
    result = fit(model, Room(pool=Pool.SYSTEM, bytes=GIB), 1024)
    assert (result.slots, result.kv_bytes) == (4, 4 * 128 * MIB)


def test_what_is_loaded_tells_the_context() -> None:
    model = Model(name="m", size=1, kv=LAYERS, loaded=Resident(context=2048))
    room = Room(pool=Pool.UNIFIED, bytes=GIB)
    assert fit(model, room, None).context == 2048
    assert fit(model, room, 16).context == 16


def test_unknown_says_what_is_missing() -> None:
    nothing = fit(Model(name="m"), Room(pool=Pool.VRAM, bytes=None), None)
    assert nothing.badge is Badge.UNKNOWN
    assert nothing.need_bytes is nothing.ratio is nothing.kv_bytes is None
    assert nothing.missing == (
        "the size of the model's files",
        "the model's layers, heads and dimensions",
        "the context's length: give num_ctx",
        "how much vram memory the machine has",
    )
    half = Model(name="m", size=1, layers=40, kv=LAYERS)
    assert fit(half, Room(pool=Pool.VRAM, bytes=GIB), 16).missing == (
        "the key-value cache of 40 layers: only 32 are described",
    )
