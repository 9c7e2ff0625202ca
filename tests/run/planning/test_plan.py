from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.metadata import machine_labels
from benchrace.run.planning.plan import AUTO_ROUNDS
from benchrace.run.spec import LaneSpec, Order, ResidentModels, RunSpec
from benchrace.run.states import RunState
from benchrace.run.title import title
from tests.run.conftest import resolve

View = Callable[..., MachineView]


def lane(machine_id: str | None = None, backend: str | None = None, **params: Any) -> LaneSpec:
    return LaneSpec(machine_id=machine_id, backend=backend, params=params)


def spec(*lanes: LaneSpec, kind: str = "compute", **other: Any) -> RunSpec:
    return RunSpec(kind=kind, lanes=lanes, **other)


def refused(request: RunSpec, *machines: MachineView) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        resolve(request, machines)
    return {field.path: field.message for field in caught.value.fields}


def test_no_lane_is_one_lane_on_every_available_machine(view: View) -> None:
    run = resolve(
        spec(params={"n": "2k"}),
        [
            view("a"),
            view("b", state=MachineState.BUSY),
            view("lost", state=MachineState.LOST),
            view("other", backends=(("text", "text"),)),
        ],
    )
    assert [(lane.lane_id, lane.machine_id, lane.label) for lane in run.lanes] == [
        ("lane-0", "a", "A"),
        ("lane-1", "b", "B"),
    ]
    assert [lane.params for lane in run.lanes] == [{"n": 2000}, {"n": 2000}]
    assert run.order is Order.CONTIGUOUS


def test_a_plugin_that_cannot_be_used_is_named_where_it_may_be_what_is_missing(view: View) -> None:
    machine = msgspec.structs.replace(view("a"), unusable=("slow (still being described)",))
    text = "plugins that cannot be used: a: slow (still being described)"
    for request in (spec(kind="other"), spec(lane("a", "other")), spec(lane(None, "other"))):
        (message,) = refused(request, machine).values()
        assert text in message


def test_parameters_overlay_preset_run_and_lane(view: View) -> None:
    request = spec(lane(threads="1"), lane(n="5"), params={"threads": 4}, preset="2M")
    assert [lane.params for lane in resolve(request, [view()]).lanes] == [
        {"n": 2_000_000, "threads": 1},
        {"n": 5, "threads": 4},
    ]


def test_the_only_backend_that_offers_the_kind_is_taken(view: View) -> None:
    machine = view(backends=(("text", "text"), ("primes", "compute")))
    assert resolve(spec(lane()), [machine]).lanes[0].backend == "primes"


@pytest.mark.parametrize(
    ("together", "lanes", "order"),
    [
        (True, 2, Order.ABBA),
        (True, 1, Order.CONTIGUOUS),
        (False, 2, Order.CONTIGUOUS),
    ],
)
def test_default_order(view: View, together: bool, lanes: int, order: Order) -> None:
    request = spec(*[lane(threads=item) for item in range(lanes)])
    assert resolve(request, [view(together=together)]).order is order


@pytest.mark.parametrize("order", [Order.ABBA, Order.RANDOM])
def test_interleaving_is_refused_where_lanes_cannot_be_open_together(
    view: View, order: Order
) -> None:
    request = spec(lane(), lane(), order=order)
    assert "one at a time" in refused(request, view(together=False))["order"]
    apart = resolve(spec(order=order), [view("a", together=False), view("b", together=False)])
    assert apart.order is order


def test_every_bad_field_is_named_at_once(view: View) -> None:
    errors = refused(
        spec(
            lane("nowhere"),
            lane("a", thread=1),
            lane("a", "magic"),
            lane("text"),
            params={"colour": "red"},
            preset="huge",
        ),
        view("a"),
        view("text", backends=(("text", "text"),)),
    )
    assert errors["lanes[0].machine_id"] == 'unknown machine "nowhere"; known: a, text'
    assert errors["lanes[1].params.thread"] == "unknown parameter; did you mean threads?"
    assert "it has: primes" in errors["lanes[2].backend"]
    assert "is offered by: a (ready)" in errors["lanes[3].machine_id"]
    assert errors["params.colour"].startswith("unknown parameter; known: algorithm, n,")
    assert errors["preset"] == 'unknown preset "huge"; known: 50M, 2M'


def test_a_backend_that_is_given_as_a_kind_is_answered_with_its_kinds(view: View) -> None:
    machine = view("a", backends=(("hashlib", "hashing"), ("other", "text")))
    message = refused(spec(kind="hashlib"), machine)["kind"]
    assert message == ('"hashlib" is a backend and not a kind of work; it offers the kind hashing')


def test_an_unknown_kind_is_answered_with_the_known_ones(view: View) -> None:
    message = refused(spec(kind="comput"), view("a"), view("b", backends=(("t", "text"),)))["kind"]
    assert "did you mean compute? offered: compute (on a), text (on b)" in message
    assert "no agent is linked; start an agent" in refused(spec())["kind"]
    lost = refused(spec(), view("a", state=MachineState.LOST, backends=()))["kind"]
    assert "no agent is linked (known machines: a (lost)); start an agent" in lost
    assert "nothing" in refused(spec(), view(backends=()))["kind"]


