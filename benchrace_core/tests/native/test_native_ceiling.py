"""Products of quantised weights against numpy, and ceilings as Python calls them."""

import threading
from typing import Any

import numpy as np
import pytest

import benchrace_core as core
from benchrace.testing.limits import HANG_S
from benchrace_core import Cancelled, Ceiling, gemv

BLOCK = {"q8_0": 34, "q4_0": 18, "f16": 64}
# What single precision loses over a few thousand products, of the sum of their magnitudes.
TOLERANCE = 2e-6


def blocks(layout: str, count: int, seed: int) -> bytes:
    """Return random blocks of finite weights."""
    random = np.random.default_rng(seed)
    if layout == "f16":
        return random.normal(size=32 * count).astype("<f2").tobytes()
    raw = random.integers(0, 256, (count, BLOCK[layout]), dtype=np.uint8)
    scales = random.uniform(-0.1, 0.1, count).astype("<f2")
    raw[:, :2] = scales.view(np.uint8).reshape(count, 2)
    return raw.tobytes()


def dequantised(layout: str, weights: bytes) -> Any:
    """Return the weights of each block as numpy reads them."""
    raw = np.frombuffer(weights, np.uint8).reshape(-1, BLOCK[layout])
    if layout == "f16":
        return raw.view("<f2").astype(np.float64)
    scales = raw[:, :2].copy().view("<f2").astype(np.float64)
    if layout == "q8_0":
        return scales * raw[:, 2:].view(np.int8)
    nibbles = np.concatenate([raw[:, 2:] & 15, raw[:, 2:] >> 4], axis=1)
    return scales * (nibbles.astype(np.float64) - 8)


def rounded(vector: Any) -> Any:
    """Return a vector with its blocks rounded to bytes, as for quantised weights."""
    parts = vector.reshape(-1, 32)
    scales = np.abs(parts).max(axis=1, keepdims=True) / np.float32(127)
    return (np.round(parts / scales) * scales.astype(np.float64)).reshape(-1)


@pytest.mark.parametrize("layout", BLOCK)
@pytest.mark.parametrize("tier", core.cpu_tiers())
def test_products_equal_those_of_numpy(layout: str, tier: str) -> None:
    rows, columns = 7, 4128
    weights = blocks(layout, rows * columns // 32, seed=5)
    vector = np.random.default_rng(6).normal(size=columns).astype(np.float32)
    exact = vector.astype(np.float64) if layout == "f16" else rounded(vector)
    matrix = dequantised(layout, weights).reshape(rows, columns)
    products = np.array(gemv(layout, weights, vector.tolist(), tier=tier))
    errors = np.abs(products - matrix @ exact)
    assert np.all(errors <= TOLERANCE * (np.abs(matrix) @ np.abs(exact)))


def test_weights_that_are_no_whole_rows_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^weights: 35 bytes"):
        gemv("q8_0", bytes(35), [0.0] * 32)
    with pytest.raises(ValueError, match=r"^columns: 33"):
        gemv("q8_0", bytes(34), [0.0] * 33)
    with pytest.raises(ValueError, match=r'^format: unknown format "q4_k"'):
        gemv("q4_k", bytes(34), [0.0] * 32)


def test_a_ceiling_is_measured_once() -> None:
    ceiling = Ceiling.bandwidth(["copy"], threads=1, passes=3, size=3 << 20, pin=False)
    measured = ceiling.execute()
    ((kernel, amount, elapsed_ns),) = measured.sweeps
    assert (kernel, amount, len(elapsed_ns)) == ("copy", 6 << 20, 3)
    assert (measured.bytes, measured.threads_used, measured.cores_pinned) == (3 << 20, 1, 0)
    assert measured.cpu_tier == core.cpu_tier()
    done, total = ceiling.progress()
    assert done == total > 0
    with pytest.raises(RuntimeError, match="executed before"):
        ceiling.execute()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threads": 0, "passes": 1}, "^threads: 0 requested"),
        ({"threads": 1, "passes": 0}, "^passes: 0"),
        ({"threads": 1, "passes": 1, "size": 1 << 60}, "^size: needs"),
        ({"threads": 1, "passes": 1, "tier": "mmx"}, "^tier: "),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Ceiling.bandwidth(**arguments)


def test_a_cancel_ends_a_ceiling() -> None:
    ceiling = Ceiling.gemm("int8", 4000, threads=1, passes=1000)
    errors: list[BaseException] = []

    def execute() -> None:
        try:
            ceiling.execute()
        except Cancelled as error:
            errors.append(error)

    thread = threading.Thread(target=execute, daemon=True)
    thread.start()
    while ceiling.progress()[0] < 3 and thread.is_alive():
        thread.join(0.001)
    ceiling.cancel()
    thread.join(HANG_S)
    assert not thread.is_alive()
    assert len(errors) == 1
