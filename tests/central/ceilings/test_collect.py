"""From what runs measured to the ceilings of a machine."""

from typing import Any

import msgspec
import pytest

from benchrace.central.ceilings.collect import Collected, Machine, collect
from benchrace.central.ceilings.conditions import Conditions, changed, conditions
from benchrace.central.ceilings.readings import EngineReading, Reading, RunReadings, SuspectReading
from benchrace.plugin import KvLayers, Model
from benchrace.run.findings.ceiling import GPU_READ, PRODUCT, READ, WEIGHTS, Ceiling, Limit
from benchrace.run.planning.fit import Pool
from benchrace.run.planning.prediction import predict


def now(fingerprint: str = "f", **power: Any) -> Conditions:
    seen = conditions({"fingerprint": fingerprint, "environment": {"power": power}})
    assert seen is not None
    return seen


def reading(
    value: float, limit: Limit = READ, variant: str = "", *, at: float = 1.0, **other: Any
) -> Reading:
    run = {"run_id": f"r{at:g}", "lane_id": "lane-0", "threads": 1, "tier": "avx2", **other}
    return Reading(
        machine_id="box",
        limit=limit,
        variant=variant,
        ceiling=Ceiling(value=value, unit="GB/s", at=at, **run),
    )


def run(*readings: Reading, then: Conditions | None = None, **fields: Any) -> RunReadings:
    run_id = readings[0].ceiling.run_id if readings else "text"
    seen = {"box": then or now()}
    return RunReadings(run_id=run_id, conditions=seen, ceilings=readings, **fields)


def collected(*runs: RunReadings, pool: Pool = Pool.SYSTEM, **power: Any) -> Collected:
    return collect(Machine(machine_id="box", pool=pool, now=now(**power)), runs)


def test_the_fastest_lane_of_the_fastest_run_is_the_ceiling() -> None:
    newest = run(reading(17.0, at=2.0), reading(34.0, at=2.0, threads=2, lane_id="lane-1"))
    answer = collected(newest, run(reading(30.0, at=1.0))).answer
    (read,) = answer.ceilings
    assert read.current is not None
    assert (read.current.value, read.current.threads, read.current.run_id) == (34.0, 2, "r2")
    assert [point.value for point in read.history] == [30.0, 34.0]
    assert answer.reason is None


@pytest.mark.parametrize(
    ("value", "other", "note"),
    [
        (30.0, {}, "the newest run, r2, reached 30 GB/s: measure it again"),
        (36.5, {}, None),
        (3.0, {"threads": 2}, None),
        (3.0, {"tier": "baseline"}, None),
    ],
)
def test_a_slower_run_does_not_replace_a_ceiling(
    value: float, other: dict[str, Any], note: str | None
) -> None:
    newest = run(reading(value, at=2.0, **other))
    (read,) = collected(newest, run(reading(40.0, at=1.0))).answer.ceilings
    assert read.current is not None
    assert (read.current.run_id, read.note) == ("r1", note)


def test_other_machines_of_a_run_do_not_count() -> None:
    other = run(reading(17.0))
    machine = Machine(machine_id="other", pool=Pool.SYSTEM, now=now())
    assert collect(machine, [other]).answer.ceilings == ()


def test_another_power_mode_makes_a_ceiling_invalid_with_the_reason() -> None:
    old = run(reading(17.0), then=now(governor="performance"))
    answer = collected(old, governor="powersave").answer
    (read,) = answer.ceilings
    assert read.current is None
    why = "the power mode has changed since: governor performance, now powersave"
    assert (read.reason, read.history[0].reason) == (why, why)
    assert answer.reason == f"the read bandwidth has to be measured again: {why}"
    # An older run in the mode of now holds.
    older = run(reading(9.0, at=0.5), then=now(governor="powersave"))
    back = collected(old, older, governor="powersave")
    assert back.roofs.read is not None
    assert back.roofs.read.value == 9.0


def test_what_was_unknown_counts_as_unchanged() -> None:
    assert changed(now(""), now("f", turbo=True)) is None
    assert changed(now("f"), now("g")) == "the machine's hardware has changed since"
    text = "the power mode has changed since: on battery off, now on"
    assert changed(now(on_battery=False), now(on_battery=True)) == text
    assert conditions({"fingerprint": 7}) is None


def test_a_gpu_is_limited_by_its_own_memory() -> None:
    both = run(reading(17.0), reading(900.0, GPU_READ))
    result = collected(both, pool=Pool.VRAM)
    assert result.roofs.read is not None
    assert result.roofs.read.value == 900.0
    alone = collected(run(reading(17.0)), pool=Pool.VRAM)
    text = "the read bandwidth of the machine's GPU memory has not been measured"
    assert (alone.roofs.read, alone.roofs.reason, alone.answer.reason) == (None, text, text)


