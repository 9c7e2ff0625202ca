"""Energy of rounds from a run's log: values, what they cover, and why there is none."""

from typing import Any

import msgspec
import pytest

from benchrace.events import Level, Measured
from benchrace.events.payloads import GpuSample
from benchrace.kinds import COMPUTE
from benchrace.plugin.workload import Resource
from benchrace.run.document import document
from benchrace.run.metadata import MachineHost, RunMetadata
from benchrace.run.summary import LaneSummary
from benchrace.stats import Fold
from benchrace.stats.comparison.compare import compare
from benchrace.stats.rederive import summary as derived
from tests.stats.energy.energy_run import EnergyLog, board, folded, package, run, unread

NAMES = ("energy_j", "energy_per_token_j", "tokens_per_s_per_w")
ROOT = "since Linux 5.10 only root may read it"


def one_lane(metadata: RunMetadata, *gpus: Any, cpu: Any = (), **facts: Any) -> LaneSummary:
    """A lane with two counted rounds of 4 s and 2 s, 100 tokens each, after a warm-up."""
    log = EnergyLog(metadata)
    log.job()
    log.samples(*gpus, cpu=cpu)
    log.round(0, 1, 3, warmup=True, **facts)
    log.round(1, 4, 8, **facts)
    log.round(2, 10, 12, **facts)
    return folded(metadata, log).summary().lanes[0]


def values(lane: LaneSummary) -> dict[str, Any]:
    return {name: lane.summary[name].value for name in NAMES}


def reasons(lane: LaneSummary) -> set[str | None]:
    return {lane.summary[name].reason for name in NAMES}


def test_energy_per_token_and_tokens_per_joule_combine_as_sums() -> None:
    lane = one_lane(run(), board(200))
    # 800 J and 400 J: the mean of a round, and 200 tokens by 1,200 J.
    assert values(lane) == {
        "energy_j": pytest.approx(600),
        "energy_per_token_j": pytest.approx(6),
        "tokens_per_s_per_w": pytest.approx(1 / 6),
    }
    first = {figure.metric: figure for figure in lane.rounds[1].measured}
    assert first["energy_j"].value == pytest.approx(800)
    assert first["energy_per_token_j"].numerator == pytest.approx(800)
    assert first["tokens_per_s_per_w"].numerator == 100
    # NVML's counter may be 0.1 s old, so that half a second at each end is open.
    assert (first["energy_j"].low, first["energy_j"].high) == pytest.approx((700, 900))
    assert first["energy_j"].unknown is not None
    low, high = lane.summary["energy_per_token_j"].low, lane.summary["energy_per_token_j"].high
    assert low is not None
    assert high is not None
    assert low < 6 < high


def test_what_the_counters_cover_is_beside_the_number() -> None:
    lane = one_lane(run(), board(200), board(60, index=1), cpu=(package(50),))
    assert [(one.name, one.covers, one.source) for one in lane.energy] == [
        ("GPU 0", "GPU board", "NVML counter"),
        ("GPU 1", "GPU board", "NVML counter"),
        ("package-0", "CPU package", "RAPL"),
    ]
    # Of six counted seconds; the warm-up is left out.
    assert [one.joules for one in lane.energy] == [
        pytest.approx(1200),
        pytest.approx(360),
        pytest.approx(300),
    ]
    assert lane.summary["energy_j"].value == pytest.approx(930)
    assert lane.summary["energy_j"].formula.endswith(
        "idle power included; covers 2x GPU board (NVML counter) and CPU package (RAPL)"
    )


def test_a_round_that_is_too_short_leaves_the_others_their_energy() -> None:
    metadata = run({}, {})
    log = EnergyLog(metadata)
    log.job()
    log.samples(board(200), cpu=(package(50),))
    log.round(0, 1, 3, lane=0)
    log.round(1, 4, 4.2, lane=0)
    log.round(0, 5, 7, lane=1)
    log.round(1, 9, 9.2, lane=1)
    result = folded(metadata, log).summary()
    lane = result.lanes[0]
    assert lane.summary["energy_j"].n == 1
    assert lane.summary["energy_j"].value == pytest.approx(500)
    assert [one.joules for one in lane.energy] == [pytest.approx(400), pytest.approx(100)]
    assert not [one for one in result.remarks if one.code == "energy_cover"]


