"""Lanes that span machines: which machines may be workers of which lane."""

from collections.abc import Callable

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.plugin.operations import Operation
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.planning.labels import machine_text
from benchrace.run.spec import LaneSpec, Order, RunSpec
from benchrace.run.title import title
from benchrace.store.series import series_key
from tests.run.conftest import resolve

View = Callable[..., MachineView]


@pytest.fixture
def spanning(view: View) -> View:
    """Return a maker of machines whose backend `primes` spans and lends."""

    def make(
        machine_id: str, *, lends: bool = True, spans: bool = True, **more: object
    ) -> MachineView:
        machine = view(machine_id, **more)
        return msgspec.structs.replace(
            machine,
            backends=tuple(
                msgspec.structs.replace(
                    backend,
                    operations=(Operation.LEND,) if lends else (),
                    workloads=tuple(
                        msgspec.structs.replace(workload, spans=spans)
                        for workload in backend.workloads
                    ),
                )
                for backend in machine.backends
            ),
        )

    return make


def lane(machine_id: str | None = "a", workers: tuple[str, ...] = (), **more: object) -> LaneSpec:
    return LaneSpec(machine_id=machine_id, workers=workers, **more)  # type: ignore[arg-type]


def spec(*lanes: LaneSpec, **more: object) -> RunSpec:
    return RunSpec(kind="compute", lanes=lanes, **more)  # type: ignore[arg-type]


def test_a_lane_over_two_machines_races_one_on_a_third(spanning: View) -> None:
    run = resolve(spec(lane("a", ("b",)), lane("c")), [spanning(name) for name in "abc"])
    assert [(one.machine_id, one.workers, one.label) for one in run.lanes] == [
        ("a", ("b",), "over A + B"),
        ("c", (), "C"),
    ]
    assert run.lanes[0].occupies == ("a", "b")
    assert set(run.machines) == {"a", "b", "c"}
    assert title(run) == "over A + B vs C"
    alone = resolve(spec(lane("a", ("b",))), [spanning("a"), spanning("b")])
    assert title(alone) == "compute over A + B"
    # Another number of machines is other work.
    assert series_key(alone) != series_key(resolve(spec(lane("a")), [spanning("a")]))


def test_clients_are_named_apart_from_workers() -> None:
    assert machine_text("A") == "A"
    assert machine_text("A", ["B"]) == "over A + B"
    assert machine_text("A", clients=["C"]) == "A + C"
    assert machine_text("A", ["B"], ["C"]) == "over A + B, with C"


def test_the_coordinator_may_race_alone_as_well(spanning: View) -> None:
    run = resolve(spec(lane("a", ("b",)), lane("a")), [spanning("a"), spanning("b")])
    assert [one.label for one in run.lanes] == ["over A + B", "A"]


CASES: list[tuple[LaneSpec, str, str]] = [
    (
        lane("a", ("x",)),
        "lanes[0].workers[0]",
        'unknown machine "x"; known: a, b, away, plain, old',
    ),
    (
        lane("a", ("b", "away")),
        "lanes[0].workers[1]",
        'machine "away" is lost; start its agent, or leave it out',
    ),
    (
        lane("a", ("a",)),
        "lanes[0].workers[0]",
        "a is the lane's own machine, which always takes part; leave it out",
    ),
    (lane("a", ("b", "b")), "lanes[0].workers[1]", "b is named twice; name each worker once"),
    (
        lane("a", ("plain",)),
        "lanes[0].workers[0]",
        'machine "plain" has no backend "primes"; install its plugin there',
    ),
    (
        lane("a", ("old",)),
        "lanes[0].workers[0]",
        'backend "primes" of machine "old" does not support workers; update the plugin there',
    ),
    (
        lane("old", ("b",)),
        "lanes[0].workers",
        'a lane of "primes" for "compute" runs on one machine only; leave them out',
    ),
    (
        lane(None, ("b",)),
        "lanes[0].machine_id",
        "several machines fit, and workers need one that coordinates them: name it",
    ),
]


@pytest.mark.parametrize(("wrong", "path", "message"), CASES)
def test_what_cannot_be_is_refused_by_its_path(
    spanning: View, view: View, wrong: LaneSpec, path: str, message: str
) -> None:
    machines = [
        spanning("a"),
        spanning("b"),
        spanning("away", state=MachineState.LOST),
        view("plain", backends=(("text", "text"),)),
        spanning("old", lends=False, spans=False),
    ]
    with pytest.raises(InvalidInput) as caught:
        resolve(spec(wrong), machines)
    assert {field.path: field.message for field in caught.value.fields} == {path: message}


def test_a_workers_lane_is_alone_on_it(spanning: View) -> None:
    machines = [spanning(name) for name in "abc"]
    for other in (lane("b"), lane("c", ("b",))):
        with pytest.raises(InvalidInput) as caught:
            resolve(spec(lane("a", ("b",)), other), machines)
        errors = {field.path: field.message for field in caught.value.fields}
        assert errors["lanes[0].workers[0]"] == (
            "machine b works for another lane of this run, and they would disturb each other: "
            "race them in two runs and compare"
        )


def test_agents_of_one_host_span_only_where_they_may_share_it(spanning: View) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve(spec(lane("a", ("b",))), [spanning(name, host_id="h") for name in "ab"])
    assert "run on the same host" in caught.value.fields[0].message
    shared = [spanning(name, host_id="h", share_host=True) for name in "ab"]
    assert resolve(spec(lane("a", ("b",))), shared).lanes[0].workers == ("b",)


def test_a_lane_whose_worker_is_away_is_left_out_if_so_wished(spanning: View) -> None:
    machines = [spanning("a"), spanning("b", state=MachineState.LOST), spanning("c")]
    run = resolve(spec(lane("a", ("b",)), lane("c"), only_ready=True), machines)
    assert [one.machine_id for one in run.lanes] == ["c"]
    assert [field.path for field in run.left_out[0].fields] == ["lanes[0].workers[0]"]


def test_lanes_of_one_model_over_other_machines_do_not_take_turns(spanning: View) -> None:
    text = {"backends": (("one", "text"),)}
    machines = [spanning("a", **text), spanning("b", **text)]
    lanes = (lane("a", ("b",)), lane("a"))
    assert resolve(RunSpec(kind="text", lanes=lanes), machines).order is Order.CONTIGUOUS
    with pytest.raises(InvalidInput) as caught:
        resolve(RunSpec(kind="text", lanes=lanes, order=Order.ABBA), machines)
    assert 'workers b and none of the model on machine "a"' in caught.value.fields[0].message