def test_unified_memory_is_limited_by_what_its_gpu_reads() -> None:
    both = run(reading(100.0), reading(380.0, GPU_READ))
    alone = run(reading(100.0))
    for runs, value in ((both, 380.0), (alone, 100.0)):
        result = collected(runs, pool=Pool.UNIFIED)
        assert result.roofs.read is not None
        assert (result.roofs.read.value, result.answer.reason) == (value, None)


def test_a_suspect_measurement_is_said() -> None:
    mark = SuspectReading(machine_id="box", limit=READ, why="SUSPECT: too small")
    result = collected(run(suspect=(mark,)))
    assert result.answer.reason == (
        "the read bandwidth has no VALID round: run text is SUSPECT: too small"
    )


def engine(run_id: str, rate: float, backend: str = "e", precision: str = "int8") -> EngineReading:
    return EngineReading(
        machine_id="box",
        backend=backend,
        run_id=run_id,
        bytes_per_s=rate,
        flop_per_s=2 * rate,
        precision=precision,
        quantization="Q8_0",
    )


def test_engines_are_measured_against_the_ceiling_of_now() -> None:
    text = run(engines=(engine("t1", 8e9), engine("t1", 12e9), engine("t1", 5e9, "other")))
    ceilings = run(reading(20.0), reading(40.0, PRODUCT, "int8"), reading(15.0, WEIGHTS, "q8_0"))
    result = collected(ceilings, text)
    assert [one.backend for one in result.answer.engines] == ["e", "other"]
    own = result.roofs.decode["e"]
    assert own.value == pytest.approx(0.5)
    assert (own.n, own.run_ids) == (2, ("t1",))
    assert result.roofs.formats["e"] == {"Q8_0": own}
    assert result.roofs.prefill["e"].value == pytest.approx(0.5)
    assert result.roofs.weights["q8_0"].value == 15.0
    # Without the rate of products in its precision, an engine has no efficiency of prefill.
    assert collected(run(reading(20.0)), text).roofs.prefill == {}


def test_a_model_in_the_cache_counts_where_nothing_else_is_known() -> None:
    ceilings = run(reading(20.0))
    cached, large = (
        msgspec.structs.replace(engine(run_id, rate), bytes_per_token=size)
        for run_id, rate, size in (("t2", 19e9, 27_000_000), ("t1", 10e9, 400_000_000))
    )
    machine = Machine(machine_id="box", pool=Pool.SYSTEM, now=now(), cache_bytes=32 << 20)
    alone = collect(machine, [ceilings, run(engines=(cached,))]).roofs.decode["e"]
    # More than an engine reaches in memory, in a band that says how little that shows.
    assert (alone.value, alone.low, alone.high) == (0.92, 0.5, 1.0)
    assert alone.in_cache
    both = collect(machine, [ceilings, run(engines=(cached, large))]).roofs.decode["e"]
    assert both.value == pytest.approx(0.5, rel=0.01)
    assert (both.n, both.in_cache) == (1, False)


@pytest.mark.parametrize(
    ("pool", "limit", "share"),
    [(Pool.SYSTEM, READ, 0.5), (Pool.VRAM, GPU_READ, 0.4), (Pool.UNIFIED, GPU_READ, 0.4)],
)
def test_the_overhead_of_rows_is_not_the_memorys(pool: Pool, limit: Limit, share: float) -> None:
    # A row of 640 weights takes the time of 160 more, on a processor.
    narrow = msgspec.structs.replace(engine("t1", 8e9), width=640)
    own = collected(run(reading(20.0, limit)), run(engines=(narrow,)), pool=pool).roofs.decode["e"]
    assert own.value == pytest.approx(share)


@pytest.mark.parametrize("pool", Pool)
@pytest.mark.parametrize("width", [None, 192, 4096])
@pytest.mark.parametrize("size", [800_000, 4_000_000_000])
def test_a_lane_s_own_model_is_predicted_at_its_own_rate(
    pool: Pool, width: int | None, size: int
) -> None:
    one = msgspec.structs.replace(engine("t1", 8e9), bytes_per_token=size, width=width)
    limit = GPU_READ if pool is Pool.VRAM else READ
    own = collected(run(reading(20.0, limit)), run(engines=(one,)), pool=pool).roofs
    result = predict(model(size, width), own, "e", depth=0).decode
    assert result is not None
    assert result.value == pytest.approx(8e9 / size)


@pytest.mark.parametrize("other", [None, 512])
def test_lanes_of_unknown_width_are_not_discounted_twice(other: int | None) -> None:
    """80 tok/s of 100 MB, by a lane whose width an older run did not store."""
    old = msgspec.structs.replace(engine("t1", 8e9), bytes_per_token=100_000_000)
    own = [msgspec.structs.replace(old, run_id="t2", width=512)] if other else []
    roofs = collected(run(reading(20.0)), run(engines=(*own, old))).roofs
    efficiency = roofs.decode["e"]
    assert (efficiency.n, efficiency.with_rows) == (1, other is None)
    result = predict(model(100_000_000, 512), roofs, "e", depth=0)
    assert result.decode is not None
    assert result.decode.value == pytest.approx(80)
    assert result.row_overhead == (0.3125 if other else None)