def test_energy_never_ranks_nor_marks_a_round() -> None:
    metadata = run({}, {})
    log = EnergyLog(metadata)
    log.job()
    log.samples(board(200))
    for number, start in enumerate((1, 5, 9)):
        log.round(number, start, start + 1.5, lane=0)
        log.round(number, start + 2, start + 3.5, lane=1)
    fold = folded(metadata, log)
    result = fold.summary()
    assert result.standing is not None
    assert result.standing.metric == "gen_tokens_per_s"
    assert [lane.verdict for lane in result.lanes] == [Level.VALID, Level.VALID]
    assert not any(lane.summary[name].headline for lane in result.lanes for name in NAMES)
    assert all(name not in fold.lanes[0].estimates for name in NAMES)


def test_the_order_of_lines_and_their_number_do_not_matter() -> None:
    metadata = run()
    log = EnergyLog(metadata)
    log.job()
    log.samples(board(200))
    log.round(0, 4, 8)
    expected = folded(metadata, log).summary()
    agent = [line for line in log.lines if b'"runtime_sample"' in line]
    work = [line for line in log.lines if b'"runtime_sample"' not in line]
    for lines in (work + agent, agent + work, agent[:10] + work + agent[5:] + work):
        fold = Fold(metadata)
        fold.feed(b"".join(lines))
        assert fold.summary() == expected


def test_derived_again_it_is_the_same() -> None:
    metadata = run()
    log = EnergyLog(metadata)
    log.job()
    log.samples(board(200))
    log.round(0, 4, 8)
    log.round(1, 10, 12)
    lines = [line.rstrip(b"\n") for line in log.lines]
    assert derived(metadata, lines, {}, {}) == folded(metadata, log).summary()


def test_a_round_is_known_once_the_counters_were_read_after_it() -> None:
    metadata = run()
    log = EnergyLog(metadata)
    log.job()
    log.round(0, 4, 8)
    fold = folded(metadata, log)
    later = EnergyLog(metadata)
    later.samples(board(200))
    for line in later.lines[:17]:
        fold.feed(line)
    lane = fold.summary().lanes[0]
    assert reasons(lane) == {"GPU 0: not read after the round"}
    assert lane.energy[0].reason == "not read after the round"
    assert lane.summary["energy_j"].formula.endswith("; covers GPU board (NVML counter)")
    for line in later.lines:
        fold.feed(line)
    assert values(fold.summary().lanes[0])["energy_j"] == pytest.approx(800)


def test_power_is_integrated_where_nothing_counts() -> None:
    lane = one_lane(run(), lambda at_s: GpuSample(index=0, power_w=100 + 10 * at_s))
    # 4 s of 160 W on the mean, and 2 s of 210 W.
    assert values(lane)["energy_j"] == pytest.approx(530)
    assert lane.energy[0].source == "power readings, integrated"
    unknown = lane.summary["energy_j"].unknown
    assert unknown is not None
    assert unknown.code == "energy_integrated"


def test_a_gpu_inside_the_processor_is_not_counted_twice() -> None:
    def inside(at_s: float) -> GpuSample:
        return GpuSample(index=0, power_w=30.0)

    machines = {"m": {"hardware": {"gpus": [{"index": 0, "unified": True}, "odd"]}}}
    metadata = msgspec.structs.replace(run(), machines=machines)
    both = one_lane(metadata, inside, board(200, index=1), cpu=(package(50),))
    assert [one.name for one in both.energy] == ["GPU 1", "package-0"]
    alone = one_lane(metadata, inside, cpu=(unread(ROOT),))
    assert values(alone)["energy_j"] == pytest.approx(90)


