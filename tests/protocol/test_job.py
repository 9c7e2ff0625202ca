import msgspec
import pytest

from benchrace.ids import new_job_id, new_run_id
from benchrace.protocol.job import JobSpec, jobs
from benchrace.run.lane import JobLane, RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.completion import with_jobs
from benchrace.run.spec import Order, ResidentModels, RunSpec, Sync
from benchrace.run.states import RunState

SPEC = RunSpec(kind="compute", sampling_s=0, timeout_s=9, resident=ResidentModels.MANY)


def run(*machines: str, rounds: int = 2) -> RunMetadata:
    return RunMetadata(
        run_id=new_run_id(1.0),
        version="1",
        created_at=1.0,
        spec=SPEC,
        state=RunState.QUEUED,
        kind="compute",
        order=Order.ABBA,
        sync=Sync.FIRST_HEAT,
        salt="drawn",
        rounds=rounds,
        warmup=1,
        lanes=tuple(
            RunLane(
                lane_id=f"lane-{place}",
                label=f"L{place}",
                machine_id=machine_id,
                backend="primes",
                params={"n": place},
                spec_index=place,
            )
            for place, machine_id in enumerate(machines)
        ),
    )


def test_a_run_has_one_job_a_machine_with_its_whole_schedule() -> None:
    ids = {"a": new_job_id(), "b": new_job_id()}
    first, second = jobs(with_jobs(run("a", "b", "a"), ids))
    assert (first.job_id, first.machine_id, second.job_id) == (ids["a"], "a", ids["b"])
    assert [lane.lane_id for lane in first.lanes] == ["lane-0", "lane-2"]
    assert [slot.lane_id for slot in first.schedule if not slot.warmup] == [
        "lane-0",
        "lane-2",
        "lane-2",
        "lane-0",
    ]
    assert [slot.heat for slot in second.schedule] == [None, 0, 1]
    assert (first.salt, first.sampling_s, first.timeout_s) == ("drawn", 0, 9)
    assert first.resident is ResidentModels.MANY


def test_a_job_needs_a_name() -> None:
    with pytest.raises(ValueError, match="no name yet"):
        jobs(run("a"))


def test_a_reader_takes_of_a_planned_lane_what_a_job_needs() -> None:
    (job,) = jobs(with_jobs(run("a"), {"a": new_job_id()}))
    read = msgspec.json.decode(msgspec.json.encode(job), type=JobSpec)
    lane = JobLane(lane_id="lane-0", label="L0", backend="primes", params={"n": 0})
    assert read.lanes == (lane,)
    assert msgspec.structs.replace(read, lanes=job.lanes) == job


def test_a_job_of_an_older_central_can_be_read() -> None:
    (job,) = jobs(with_jobs(run("a"), {"a": new_job_id()}))
    older = msgspec.to_builtins(job)
    for lane in older["lanes"]:
        del lane["machine_id"], lane["job_id"], lane["spec_index"]
    assert msgspec.convert(older, JobSpec).lane("lane-0").params == {"n": 0}
