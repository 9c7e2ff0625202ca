"""A round in which the machine was slowed down is SUSPECT, whenever its samples come."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.events import Level, Reason
from benchrace.events.payloads import GpuSample
from benchrace.kinds import COMPUTE
from benchrace.plugin.workload import Resource
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import LaneSummary
from benchrace.stats import Fold
from tests.stats.energy.energy_run import EnergyLog, folded, run

HOT = Reason("throttled", "GPU 0 was throttled: heat, by the hardware")


def gpu(
    *words: str, since: float = 5.0, until: float = 6.0, index: int = 0
) -> Callable[[float], GpuSample]:
    """A GPU that is slowed down for a while."""

    def read(at_s: float) -> GpuSample:
        slow = words if since <= at_s <= until else ("idle",)
        return GpuSample(index=index, uuid=f"GPU-0000000{index}", throttle=slow)

    return read


def log(metadata: RunMetadata, *gpus: Any, level: Level = Level.VALID, **machine: Any) -> EnergyLog:
    written = EnergyLog(metadata)
    written.job()
    written.samples(*gpus, **machine)
    written.round(0, 0.5, 3, warmup=True)
    written.round(1, 4, 8, level=level)
    written.round(2, 10, 12)
    return written


def lane(metadata: RunMetadata, *gpus: Any, **other: Any) -> LaneSummary:
    return folded(metadata, log(metadata, *gpus, **other)).summary().lanes[0]


def test_only_the_round_that_was_slowed_down_is_marked() -> None:
    one = lane(run(), gpu("thermal_hardware"))
    assert [done.verdict for done in one.rounds] == [Level.VALID, Level.SUSPECT, Level.VALID]
    assert (one.verdict, one.marks) == (Level.SUSPECT, (HOT,))


def test_each_reason_is_told_once() -> None:
    one = lane(run(), gpu("thermal_hardware", "power_brake", until=7.5))
    assert one.marks == (HOT, Reason("throttled", "GPU 0 was throttled: power brake of the system"))


@pytest.mark.parametrize("word", ["power_cap", "idle", "application_clocks", "0x800"])
def test_working_as_configured_is_no_throttling(word: str) -> None:
    assert lane(run(), gpu(word)).verdict is Level.VALID


@pytest.mark.parametrize(("since", "until"), [(3.2, 3.9), (8.1, 9.9), (3.9, 3.99)])
def test_between_rounds_it_does_not_matter(since: float, until: float) -> None:
    assert lane(run(), gpu("thermal_hardware", since=since, until=until)).verdict is Level.VALID


def test_a_discarded_round_keeps_its_own_reason_alone() -> None:
    one = lane(run(), gpu("thermal_hardware"), level=Level.INVALID)
    assert (one.rounds[1].verdict, one.rounds[1].reasons) == (Level.INVALID, ())


def test_a_gpu_that_does_not_work_for_the_lane_marks_nothing() -> None:
    schema = {"properties": {"gpu": {"choices": "gpus"}}}
    gpus = (gpu(), gpu("thermal_hardware", index=1))
    assert lane(run({"gpu": "0"}, params_schema=schema), *gpus).verdict is Level.VALID
    assert lane(run({"gpu": "1"}, params_schema=schema), *gpus).verdict is Level.SUSPECT
    sieve = run(kind=COMPUTE, saturates=(Resource.CPU,))
    assert lane(sieve, *gpus).verdict is Level.VALID


def test_heat_of_the_processor_marks_where_it_was_surely_within_the_round() -> None:
    def count(at: float) -> Any:
        return lambda at_s: 7 if at_s < at else 9

    hot = Reason("throttled", "the processor was throttled: heat")
    assert lane(run(), cpu_throttle_count=count(6.0)).marks == (hot,)
    # Between the samples at 3.5 s and 4 s: perhaps before the round.
    assert lane(run(), cpu_throttle_count=count(4.0)).marks == ()
    assert lane(run(), cpu_throttle_count=lambda at_s: None).marks == ()
    board = run(saturates=(Resource.GPU,))
    assert lane(board, cpu_throttle_count=count(6.0)).marks == ()


def test_samples_that_come_late_mark_all_the_same() -> None:
    metadata = run()
    lines = log(metadata, gpu("thermal_hardware")).lines
    agent = [line for line in lines if b'"runtime_sample"' in line]
    work = [line for line in lines if b'"runtime_sample"' not in line]
    fold = Fold(metadata)
    fold.feed(b"".join(work))
    assert fold.summary().lanes[0].verdict is Level.VALID
    fold.feed(b"".join(agent))
    standing = fold.standing()
    assert standing is not None
    assert standing.places[0].marked
    fold.feed(b"".join(agent))
    assert fold.summary() == folded(metadata, log(metadata, gpu("thermal_hardware"))).summary()


def test_a_lane_that_was_slowed_down_does_not_win() -> None:
    metadata = run({}, {})
    written = EnergyLog(metadata)
    written.job()
    written.samples(gpu("thermal_hardware"))
    for number, start in enumerate((1, 5, 9, 13)):
        written.round(number, start, start + 1.5, lane=0)
        written.round(number, start + 2, start + 3.5, lane=1)
    lanes = folded(metadata, written).summary().lanes
    assert [one.verdict for one in lanes] == [Level.SUSPECT, Level.VALID]