def test_several_backends_of_a_kind_must_be_told_apart(view: View) -> None:
    machine = view(backends=(("one", "compute"), ("two", "compute")))
    assert "one, two; choose one" in refused(spec(lane()), machine)["lanes[0].backend"]
    named = resolve(spec(lane(backend="two"), lane(backend="one")), [machine])
    assert [lane.label for lane in named.lanes] == ["two", "one"]


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ({"models": {"one": ("a",), "two": ("b",)}}, "two"),
        ({"models": {"one": ("b",), "two": ("b",)}, "silent": ("two",)}, "one"),
        ({"silent": ("one",)}, "two"),
        ({"models": {"one": ("b",), "two": ("b",)}}, None),
        ({"silent": ("one", "two")}, None),
    ],
)
def test_of_several_backends_the_one_that_has_the_model_or_answers_is_taken(
    view: View, models: dict[str, Any], expected: str | None
) -> None:
    both = view("a", backends=(("one", "compute"), ("two", "compute")))
    machine = msgspec.structs.replace(both, **models)
    workload = machine.backends[0].workloads[0]
    free = msgspec.structs.replace(workload, params_schema={"type": "object"})
    backends = tuple(
        msgspec.structs.replace(backend, workloads=(free,)) for backend in both.backends
    )
    machine = msgspec.structs.replace(machine, backends=backends)
    request = spec(lane(model="b"))
    if expected is None:
        assert "one, two; choose one" in refused(request, machine)["lanes[0].backend"]
    else:
        assert resolve(request, [machine]).lanes[0].backend == expected


def test_an_absent_machine_is_refused_or_left_out(view: View) -> None:
    machines = (view("a"), view("gone", state=MachineState.LOST))
    assert "is lost" in refused(spec(lane("gone")), *machines)["lanes[0].machine_id"]
    run = resolve(spec(lane("gone"), lane("a"), only_ready=True), machines)
    assert [lane.machine_id for lane in run.lanes] == ["a"]
    assert [lane.machine_id for lane in run.left_out] == ["gone"]
    assert run.left_out[0].fields[0].path == "lanes[0].machine_id"
    only_gone = refused(spec(lane("gone"), only_ready=True), *machines)
    assert "is lost" in only_gone["lanes[0].machine_id"]
    excluded = refused(spec(lane("x")), view("x", state=MachineState.EXCLUDED))
    assert "include it again" in excluded["lanes[0].machine_id"]
    none_there = refused(spec(), view("x", state=MachineState.LOST))
    assert "x (lost)" in none_there["lanes.machine_id"]


def test_agents_of_one_computer_never_race_each_other(view: View) -> None:
    def pair(*shares: bool) -> list[MachineView]:
        return [view(f"m{n}", host_id="h", share_host=item) for n, item in enumerate(shares)]

    assert "m0, m1 run on the same host" in refused(spec(), *pair(True, False))["lanes"]
    assert len(resolve(spec(), pair(True, True)).lanes) == 2
    assert len(resolve(spec(lane("m0")), pair(False, False)).lanes) == 1


def test_too_much_is_refused(view: View) -> None:
    assert "65 lanes; at most 64" in refused(spec(*[lane()] * 65), view())["lanes"]
    spread = spec(*[lane()] * 33)
    assert "66 lanes; at most 64" in refused(spread, view("a"), view("b"))["lanes"]
    assert len(refused(spec(params={f"x{item}": 1 for item in range(50_000)}), view())) == 10
    assert "at most 10000" in refused(spec(lane(), lane(), rounds=5000), view())["rounds"]
    assert resolve(spec(lane(), lane(), rounds=4999), [view()]).rounds == 4999


def test_a_foreign_name_is_cut_in_messages(view: View) -> None:
    errors = refused(
        spec(LaneSpec(machine_id="x" * 5000), LaneSpec(params={"p" * 5000: 1})), view()
    )
    assert len(errors) == 2
    assert all(len(path) + len(message) < 400 for path, message in errors.items())


def test_a_planned_run_is_queued_and_the_given_salt_wins(view: View) -> None:
    run = resolve(spec(salt="mine", rounds="auto", name="n", tags=("t",)), [view()])
    assert (run.state, run.salt, run.rounds) == (RunState.QUEUED, "mine", AUTO_ROUNDS)
    assert (run.run_id, run.version, run.created_at) == ("r", "1", 1.5)
    assert (run.name, run.tags, run.lanes[0].job_id) == ("n", ("t",), None)
    assert resolve(spec(), [view()]).salt == "drawn"


def test_a_planned_run_has_the_labels_of_its_machines(view: View) -> None:
    left = msgspec.structs.replace(view("left"), label="Under the desk")
    run = resolve(spec(lane("left"), lane("right")), [left, view("right"), view("idle")])
    assert machine_labels(run) == {"left": "Under the desk", "right": "Right"}
    assert title(run).startswith("Under the desk vs ")


def test_lanes_that_cannot_be_open_together_may_where_the_run_says_so(view: View) -> None:
    request = spec(lane(threads=1), lane(threads=2), resident=ResidentModels.MANY)
    run = resolve(request, [view(together=False)])
    assert run.order is Order.ABBA
    one = resolve(spec(lane(threads=1), lane(threads=2)), [view(together=False)])
    assert one.order is Order.CONTIGUOUS


def test_auto_needs_lanes_whose_other_work_is_equal(view: View) -> None:
    errors = refused(spec(lane(n="auto"), lane(n="auto", start=7)), view())
    assert errors == {
        "lanes[1].params.start": '7, and an earlier lane has 1; "auto" chooses one n for all '
        "lanes: give them equal values, or set n"
    }
    for lanes in (
        [lane(n="auto"), lane(n="auto", start=1, threads=2)],
        [lane(n="auto"), lane(n=9, start=7)],
    ):
        assert len(resolve(spec(*lanes), [view()]).lanes) == 2