def test_a_gpu_that_a_lane_names_is_the_only_one_that_counts() -> None:
    schema = {"properties": {"gpu": {"choices": "gpus"}}}
    gpus = (board(200, uuid="GPU-aaaaaaaa-1"), board(70, index=1, uuid="GPU-bbbbbbbb-2"))
    for typed, joules in (("1", 210), ("GPU-bbbbbbbb", 210), ("", 810), ("7", 810)):
        lane = one_lane(run({"gpu": typed}, params_schema=schema), *gpus)
        assert values(lane)["energy_j"] == pytest.approx(joules), typed


def test_a_kernel_of_the_processor_counts_no_idle_gpu() -> None:
    metadata = run(kind=COMPUTE, saturates=(Resource.CPU, Resource.MEMORY))
    primes = Measured(metric="primes_found", value=3_000_000)
    log = EnergyLog(metadata)
    log.job()
    log.samples(board(200), cpu=(package(50), package(40, "package-1")))
    log.round(0, 4, 8, primes)
    lane = folded(metadata, log).summary().lanes[0]
    assert [one.name for one in lane.energy] == ["package-0", "package-1"]
    assert lane.summary["energy_j"].value == pytest.approx(360)
    assert lane.summary["energy_per_million_primes_j"].value == pytest.approx(120)
    assert lane.summary["energy_per_million_primes_j"].unit == "J/Mprimes"
    assert lane.summary["primes_per_s_per_w"].value == pytest.approx(3e6 / 360)


@pytest.mark.parametrize(
    ("gpus", "cpu", "reason"),
    [
        ((), (unread(ROOT),), f"package-0: {ROOT}"),
        (
            (lambda at_s: GpuSample(index=0),),
            (unread(ROOT),),
            f"GPU 0: it reports neither energy nor power; package-0: {ROOT}",
        ),
    ],
)
def test_what_cannot_be_read_is_null_with_its_reasons(gpus: Any, cpu: Any, reason: str) -> None:
    assert reasons(one_lane(run(), *gpus, cpu=cpu)) == {reason}


def test_a_processor_that_cannot_be_read_is_named_beside_a_gpu_that_can() -> None:
    lane = one_lane(run(), board(200), cpu=(unread(ROOT),))
    assert values(lane)["energy_j"] == pytest.approx(600)
    assert [one.reason for one in lane.energy] == [None, ROOT]
    assert "CPU package" not in lane.summary["energy_j"].formula


def test_a_lane_over_several_machines_has_no_energy_of_one_of_them() -> None:
    metadata = run()
    lanes = [msgspec.structs.replace(lane, workers=("n",)) for lane in metadata.lanes]
    lane = one_lane(msgspec.structs.replace(metadata, lanes=tuple(lanes)), board(200))
    assert reasons(lane) == {"the worker machines of the lane are not sampled"}
    assert set(values(lane).values()) == {None}


def test_agents_of_one_computer_have_no_energy_of_their_own() -> None:
    hosts = {"m": MachineHost(host_id="h", share_host=True)}
    metadata = run({}, {"machine": "n"})
    alone = msgspec.structs.replace(metadata, hosts=hosts)
    together = msgspec.structs.replace(metadata, hosts=hosts | {"n": hosts["m"]})
    assert values(one_lane(alone, board(200)))["energy_j"] == pytest.approx(600)
    lane = one_lane(together, board(200))
    assert reasons(lane) == {"m and n ran on one computer, whose counters cannot tell them apart"}
    assert set(values(lane).values()) == {None}
    assert [one.joules for one in lane.energy] == [None]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"engine": {"name": "e", "host": "example.org"}}, "the engine does not run on this"),
        ({"engine": {"name": "e"}, "simulated": True}, "the round was simulated"),
    ],
)
def test_an_engine_elsewhere_does_not_spend_this_machines_energy(facts: Any, reason: str) -> None:
    lane = one_lane(run(), board(200), record={"prompt_digest": "sha256:p", **facts})
    (text,) = reasons(lane)
    assert text is not None
    assert text.startswith(reason)


