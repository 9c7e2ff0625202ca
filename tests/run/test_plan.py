from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.run import plan
from benchrace.run.draft import Draft
from benchrace.run.machine import MachineState, MachineView
from benchrace.run.metadata import LeftOut, RunMetadata
from benchrace.run.spec import LaneSpec, Order, Resident, RunSpec

View = Callable[..., MachineView]


def lane(machine_id: str | None = None, backend: str | None = None, **params: Any) -> LaneSpec:
    return LaneSpec(machine_id=machine_id, backend=backend, params=params)


def spec(*lanes: LaneSpec, kind: str = "compute", **other: Any) -> RunSpec:
    return RunSpec(kind=kind, lanes=lanes, **other)


def refused(asked: RunSpec, *machines: MachineView) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        plan.resolve(asked, machines)
    return {each.path: each.message for each in caught.value.fields}


def made(draft: Draft, **other: Any) -> RunMetadata:
    return plan.metadata(draft, run_id="r", version="1", created_at=1.5, salt="drawn", **other)


def test_no_lane_is_one_lane_on_every_available_machine(view: View) -> None:
    draft = plan.resolve(
        spec(params={"n": "2k"}),
        [
            view("a"),
            view("b", state=MachineState.BUSY),
            view("lost", state=MachineState.LOST),
            view("other", backends=(("text", "text"),)),
        ],
    )
    assert [(each.lane_id, each.machine_id, each.label) for each in draft.lanes] == [
        ("lane-0", "a", "A"),
        ("lane-1", "b", "B"),
    ]
    assert [each.params for each in draft.lanes] == [{"n": 2000}, {"n": 2000}]
    assert draft.order is Order.CONTIGUOUS


def test_parameters_overlay_preset_run_and_lane(view: View) -> None:
    asked = spec(lane(threads="1"), lane(n="5"), params={"threads": 4}, preset="2M")
    assert [each.params for each in plan.resolve(asked, [view()]).lanes] == [
        {"n": 2_000_000, "threads": 1},
        {"n": 5, "threads": 4},
    ]


def test_the_only_backend_that_offers_the_kind_is_taken(view: View) -> None:
    machine = view(backends=(("text", "text"), ("primes", "compute")))
    assert plan.resolve(spec(lane()), [machine]).lanes[0].backend == "primes"


@pytest.mark.parametrize(
    ("together", "lanes", "order"),
    [
        (True, 2, Order.ABBA),
        (True, 1, Order.CONTIGUOUS),
        (False, 2, Order.CONTIGUOUS),
    ],
)
def test_default_order(view: View, together: bool, lanes: int, order: Order) -> None:
    asked = spec(*[lane(threads=each) for each in range(lanes)])
    assert plan.resolve(asked, [view(together=together)]).order is order


@pytest.mark.parametrize("order", [Order.ABBA, Order.RANDOM])
def test_interleaving_is_refused_where_lanes_cannot_be_open_together(
    view: View, order: Order
) -> None:
    asked = spec(lane(), lane(), order=order)
    assert "one at a time" in refused(asked, view(together=False))["order"]
    apart = plan.resolve(spec(order=order), [view("a", together=False), view("b", together=False)])
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


def test_an_unknown_kind_is_answered_with_the_known_ones(view: View) -> None:
    message = refused(spec(kind="comput"), view("a"), view("b", backends=(("t", "text"),)))["kind"]
    assert "did you mean compute? offered: compute (on a), text (on b)" in message
    assert "start an agent" in refused(spec())["kind"]
    assert "nothing" in refused(spec(), view(backends=()))["kind"]


def test_several_backends_of_a_kind_must_be_told_apart(view: View) -> None:
    machine = view(backends=(("one", "compute"), ("two", "compute")))
    assert "one, two; name one" in refused(spec(lane()), machine)["lanes[0].backend"]
    named = plan.resolve(spec(lane(backend="two"), lane(backend="one")), [machine])
    assert [each.label for each in named.lanes] == ["two", "one"]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"models": {"one": ("a",), "two": ("b",)}}, "two"),
        ({"models": {"one": ("b",), "two": ("b",)}, "silent": ("two",)}, "one"),
        ({"silent": ("one",)}, "two"),
        ({"models": {"one": ("b",), "two": ("b",)}}, None),
        ({"silent": ("one", "two")}, None),
    ],
)
def test_of_several_backends_the_one_that_has_the_model_or_answers_is_taken(
    view: View, known: dict[str, Any], expected: str | None
) -> None:
    both = view("a", backends=(("one", "compute"), ("two", "compute")))
    machine = msgspec.structs.replace(both, **known)
    workload = machine.backends[0].workloads[0]
    free = msgspec.structs.replace(workload, params_schema={"type": "object"})
    backends = tuple(msgspec.structs.replace(each, workloads=(free,)) for each in both.backends)
    machine = msgspec.structs.replace(machine, backends=backends)
    asked = spec(lane(model="b"))
    if expected is None:
        assert "one, two; name one" in refused(asked, machine)["lanes[0].backend"]
    else:
        assert plan.resolve(asked, [machine]).lanes[0].backend == expected


def test_an_absent_machine_is_refused_or_left_out(view: View) -> None:
    machines = (view("a"), view("gone", state=MachineState.LOST))
    assert "is lost" in refused(spec(lane("gone")), *machines)["lanes[0].machine_id"]
    draft = plan.resolve(spec(lane("gone"), lane("a"), only_ready=True), machines)
    assert [each.machine_id for each in draft.lanes] == ["a"]
    assert [each.machine_id for each in draft.left_out] == ["gone"]
    assert draft.left_out[0].fields[0].path == "lanes[0].machine_id"
    only_gone = refused(spec(lane("gone"), only_ready=True), *machines)
    assert "is lost" in only_gone["lanes[0].machine_id"]
    excluded = refused(spec(lane("x")), view("x", state=MachineState.EXCLUDED))
    assert "include it again" in excluded["lanes[0].machine_id"]
    none_there = refused(spec(), view("x", state=MachineState.LOST))
    assert "x (lost)" in none_there["lanes.machine_id"]


