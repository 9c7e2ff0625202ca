"""Two runs side by side: what matches, what differs, and what was chosen."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.run.document import RunDocument, document
from benchrace.run.lane import LaneClient
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import LaneSpec, ResidentModels, RunSpec
from benchrace.run.states import RunState
from benchrace.run.summary import Agreement
from benchrace.stats import Fold
from benchrace.stats.comparison.compare import MetricPair, compare
from benchrace.stats.comparison.identity import Role
from tests.stats.conftest import RATE

Rounds = Callable[..., bytes]
FIRST = ((100, 1), (101, 1), (99, 1), (100, 1))


@pytest.fixture
def documents(run: Callable[..., RunMetadata], rounds: Rounds) -> Callable[..., RunDocument]:
    def make(*pairs: Any, **changes: Any) -> RunDocument:
        metadata = msgspec.structs.replace(run(lanes=len(pairs)), **changes)
        fold = Fold(metadata)
        for lane, item in enumerate(pairs):
            fold.feed(rounds(lane, *item))
        return document(metadata, fold.summary())

    return make


def faster(factor: float) -> tuple[tuple[float, float], ...]:
    return tuple((a * factor, b) for a, b in FIRST)


def rate_of(a: RunDocument, b: RunDocument, lane: int = 0) -> MetricPair:
    return next(metric for metric in compare(a, b).lanes[lane].metrics if metric.name == "rate")


def test_a_clear_difference_names_the_better_side(documents: Any) -> None:
    pair = rate_of(documents(FIRST), documents(faster(1.2)))
    assert pair.difference.relative == pytest.approx(0.2)
    assert pair.difference.ci95 is not None
    low, high = pair.difference.ci95
    assert low < 20 < high
    assert pair.better == "b"
    assert rate_of(documents(faster(1.2)), documents(FIRST)).better == "a"


def test_what_cannot_be_told_apart_names_nobody(documents: Any) -> None:
    assert rate_of(documents(FIRST), documents(faster(1.001))).better is None
    alone = rate_of(documents(FIRST), documents(((500, 1),)))
    assert (alone.better, alone.difference.ci95) == (None, None)
    assert alone.difference.value == pytest.approx(400)


def test_a_bounded_interval_makes_no_difference_surer(documents: Any) -> None:
    wild = documents(((1, 1), (100, 1)))
    bounded = wild.lanes[0].summary["rate"].ci95
    assert bounded is not None
    assert bounded[0] == 0
    low, high = rate_of(wild, wild).difference.ci95 or (0.0, 0.0)
    # Twice the same spread on n = 2 each: half = t(0.975, 2) x sqrt(2) x 49.5.
    assert (low, high) == pytest.approx((-301.204, 301.204), abs=0.01)


def test_lanes_match_by_label_first_and_then_by_work(documents: Any) -> None:
    a, b = documents(FIRST, faster(2)), documents(faster(2), FIRST)
    lanes = [
        msgspec.structs.replace(b.lanes[0], label="Lane 1"),
        msgspec.structs.replace(b.lanes[1], label="renamed"),
    ]
    result = compare(a, msgspec.structs.replace(b, lanes=tuple(lanes)))
    assert [(lane.a, lane.b) for lane in result.lanes] == [
        ("lane-0", "lane-1"),
        ("lane-1", "lane-0"),
    ]
    assert [lane.matched_by for lane in result.lanes] == [
        "machine, backend and parameters",
        "label, machine, backend and parameters",
    ]


def test_lanes_whose_labels_changed_meet_on_their_machine(documents: Any) -> None:
    run: RunDocument = documents(FIRST, FIRST)

    def on(*machines: str) -> RunDocument:
        lanes = tuple(
            msgspec.structs.replace(lane, machine_id=machine, label=f"{machine} {machines[0]}")
            for lane, machine in zip(run.lanes, machines, strict=True)
        )
        return msgspec.structs.replace(run, lanes=lanes)

    pairs = compare(on("desk", "lap"), on("lap", "desk")).lanes
    assert [(pair.a, pair.b) for pair in pairs] == [("lane-0", "lane-1"), ("lane-1", "lane-0")]


def test_lanes_without_a_partner_are_named(documents: Any) -> None:
    other = documents(FIRST)
    strange = msgspec.structs.replace(other.lanes[0], label="x", backend="else")
    result = compare(documents(FIRST, FIRST), msgspec.structs.replace(other, lanes=(strange,)))
    assert (result.lanes, result.only_a, result.only_b) == ((), ("lane-0", "lane-1"), ("lane-0",))


def machine(**changes: Any) -> dict[str, Any]:
    backend = {"description": {"name": "b", "version": "1"}, "engine_version": "7", "models": []}
    row = {"fingerprint": "f", "backends": [backend], "environment": {"power": {"turbo": True}}}
    return {"m": row | changes}


def roles(a: RunDocument, b: RunDocument) -> dict[str, Role]:
    return {lane.field: lane.role for lane in compare(a, b).lanes[0].differing}


def with_params(run: RunDocument, **params: Any) -> RunDocument:
    lanes = tuple(msgspec.structs.replace(lane, params=params) for lane in run.lanes)
    return msgspec.structs.replace(run, lanes=lanes)


def test_what_a_specification_names_is_controlled(documents: Any) -> None:
    a = with_params(documents(FIRST, spec=RunSpec(kind="k", params={"n": 1})), n=1, seed=1)
    b = with_params(documents(FIRST, spec=RunSpec(kind="k", params={"n": 2})), n=2, seed=2)
    assert roles(a, b) == {"params.n": Role.CONTROLLED, "params.seed": Role.CONFOUNDER}


def test_lanes_of_one_client_and_of_several_meet_and_differ_in_that(documents: Any) -> None:
    alone = documents(FIRST)
    named = RunSpec(kind="k", lanes=(LaneSpec(clients=("second",)),))
    clients = (LaneClient(machine_id="second", job_id="j2"),)
    lanes = (msgspec.structs.replace(alone.lanes[0], clients=clients),)
    shared = msgspec.structs.replace(alone, lanes=lanes, spec=named)
    assert roles(alone, shared) == {"clients": Role.CONTROLLED}
    (differing,) = compare(alone, shared).lanes[0].differing
    assert (differing.a, differing.b) == ("none", "second")


def test_what_nobody_asked_for_is_a_confounder(documents: Any) -> None:
    other = {"environment": {"power": {"turbo": False}}, "fingerprint": "g"}
    result = roles(
        documents(FIRST, machines=machine()), documents(FIRST, machines=machine(**other))
    )
    assert result == {
        "fingerprint": Role.CONFOUNDER,
        "environment.power.turbo": Role.CONFOUNDER,
    }
    assert roles(documents(FIRST), documents(FIRST, version="2")) == {"benchrace": Role.CONFOUNDER}


def test_a_limit_that_only_one_side_read_is_no_difference(documents: Any) -> None:
    def gpu(**limit: float) -> dict[str, Any]:
        return machine(hardware={"gpus": [{"name": "x", "index": 0, **limit}]})

    runs = [documents(FIRST, machines=one) for one in (gpu(), gpu(power_limit_w=350.0))]
    assert roles(*runs) == {}
    other = documents(FIRST, machines=gpu(power_limit_w=300.0))
    assert set(roles(runs[1], other).values()) == {Role.CONFOUNDER}


def test_what_an_engine_was_not_asked_yet_is_no_difference(documents: Any) -> None:
    model = {"name": "x", "digest": "aa", "size": 7}
    backend = {"description": {"name": "b", "version": "1"}, "engine_version": "7"}
    later = machine(backends=[backend | {"models": [model]}])
    unsized = machine(backends=[backend | {"models": [model | {"size": None}]}])
    early = machine(backends=[backend | {"engine_version": None, "models": []}])
    other = machine(backends=[backend | {"engine_version": "8", "models": [model]}])
    runs = [
        with_params(documents(FIRST, machines=machines), model="x")
        for machines in (early, later, unsized)
    ]
    assert all(roles(a, b) == {} for a in runs for b in runs)
    changed = with_params(documents(FIRST, machines=other), model="x")
    assert roles(runs[1], changed) == {"engine version": Role.CONFOUNDER}


NATIVE = {"environment": {"layers": ["native"], "power": {"turbo": True}}}


def test_a_run_that_is_running_holds_tuples_where_a_stored_one_holds_lists(documents: Any) -> None:
    live = {"environment": {"layers": ("native",), "power": {"turbo": True}}}
    a = with_params(documents(FIRST, machines=machine(**NATIVE)), prompts=["x"], stop=1)
    b = with_params(documents(FIRST, machines=machine(**live)), prompts=("x",), stop=1.0)
    pair = compare(a, b).lanes[0]
    assert pair.differing == ()
    assert pair.matched_by == "label, machine, backend and parameters"


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.CANCELLED])
def test_a_run_that_did_not_begin_is_not_compared_by_what_it_has_not(
    documents: Any, state: RunState
) -> None:
    whole = documents(FIRST, machines=machine(**NATIVE), state=RunState.DONE)
    empty = documents((), state=state)
    assert roles(whole, empty) == {}
    pair = compare(empty, whole).lanes[0]
    assert (pair.differing, pair.missing_b) == ((), ())
    assert pair.missing_a == (
        "its machine is not recorded, as the run did not begin",
        "it has no round after the warm-ups",
    )


def test_whether_a_start_was_staggered_is_compared_once_it_is_certain(documents: Any) -> None:
    late = documents(FIRST, state=RunState.DONE, staggered=True)
    assert roles(documents(FIRST, state=RunState.RUNNING), late) == {}
    assert roles(documents(FIRST, state=RunState.DONE), late) == {
        "staggered start": Role.CONFOUNDER
    }


def test_a_parameter_that_an_older_version_lacks_is_at_its_default(documents: Any) -> None:
    def with_schema(run: RunDocument) -> RunDocument:
        workload = msgspec.structs.replace(
            run.workloads["b"], params_schema={"properties": {"gpu": {"default": ""}}}
        )
        return msgspec.structs.replace(run, workloads={"b": workload})

    older = with_params(documents(FIRST), n=1)
    newer = with_schema(with_params(documents(FIRST), n=1, gpu=""))
    assert roles(older, newer) == {}
    assert roles(newer, older) == {}
    chosen = with_schema(with_params(documents(FIRST), n=1, gpu="1"))
    assert roles(older, chosen) == {"params.gpu": Role.CONFOUNDER}
    (field,) = compare(newer, chosen).lanes[0].differing
    assert (field.a, field.b) == ("", "1")


def test_gpus_are_compared_fact_by_fact(documents: Any) -> None:
    gpu = {"name": "RTX 4090", "driver_version": "570.1"}
    one = documents(FIRST, machines=machine(hardware={"gpus": [gpu]}))
    updated = documents(
        FIRST, machines=machine(hardware={"gpus": [gpu | {"driver_version": "580"}]})
    )
    none = documents(FIRST, machines=machine(hardware={"gpus": []}))
    assert [*roles(one, updated)] == ["hardware.gpus.1.driver_version"]
    assert [(lane.field, lane.a, lane.b) for lane in compare(none, one).lanes[0].differing] == [
        ("hardware.gpus.1.name", None, "RTX 4090"),
        ("hardware.gpus.1.driver_version", None, "570.1"),
    ]


def test_another_machine_brings_its_own_hardware(documents: Any) -> None:
    spec = RunSpec(kind="k", lanes=(LaneSpec(machine_id="m"),))
    a = documents(FIRST, machines=machine(), spec=spec)
    b = documents(FIRST, machines={"o": machine(fingerprint="g")["m"]})
    moved = tuple(msgspec.structs.replace(lane, machine_id="o") for lane in b.lanes)
    result = roles(a, msgspec.structs.replace(b, lanes=moved))
    assert result == {"machine": Role.CONTROLLED, "fingerprint": Role.CONTROLLED}


def test_foreign_capabilities_of_any_shape_are_no_error(documents: Any) -> None:
    shapes: list[Any] = [[], "x", {"backends": [1], "hardware": [{}]}, {"backends": {"a": 1}}]
    for strange in shapes:
        compare(documents(FIRST, machines={"m": strange}), documents(FIRST, machines=machine()))


def test_models_are_told_apart_by_digest(documents: Any) -> None:
    def run(digest: str) -> RunDocument:
        row = machine()
        row["m"]["backends"][0]["models"] = [{"name": "x", "digest": digest}]
        document: RunDocument = with_params(documents(FIRST, machines=row), model="x")
        return document

    assert roles(run("1"), run("2")) == {"model digest": Role.CONFOUNDER}


def test_how_models_shared_memory_is_a_choice(documents: Any) -> None:
    many = RunSpec(kind="k", resident=ResidentModels.MANY)
    result = compare(documents(FIRST), documents(FIRST, spec=many)).lanes[0].differing
    (row,) = (figure for figure in result if figure.field == "resident")
    assert (row.a, row.b, row.role) == ("one", "many", Role.CONTROLLED)


def test_agreements_come_along(documents: Any) -> None:
    a, b = documents(FIRST), documents(FIRST)
    row = Agreement(with_="lane-1", share=0.5, n=2)
    lanes = (msgspec.structs.replace(b.lanes[0], agreement=row),)
    pair = compare(a, msgspec.structs.replace(b, lanes=lanes)).lanes[0]
    assert (pair.agreement_a, pair.agreement_b) == (None, row)


@pytest.mark.parametrize(("jitter", "better"), [(0.0, "b"), (9.0, "b"), (30.0, None)])
def test_what_the_stamps_cannot_tell_apart_names_nobody(
    run: Callable[..., RunMetadata], rounds: Rounds, jitter: float, better: str | None
) -> None:
    # 100 and 102 in a second each: stamps within 20 ms make 2 of that.
    def documents(factor: float) -> RunDocument:
        machines = {"m": {"timing": {"bias_ms": 0.0, "jitter_ms": jitter}}}
        stamped = msgspec.structs.replace(RATE, stamped=True)
        planned = msgspec.structs.replace(run(lanes=1, metrics=(stamped,)), machines=machines)
        fold = Fold(planned)
        fold.feed(rounds(0, *((100 * factor + i * 1e-6, 1) for i in range(4))))
        return document(planned, fold.summary())

    assert rate_of(documents(1.0), documents(1.02)).better == better