# What llama.cpp reached with one thread: read bandwidth in GB/s and last-level cache in MB of the
# machine, and of each model what a token reads in MB, the width, and its time in ms.
ZEN_3 = (23.3, 32)
ZEN_3_Q8 = [(27.8, 512, 1e3 / 265), (109.0, 1024, 1e3 / 93.4), (405.0, 2048, 1e3 / 25.5)]
ZEN_3_F16 = [(51.7, 512, 1e3 / 176), (761.0, 2048, 1e3 / 15.56)]
# The bandwidth is not on record: it has to be more than the 27 GB/s of the largest model.
ZEN_5 = (40.0, 0)
ZEN_5_Q8 = [(28.0, 512, 1.22), (109.0, 1024, 4.24), (405.0, 2048, 14.9)]


@pytest.mark.parametrize(
    ("machine", "quantization", "lanes", "first", "within"),
    [
        pytest.param(ZEN_3, "Q8_0", ZEN_3_Q8, 0, 0.15, id="Zen 3, Q8_0, from 28 MB"),
        pytest.param(ZEN_3, "Q8_0", ZEN_3_Q8, 1, 0.15, id="Zen 3, Q8_0, from 109 MB"),
        pytest.param(ZEN_3, "F16", ZEN_3_F16, 0, 0.15, id="Zen 3, F16, from 52 MB"),
        pytest.param(ZEN_5, "Q8_0", ZEN_5_Q8, 0, 0.05, id="Zen 5, Q8_0, from 28 MB"),
        pytest.param(ZEN_5, "Q8_0", ZEN_5_Q8, 1, 0.05, id="Zen 5, Q8_0, from 109 MB"),
    ],
)
def test_the_largest_model_is_predicted_from_a_smaller_one(
    machine: tuple[float, int],
    quantization: str,
    lanes: list[tuple[float, int, float]],
    first: int,
    within: float,
) -> None:
    read, cache = machine
    learnt, (size, width, token_ms) = lanes[first], lanes[-1]
    one = msgspec.structs.replace(
        engine("t1", learnt[0] * 1e9 / learnt[2]),
        quantization=quantization,
        bytes_per_token=round(learnt[0] * 1e6),
        width=learnt[1],
    )
    box = Machine(machine_id="box", pool=Pool.SYSTEM, now=now(), cache_bytes=cache << 20)
    roofs = collect(box, [run(reading(read)), run(engines=(one,))]).roofs
    result = predict(model(round(size * 1e6), width, quantization), roofs, "e", depth=0).decode
    assert result is not None
    assert result.value == pytest.approx(1e3 / token_ms, rel=within)


def model(size: int, width: int | None, quantization: str = "Q8_0") -> Model:
    layers = KvLayers(count=1, kv_heads=1, k_dim=1, v_dim=1)
    return Model(name="m", quantization=quantization, kv=(layers,), active_bytes=size, width=width)


@pytest.mark.parametrize("pool", [Pool.SYSTEM, Pool.VRAM])
def test_no_engine_reads_faster_than_its_memory(pool: Pool) -> None:
    limit = GPU_READ if pool is Pool.VRAM else READ
    fast, slow = (
        msgspec.structs.replace(engine(run_id, rate), bytes_per_token=400_000_000)
        for run_id, rate in (("t2", 24e9), ("t1", 19e9))
    )
    ceilings = run(reading(20.0, limit))
    own = collected(ceilings, run(engines=(fast,)), pool=pool).roofs.decode["e"]
    assert (own.value, own.low, own.high) == pytest.approx((1.0, 0.85, 1.0))
    both = collected(ceilings, run(engines=(fast, fast, slow)), pool=pool).roofs.decode["e"]
    assert (both.value, both.high, both.n) == (1.0, 1.0, 3)


def test_a_lane_without_a_rate_says_nothing_of_its_engine() -> None:
    ceilings = run(reading(20.0), reading(40.0, PRODUCT, "int8"))
    assert collected(ceilings, run(engines=(engine("t1", 0.0),))).roofs.decode == {}
    both = collected(ceilings, run(engines=(engine("t2", 0.0), engine("t1", 10e9))))
    assert both.roofs.decode["e"].n == 1
    assert both.roofs.prefill["e"].n == 1


def test_an_engine_under_other_conditions_does_not_count() -> None:
    old = run(engines=(engine("t1", 8e9),), then=now("g"))
    assert collected(run(reading(20.0)), old).answer.engines == ()