def test_agents_of_one_computer_never_race_each_other(view: View) -> None:
    def pair(*shares: bool) -> list[MachineView]:
        return [view(f"m{n}", host_id="h", share_host=each) for n, each in enumerate(shares)]

    assert "m0, m1 are agents of one computer" in refused(spec(), *pair(True, False))["lanes"]
    assert len(plan.resolve(spec(), pair(True, True)).lanes) == 2
    assert len(plan.resolve(spec(lane("m0")), pair(False, False)).lanes) == 1


def test_too_much_is_refused(view: View) -> None:
    assert "65 lanes; at most 64" in refused(spec(*[lane()] * 65), view())["lanes"]
    spread = spec(*[lane()] * 33)
    assert "66 lanes; at most 64" in refused(spread, view("a"), view("b"))["lanes"]
    assert len(refused(spec(params={f"x{each}": 1 for each in range(50_000)}), view())) == 10
    assert "at most 10000" in refused(spec(lane(), lane(), rounds=5000), view())["rounds"]
    assert plan.resolve(spec(lane(), lane(), rounds=4999), [view()]).rounds == 4999


def test_a_foreign_name_is_cut_in_messages(view: View) -> None:
    errors = refused(
        spec(LaneSpec(machine_id="x" * 5000), LaneSpec(params={"p" * 5000: 1})), view()
    )
    assert len(errors) == 2
    assert all(len(path) + len(message) < 400 for path, message in errors.items())


def test_auto_is_settled_once_for_all_lanes_that_ask(view: View) -> None:
    draft = plan.resolve(spec(lane(n="auto"), lane(n="auto", threads=1), lane(n=7)), [view()])
    assert [each.lane_id for each in draft.to_calibrate] == ["lane-0", "lane-1"]
    values = plan.smallest([{"n": 900}, {"n": 400}, {}])
    settled = plan.with_automatic(draft, values)
    assert [each.params["n"] for each in settled.lanes] == [400, 400, 7]
    assert settled.automatic == {"n": 400}
    assert settled.to_calibrate == ()
    late = plan.with_automatic(made(draft), values)
    assert late.lanes == settled.lanes
    assert late.automatic == {"n": 400}


def test_a_lane_s_error_is_told_by_its_path_in_the_specification(view: View) -> None:
    draft = plan.resolve(spec(lane(n=5), params={"threads": 2}), [view()])
    assert draft.path("lane-0", "n") == "lanes[0].params.n"
    assert draft.path("lane-0", "threads") == "params.threads"
    assert draft.path("lane-0") == "lanes[0]"
    assert plan.resolve(spec(params={"n": 1}), [view()]).path("lane-0", "n") == "params.n"


def test_lanes_left_out_later_keep_the_others_as_they_are(view: View) -> None:
    draft = plan.resolve(spec(lane(n=5), lane(n=6)), [view()])
    left = LeftOut(label="n 5", machine_id="local", backend="primes")
    kept = plan.leave_out(draft, {"lane-0": left})
    assert [(each.lane_id, each.label) for each in kept.lanes] == [("lane-1", "n 6")]
    assert kept.left_out == (left,)
    complete = plan.with_params(kept, {"lane-1": {"n": 6, "threads": 0}})
    assert complete.lanes[0].params == {"n": 6, "threads": 0}


def test_a_run_has_one_job_a_machine_with_its_whole_schedule(view: View) -> None:
    asked = spec(lane("a", threads=1), lane("b"), lane("a"), rounds=2, sampling_s=0, timeout_s=9)
    draft = plan.resolve(asked, [view("a"), view("b")])
    run = made(draft, job_ids={"a": "j-a", "b": "j-b"}, machines={"a": {"any": 1}})
    first, second = plan.jobs(run)
    assert (first.job_id, first.machine_id, second.job_id) == ("j-a", "a", "j-b")
    assert [each.lane_id for each in first.lanes] == ["lane-0", "lane-2"]
    assert [slot.lane_id for slot in first.schedule if not slot.warmup] == [
        "lane-0",
        "lane-2",
        "lane-2",
        "lane-0",
    ]
    assert [slot.heat for slot in second.schedule] == [None, 0, 1]
    assert (first.salt, first.sampling_s, first.timeout_s) == ("drawn", 0, 9)
    assert run.machines == {"a": {"any": 1}}


def test_jobs_need_names_and_the_given_salt_wins(view: View) -> None:
    draft = plan.resolve(spec(salt="mine", rounds="auto"), [view()])
    run = made(draft)
    assert (run.salt, run.rounds, run.state) == ("mine", plan.AUTO_ROUNDS, "queued")
    with pytest.raises(ValueError, match="no name yet"):
        plan.jobs(run)
    with pytest.raises(KeyError):
        plan.with_jobs(run, {})


def test_lanes_that_cannot_be_open_together_may_where_the_run_says_so(view: View) -> None:
    asked = spec(lane(threads=1), lane(threads=2), resident=Resident.MANY)
    draft = plan.resolve(asked, [view(together=False)])
    assert draft.order is Order.ABBA
    run = made(draft, job_ids={"local": "j"})
    assert [each.resident for each in plan.jobs(run)] == [Resident.MANY]
    one = plan.resolve(spec(lane(threads=1), lane(threads=2)), [view(together=False)])
    assert one.order is Order.CONTIGUOUS
