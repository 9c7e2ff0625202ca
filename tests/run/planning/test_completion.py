from collections.abc import Callable
from typing import Any

import pytest

from benchrace.run.machine import MachineView
from benchrace.run.metadata import LeftOut, RunMetadata
from benchrace.run.planning.completion import (
    path,
    smallest,
    to_calibrate,
    with_automatic,
    with_jobs,
    with_readiness,
)
from benchrace.run.spec import LaneSpec, RunSpec
from tests.run.conftest import resolve

View = Callable[..., MachineView]


def run(machine: MachineView, *lanes: dict[str, Any], **other: Any) -> RunMetadata:
    specs = tuple(LaneSpec(params=params) for params in lanes)
    return resolve(RunSpec(kind="compute", lanes=specs, **other), [machine])


def test_auto_is_settled_once_for_all_lanes_that_ask(view: View) -> None:
    planned = run(view(), {"n": "auto"}, {"n": "auto", "threads": 1}, {"n": 7})
    assert [lane.lane_id for lane in to_calibrate(planned)] == ["lane-0", "lane-1"]
    settled = with_automatic(planned, smallest([{"n": 900}, {"n": 400}, {}]))
    assert [lane.params["n"] for lane in settled.lanes] == [400, 400, 7]
    assert settled.automatic == {"n": 400}
    assert to_calibrate(settled) == ()


def test_a_parameter_is_located_by_its_path_in_the_specification(view: View) -> None:
    planned = run(view(), {}, {"n": 5}, params={"threads": 2})
    lane = planned.lanes[1]
    assert path(planned, lane, "n") == "lanes[1].params.n"
    assert path(planned, lane, "threads") == "params.threads"
    assert path(planned, lane) == "lanes[1]"
    spread = run(view(), params={"n": 1})
    assert path(spread, spread.lanes[0], "n") == "params.n"
    assert path(spread, spread.lanes[0]) == "params"


def test_the_path_stays_when_an_earlier_lane_is_left_out(view: View) -> None:
    planned = run(view(), {"n": 5}, {"n": 6})
    left = LeftOut(label="n 5", machine_id="local", backend="primes")
    remaining = with_readiness(planned, {}, {"lane-0": left})
    assert path(remaining, remaining.lanes[0], "n") == "lanes[1].params.n"


def test_lanes_left_out_keep_the_others_as_they_are(view: View) -> None:
    planned = run(view(), {"n": 5}, {"n": 6})
    left = LeftOut(label="n 5", machine_id="local", backend="primes")
    checked = with_readiness(planned, {"lane-1": {"n": 6, "threads": 0}}, {"lane-0": left})
    assert [(lane.lane_id, lane.label) for lane in checked.lanes] == [("lane-1", "n 6")]
    assert checked.left_out == (left,)
    assert checked.lanes[0].params == {"n": 6, "threads": 0}
    assert set(checked.workloads) == {"primes"}


def test_a_workload_goes_with_its_last_lane(view: View) -> None:
    machine = view(backends=(("one", "compute"), ("two", "compute")))
    specs = (LaneSpec(backend="one"), LaneSpec(backend="two"))
    planned = resolve(RunSpec(kind="compute", lanes=specs), [machine])
    left = LeftOut(label="two", machine_id="local", backend="two")
    assert set(with_readiness(planned, {}, {"lane-1": left}).workloads) == {"one"}


def test_each_machine_needs_a_job(view: View) -> None:
    planned = run(view(), {})
    assert with_jobs(planned, {"local": "j"}).lanes[0].job_id == "j"
    with pytest.raises(KeyError):
        with_jobs(planned, {})