def test_without_a_count_of_tokens_only_the_energy_is_known() -> None:
    lane = one_lane(run(), board(200), tokens=None)
    assert lane.summary["energy_j"].value == pytest.approx(600)
    assert lane.summary["energy_per_token_j"].value is None
    reason = "gen_tokens: the engine does not report it"
    assert lane.summary["tokens_per_s_per_w"].reason == reason
    assert one_lane(run(), board(200), tokens=0).summary["energy_per_token_j"].value is None


def test_without_samples_the_reason_says_whether_they_were_wanted() -> None:
    metadata = run()
    log = EnergyLog(metadata)
    log.job()
    log.round(0, 4, 8)
    assert reasons(folded(metadata, log).summary().lanes[0]) == {"the machine was not sampled"}
    off = msgspec.structs.replace(
        metadata, spec=msgspec.structs.replace(metadata.spec, sampling_s=0)
    )
    assert reasons(folded(off, log).summary().lanes[0]) == {
        "runtime samples are off (sampling_s = 0)"
    }


def test_a_counter_that_does_not_move_measures_nothing() -> None:
    lane = one_lane(run(), board(0))
    assert reasons(lane) == {"the counters did not move during the round"}


def test_a_run_of_an_older_version_has_the_energy_of_its_rounds() -> None:
    lane = one_lane(without_energy(run()), board(200))
    assert lane.summary["energy_j"].value == pytest.approx(600)
    assert "energy_per_token_j" not in lane.summary


def without_energy(metadata: RunMetadata) -> RunMetadata:
    workload = msgspec.structs.replace(metadata.workloads["b"], energy=None)
    return msgspec.structs.replace(metadata, workloads={"b": workload})


def test_lanes_that_cover_different_parts_do_not_compare() -> None:
    metadata = run({}, {"machine": "n"})
    log = EnergyLog(metadata)
    for job_id, gpus, cpu in (("j-m", (board(200),), ()), ("j-n", (board(200),), (package(),))):
        log.job(job_id)
        log.samples(*gpus, cpu=cpu, job_id=job_id)
    for lane in (0, 1):
        log.round(0, 4, 8, lane=lane)
        log.round(1, 10, 12, lane=lane)
    result = folded(metadata, log).summary()
    (remark,) = [one for one in result.remarks if one.code == "energy_cover"]
    assert remark.text == (
        "the energies are not comparable: that of Lane 0 covers GPU board (NVML counter); that of "
        "Lane 1 covers GPU board (NVML counter) and CPU package (RAPL)"
    )
    whole = document(metadata, result)
    lanes = [msgspec.structs.replace(lane, label="same", params={}) for lane in whole.lanes]
    a, b = (msgspec.structs.replace(whole, lanes=(lane,)) for lane in lanes)
    verdicts = {pair.name: str(pair.change.verdict) for pair in compare(a, b).lanes[0].metrics}
    assert {verdicts[name] for name in NAMES} == {"not comparable"}
    same = {pair.name: str(pair.change.verdict) for pair in compare(a, a).lanes[0].metrics}
    assert "not comparable" not in same.values()


def test_a_kinds_own_metric_of_that_name_stays() -> None:
    metadata = run()
    own = Measured(metric="energy_j", value=5.0)
    workload = metadata.workloads["b"]
    declared = msgspec.structs.replace(workload.metrics[1], name="energy_j", headline=False)
    metadata = msgspec.structs.replace(
        metadata,
        workloads={"b": msgspec.structs.replace(workload, metrics=(*workload.metrics, declared))},
    )
    log = EnergyLog(metadata)
    log.job()
    log.samples(board(200))
    log.round(0, 4, 8, own)
    lane = folded(metadata, log).summary().lanes[0]
    assert lane.summary["energy_j"].value == 5.0
    assert [one for one in lane.rounds[0].measured if one.metric == "energy_j"] == [own]
