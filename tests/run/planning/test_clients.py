"""Machines that generate load beside a lane's own: which may, and what their jobs are."""

from typing import Any

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.kinds import SERVE
from benchrace.plugin.description import BackendDescription, WorkloadDescription
from benchrace.plugin.host.describe import params_schema
from benchrace.plugin.part import Part
from benchrace.plugin.workload import Drawing
from benchrace.protocol.job import jobs
from benchrace.run.clients import jobs_of, machines_of
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.completion import with_jobs
from benchrace.run.spec import LaneSpec, RunSpec, Sync
from benchrace.run.title import title
from benchrace.store.series import series_key
from tests.run.conftest import resolve

BARE = WorkloadDescription(
    kind="llm_serve",
    title="Serve many streams",
    params_schema=params_schema(SERVE.params),
    metrics=SERVE.metrics,
    metrics_version=1,
    presets={},
    automatic=None,
    saturates=(),
    drawing=Drawing.TEXT,
    together=False,
)
SHARED = msgspec.structs.replace(BARE, shared_load=True)


def machine(
    machine_id: str,
    workload: WorkloadDescription | None = SHARED,
    *,
    state: MachineState = MachineState.READY,
    host: str = "",
    backend: str = "engine",
) -> MachineView:
    offered = BackendDescription(
        name=backend, title="E", version="1", workloads=(workload,) if workload else ()
    )
    return MachineView(
        machine_id=machine_id,
        label=machine_id.title(),
        state=state,
        host_id=host or machine_id,
        share_host=False,
        backends=(offered,),
    )


def lane(machine_id: str | None, *clients: str, **params: Any) -> LaneSpec:
    return LaneSpec(machine_id=machine_id, clients=clients, params=params)


def planned(*lanes: LaneSpec, machines: tuple[MachineView, ...], **other: Any) -> RunMetadata:
    return resolve(RunSpec(kind="llm_serve", lanes=lanes, **other), machines)


A, B, C, D = (machine(name) for name in "abcd")


def test_a_lane_is_on_all_of_its_machines_and_one_lane_in_every_name() -> None:
    run = planned(lane("a", "b", "c"), machines=(A, B, C))
    assert [machines_of(one) for one in run.lanes] == [("a", "b", "c")]
    assert run.lanes[0].label == "A + B + C"
    assert title(run) == "Serve many streams on A + B + C"
    assert set(run.machines) == {"a", "b", "c"}
    alone = planned(lane("a"), machines=(A, B, C))
    assert series_key(run) != series_key(alone)


def test_each_machine_has_a_job_with_its_part_and_starts_every_round_with_the_others() -> None:
    run = planned(lane("a", "b"), lane("c"), machines=(A, B, C), rounds=2)
    run = with_jobs(run, {name: f"job-{name}" for name in "abc"})
    assert jobs_of(run.lanes[0]) == ("job-a", "job-b")
    specs = {spec.machine_id: spec for spec in jobs(run)}
    parts = {name: spec.lanes[0].part for name, spec in specs.items()}
    assert parts == {"a": Part(index=0, of=2), "b": Part(index=1, of=2), "c": None}
    assert specs["a"].schedule == specs["b"].schedule
    assert [slot.armed for slot in specs["b"].schedule] == [False, True, True]
    assert [slot.armed for slot in specs["c"].schedule] == [False, True, False]
    assert run.sync is Sync.FIRST_HEAT


@pytest.mark.parametrize(
    ("lanes", "machines", "path", "text"),
    [
        ([lane("a", "z")], (A, B), "lanes[0].clients[0]", 'unknown machine "z"; known: a, b'),
        ([lane("a", "a")], (A, B), "lanes[0].clients[0]", "a is the lane's own machine"),
        ([lane("a", "b", "b")], (A, B), "lanes[0].clients[1]", "b is named twice"),
        (
            [lane("a", "b")],
            (A, machine("b", state=MachineState.LOST)),
            "lanes[0].clients[0]",
            'machine "b" is lost; start its agent',
        ),
        (
            [lane("a", "b")],
            (A, machine("b", None)),
            "lanes[0].clients[0]",
            'machine "b" has no backend "engine" for "llm_serve"',
        ),
        ([lane("a", "b")], (A, machine("b", BARE)), "lanes[0].clients[0]", "update benchrace"),
        ([lane("a", "b")], (machine("a", BARE), B), "lanes[0].clients", "update benchrace"),
        ([lane(None, "b")], (A, B, C), "lanes[0].machine_id", "name its machine"),
        (
            [lane("a", "b"), lane("b")],
            (A, B),
            "lanes[0].clients[0]",
            "machine b works for another lane of this run: race them in two runs and compare",
        ),
        ([lane("a", "c"), lane("b", "c")], (A, B, C), "lanes[1].clients[0]", "machine c works"),
        ([lane("a", "b"), lane("a")], (A, B), "lanes[0].clients", "machine a has another lane"),
        (
            [lane("a", "b", "c", "d", concurrency=3)],
            (A, B, C, D),
            "lanes[0].params.concurrency",
            "3 streams for 4 machines",
        ),
        ([lane("a", "b", requests=1)], (A, B), "lanes[0].params.requests", "1 request for 2"),
        (
            [lane("a", requests=300)],
            (A, B),
            "lanes[0].params.requests",
            "300; at most 256 are possible on one machine: lower it, or name more clients",
        ),
        (
            [lane("a", "b", concurrency=514, requests=514)],
            (A, B),
            "lanes[0].params.concurrency",
            "257 streams for one of 2 machines",
        ),
        (
            # Each gets 256 on average, and by the draw one of them more.
            [lane("a", "b", requests=512, arrival="poisson")],
            (A, B),
            "lanes[0].params.requests",
            "requests for one of 2 machines; at most 256",
        ),
        (
            [lane("a", "b", concurrency=2, requests=3, arrival="poisson", seed=2)],
            (A, B),
            "lanes[0].params.requests",
            "arrival=poisson draws none of 3 requests for one of 2 machines; ask for more",
        ),
        ([lane("a", "b", residence="cold")], (A, B), "lanes[0].params.residence", "warm"),
        ([lane("a", "b")], (A, machine("b", host="a")), "lanes", "run on the same host"),
    ],
)
def test_what_cannot_be_planned_names_the_field_and_the_remedy(
    lanes: list[LaneSpec], machines: tuple[MachineView, ...], path: str, text: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        planned(*lanes, machines=machines)
    errors = {field.path: field.message for field in caught.value.fields}
    assert text in errors[path]


def test_more_machines_make_more_load_than_one_may() -> None:
    run = planned(lane("a", "b", concurrency=512, requests=512), machines=(A, B))
    assert run.lanes[0].params["requests"] == 512


def test_a_lane_whose_client_is_away_is_left_out_where_only_the_ready_race() -> None:
    away = machine("b", state=MachineState.LOST)
    run = planned(lane("a", "b"), lane("c"), machines=(A, away, C), only_ready=True)
    assert [one.machine_id for one in run.lanes] == ["c"]
    (left,) = run.left_out
    assert left.machine_id == "a"
    assert 'machine "b" is lost' in left.fields[0].message
