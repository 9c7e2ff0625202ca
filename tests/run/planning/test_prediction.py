"""Predicted rates, against numbers computed by hand."""

from typing import Any

import msgspec
import pytest

from benchrace.plugin import KvLayers, Model
from benchrace.run.findings.ceiling import Ceiling, Efficiency, Roofs
from benchrace.run.planning.fit import Pool
from benchrace.run.planning.prediction import (
    DECODE_ASSUMED,
    bytes_per_token,
    from_cache,
    measured,
    predict,
)

# A position takes 32 * 8 * (128 + 128) * 2 = 131,072 bytes.
MODEL = Model(
    name="m",
    size=5_000_000_000,
    quantization="Q8_0",
    layers=32,
    kv=(KvLayers(count=32, kv_heads=8, k_dim=128, v_dim=128),),
    active_bytes=4_000_000_000,
    active_parameters=4_000_000_000,
)
HALF = Efficiency(value=0.5, low=0.4, high=0.6, n=3, run_ids=("r",))


def ceiling(value: float, unit: str = "GB/s") -> Ceiling:
    return Ceiling(
        value=value, unit=unit, threads=2, tier="avx2", at=1.0, run_id="r", lane_id="lane-0"
    )


def roofs(**changes: Any) -> Roofs:
    fields: dict[str, Any] = {
        "pool": Pool.SYSTEM,
        "read": ceiling(40.0),
        "weights": {"q8_0": ceiling(32.0)},
        "products": {"int8": ceiling(1600.0, "GFLOP/s")},
        "decode": {"engine": HALF},
        "formats": {"engine": {"Q8_0": HALF}},
        "prefill": {"engine": HALF},
    }
    return Roofs(**fields | changes)


def test_the_bandwidth_roof_and_the_efficiency() -> None:
    result = predict(MODEL, roofs(), "engine", depth=0)
    assert (result.bytes_per_token, result.bandwidth_roof) == (4_000_000_000, 10.0)
    assert result.decode is not None
    assert (result.decode.value, result.decode.low, result.decode.high) == (5.0, 4.0, 6.0)
    # 1600e9 multiplications and additions a second, 2 for each of 4e9 parameters.
    assert result.prefill is not None
    assert (result.prefill.value, result.prefill.low, result.prefill.high) == (100.0, 80.0, 120.0)
    assert (result.missing, result.unmeasured) == ((), False)


@pytest.mark.parametrize(
    ("pool", "width", "overhead"),
    [
        (Pool.SYSTEM, 640, 0.25),
        # No narrower model than one of 512 was measured.
        (Pool.SYSTEM, 512, 0.3125),
        (Pool.SYSTEM, 192, 0.3125),
        (Pool.SYSTEM, None, None),
        (Pool.SYSTEM, 0, None),
        (Pool.VRAM, 640, 0.0),
        (Pool.UNIFIED, 640, 0.0),
    ],
)
def test_narrow_rows_take_longer_on_processors_alone(
    pool: Pool, width: int | None, overhead: float | None
) -> None:
    model = msgspec.structs.replace(MODEL, width=width)
    result = predict(model, roofs(pool=pool), "engine", depth=0)
    assert result.row_overhead == overhead
    assert result.decode is not None
    factor = 1 + (overhead or 0)
    band = (result.decode.value, result.decode.low, result.decode.high)
    assert band == pytest.approx((5.0 / factor, 4.0 / factor, 6.0 / factor))
    assumed = predict(model, roofs(pool=pool, weights={}), "unknown", depth=0).decode
    assert assumed is not None
    assert assumed.value == pytest.approx(7.0 / factor)


def test_no_bandwidth_or_no_efficiency_is_a_rate_of_0() -> None:
    none = msgspec.structs.replace(HALF, low=0.0)
    own = roofs(read=ceiling(40.0), decode={}, formats={"engine": {"Q8_0": none}})
    result = predict(MODEL, own, "engine", depth=0).decode
    assert result is not None
    assert (result.value, result.low) == (5.0, 0.0)
    own = roofs(read=ceiling(0.0), products={"int8": ceiling(0.0, "GFLOP/s")})
    prediction = predict(MODEL, own, "engine", depth=0)
    assert prediction.decode is not None
    assert prediction.prefill is not None
    assert (prediction.decode.value, prediction.prefill.high) == (0, 0)


def test_what_ran_in_the_cache_does_not_lift_the_compute_limit() -> None:
    cached = from_cache(msgspec.structs.replace(HALF, value=1.3, low=1.2, high=1.4))
    slow = roofs(weights={"q8_0": ceiling(24.0)}, formats={"engine": {"Q8_0": cached}})
    result = predict(MODEL, slow, "engine", depth=0)
    assert (result.efficiency.n, result.efficiency.in_cache) == (3, True)
    assert result.decode is not None
    assert (result.decode.value, result.decode.low, result.decode.high) == (6.0, 5.0, 6.0)


def test_keys_and_values_are_read_as_well() -> None:
    assert bytes_per_token(MODEL, 1000) == 4_000_000_000 + 131_072_000
    windowed = KvLayers(count=32, kv_heads=8, k_dim=128, v_dim=128, window=100)
    assert bytes_per_token(Model(name="w", active_bytes=1, kv=(windowed,)), 1000) == 13_107_201


def test_the_compute_roof_limits_an_assumed_value_and_its_band() -> None:
    slow = roofs(weights={"q8_0": ceiling(24.0)})
    result = predict(MODEL, slow, "unknown", depth=0)
    assert result.compute_roof == 6.0
    assert result.decode is not None
    assert (result.decode.value, result.decode.low, result.decode.high) == (6.0, 5.0, 6.0)
    # An engine that was measured may be faster than the probe's kernel.
    measured_one = predict(MODEL, roofs(weights={"q8_0": ceiling(18.0)}), "engine", depth=0)
    assert measured_one.decode is not None
    assert (measured_one.decode.value, measured_one.decode.high) == (5.0, 6.0)
    # Weights of another format say nothing about these.
    other = predict(MODEL, roofs(weights={"q4_0": ceiling(1.0)}), "engine", depth=0)
    assert (other.compute_roof, other.decode is not None and other.decode.value) == (None, 5.0)


@pytest.mark.parametrize(
    ("quantization", "n", "band"),
    [("Q8_0", 3, (0.4, 0.6)), ("Q8_0", 2, (0.4, 0.92)), ("Q4_K_M", 3, (0.4, 0.92))],
)
def test_a_band_is_narrow_only_with_evidence_of_this_format(
    quantization: str, n: int, band: tuple[float, float]
) -> None:
    measured_one = msgspec.structs.replace(HALF, n=n)
    model = msgspec.structs.replace(MODEL, quantization=quantization)
    own = roofs(decode={"engine": measured_one}, formats={"engine": {"Q8_0": measured_one}})
    result = predict(model, own, "engine").efficiency
    assert (result.value, result.low, result.high) == (0.5, *band)


def test_an_engine_that_was_never_measured_is_assumed_with_a_wide_band() -> None:
    result = predict(MODEL, roofs(weights={}), "unknown", depth=0)
    assert result.efficiency == DECODE_ASSUMED
    assert result.efficiency.n == 0
    assert result.decode is not None
    assert result.decode.low < 0.8 * result.decode.value < 1.2 * result.decode.value
    assert result.decode.high > 1.2 * result.decode.value


@pytest.mark.parametrize(
    ("model", "changes", "missing"),
    [
        (Model(name="m"), {}, "how many bytes of weights a token reads"),
        (Model(name="m", active_bytes=1), {}, "the model's layers, heads and dimensions"),
        (
            Model(name="m", active_bytes=1, layers=33, kv=MODEL.kv),
            {},
            "the model's layers, heads and dimensions",
        ),
        (MODEL, {"read": None}, "the machine's read bandwidth"),
        (MODEL, {"read": None, "reason": "the hardware changed"}, "the hardware changed"),
    ],
)
def test_what_is_missing_is_said(model: Model, changes: dict[str, Any], missing: str) -> None:
    result = predict(model, roofs(**changes), "engine")
    assert result.decode is None
    assert missing in result.missing


def test_without_a_rate_of_products_prefill_alone_is_unknown() -> None:
    result = predict(MODEL, roofs(products={}), "engine")
    assert result.decode is not None
    assert result.prefill is None
    assert result.missing == ("the machine's rate of matrix products, for prefill",)
    assert result.unmeasured


def test_the_processor_s_rates_are_not_those_of_a_gpu() -> None:
    result = predict(MODEL, roofs(pool=Pool.VRAM), "engine")
    assert result.decode is not None
    assert (result.compute_roof, result.prefill) == (None, None)
    # Nothing measures the products of a GPU.
    assert not result.unmeasured


def test_a_measured_efficiency_is_the_median_with_a_band_of_15_percent_at_least() -> None:
    assert measured([]) is None
    one = measured([("a", 0.6)])
    assert one is not None
    assert [one.value, one.low, one.high] == pytest.approx([0.6, 0.51, 0.69])
    three = measured([("b", 0.9), ("a", 0.6), ("a", 0.5)])
    assert three is not None
    assert (three.value, three.low, three.high) == (0.6, 0.5, 0.9)
    assert (three.n, three.run_ids) == (3, ("b", "a"))
