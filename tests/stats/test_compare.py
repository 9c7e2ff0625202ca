"""Two runs side by side: what matches, what differs, and who asked for it."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.run.document import RunDocument, document
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import LaneSpec, Resident, RunSpec
from benchrace.run.summary import Agreement
from benchrace.stats import Fold
from benchrace.stats.compare import MetricPair, compare
from benchrace.stats.identity import Role
from tests.stats.conftest import RATE

Rounds = Callable[..., bytes]
FIRST = ((100, 1), (101, 1), (99, 1), (100, 1))


@pytest.fixture
def made(run: Callable[..., RunMetadata], rounds: Rounds) -> Callable[..., RunDocument]:
    def make(*pairs: Any, **changes: Any) -> RunDocument:
        metadata = msgspec.structs.replace(run(lanes=len(pairs)), **changes)
        fold = Fold(metadata)
        for lane, each in enumerate(pairs):
            fold.feed(rounds(lane, *each))
        return document(metadata, fold.summary())

    return make


def faster(factor: float) -> tuple[tuple[float, float], ...]:
    return tuple((a * factor, b) for a, b in FIRST)


def rate_of(a: RunDocument, b: RunDocument, lane: int = 0) -> MetricPair:
    return next(each for each in compare(a, b).lanes[lane].metrics if each.name == "rate")


def test_a_clear_difference_names_the_better_side(made: Any) -> None:
    pair = rate_of(made(FIRST), made(faster(1.2)))
    assert pair.difference.relative == pytest.approx(0.2)
    assert pair.difference.ci95 is not None
    low, high = pair.difference.ci95
    assert low < 20 < high
    assert pair.better == "b"
    assert rate_of(made(faster(1.2)), made(FIRST)).better == "a"


def test_what_cannot_be_told_apart_names_nobody(made: Any) -> None:
    assert rate_of(made(FIRST), made(faster(1.001))).better is None
    alone = rate_of(made(FIRST), made(((500, 1),)))
    assert (alone.better, alone.difference.ci95) == (None, None)
    assert alone.difference.value == pytest.approx(400)


def test_a_bounded_interval_makes_no_difference_surer(made: Any) -> None:
    wild = made(((1, 1), (100, 1)))
    bounded = wild.lanes[0].summary["rate"].ci95
    assert bounded is not None
    assert bounded[0] == 0
    low, high = rate_of(wild, wild).difference.ci95 or (0.0, 0.0)
    # Twice the same spread on n = 2 each: half = t(0.975, 2) x sqrt(2) x 49.5.
    assert (low, high) == pytest.approx((-301.204, 301.204), abs=0.01)


def test_lanes_match_by_label_first_and_then_by_work(made: Any) -> None:
    a, b = made(FIRST, faster(2)), made(faster(2), FIRST)
    lanes = [
        msgspec.structs.replace(b.lanes[0], label="Lane 1"),
        msgspec.structs.replace(b.lanes[1], label="renamed"),
    ]
    found = compare(a, msgspec.structs.replace(b, lanes=tuple(lanes)))
    assert [(each.a, each.b) for each in found.lanes] == [
        ("lane-0", "lane-1"),
        ("lane-1", "lane-0"),
    ]
    assert [each.matched_by.split(",")[0] for each in found.lanes] == [
        "backend and parameters",
        "label",
    ]


def test_lanes_without_a_partner_are_named(made: Any) -> None:
    other = made(FIRST)
    strange = msgspec.structs.replace(other.lanes[0], label="x", backend="else")
    found = compare(made(FIRST, FIRST), msgspec.structs.replace(other, lanes=(strange,)))
    assert (found.lanes, found.only_a, found.only_b) == ((), ("lane-0", "lane-1"), ("lane-0",))


def machine(**changes: Any) -> dict[str, Any]:
    backend = {"description": {"name": "b", "version": "1"}, "engine_version": "7", "models": []}
    told = {"fingerprint": "f", "backends": [backend], "environment": {"power": {"turbo": True}}}
    return {"m": told | changes}


def roles(a: RunDocument, b: RunDocument) -> dict[str, Role]:
    return {each.field: each.role for each in compare(a, b).lanes[0].differing}


def with_params(run: RunDocument, **params: Any) -> RunDocument:
    lanes = tuple(msgspec.structs.replace(lane, params=params) for lane in run.lanes)
    return msgspec.structs.replace(run, lanes=lanes)


def test_what_a_specification_names_is_controlled(made: Any) -> None:
    a = with_params(made(FIRST, spec=RunSpec(kind="k", params={"n": 1})), n=1, seed=1)
    b = with_params(made(FIRST, spec=RunSpec(kind="k", params={"n": 2})), n=2, seed=2)
    assert roles(a, b) == {"params.n": Role.CONTROLLED, "params.seed": Role.CONFOUNDER}


def test_what_nobody_asked_for_is_a_confounder(made: Any) -> None:
    other = {"environment": {"power": {"turbo": False}}, "fingerprint": "g"}
    found = roles(made(FIRST, machines=machine()), made(FIRST, machines=machine(**other)))
    assert found == {
        "fingerprint": Role.CONFOUNDER,
        "environment.power.turbo": Role.CONFOUNDER,
    }
    assert roles(made(FIRST), made(FIRST, version="2")) == {"benchrace": Role.CONFOUNDER}


def test_another_machine_brings_its_own_hardware(made: Any) -> None:
    spec = RunSpec(kind="k", lanes=(LaneSpec(machine_id="m"),))
    a = made(FIRST, machines=machine(), spec=spec)
    b = made(FIRST, machines={"o": machine(fingerprint="g")["m"]})
    moved = tuple(msgspec.structs.replace(lane, machine_id="o") for lane in b.lanes)
    found = roles(a, msgspec.structs.replace(b, lanes=moved))
    assert found == {"machine": Role.CONTROLLED, "fingerprint": Role.CONTROLLED}


def test_foreign_capabilities_of_any_shape_are_no_error(made: Any) -> None:
    shapes: list[Any] = [[], "x", {"backends": [1], "hardware": [{}]}, {"backends": {"a": 1}}]
    for strange in shapes:
        compare(made(FIRST, machines={"m": strange}), made(FIRST, machines=machine()))


def test_models_are_told_apart_by_digest(made: Any) -> None:
    def run(digest: str) -> RunDocument:
        told = machine()
        told["m"]["backends"][0]["models"] = [{"name": "x", "digest": digest}]
        document: RunDocument = with_params(made(FIRST, machines=told), model="x")
        return document

    assert roles(run("1"), run("2")) == {"model digest": Role.CONFOUNDER}


def test_how_models_shared_memory_is_a_choice(made: Any) -> None:
    many = RunSpec(kind="k", resident=Resident.MANY)
    found = compare(made(FIRST), made(FIRST, spec=many)).lanes[0].differing
    (told,) = (each for each in found if each.field == "resident")
    assert (told.a, told.b, told.role) == ("one", "many", Role.CONTROLLED)


def test_agreements_come_along(made: Any) -> None:
    a, b = made(FIRST), made(FIRST)
    told = Agreement(with_="lane-1", share=0.5, n=2)
    lanes = (msgspec.structs.replace(b.lanes[0], agreement=told),)
    pair = compare(a, msgspec.structs.replace(b, lanes=lanes)).lanes[0]
    assert (pair.agreement_a, pair.agreement_b) == (None, told)


@pytest.mark.parametrize(("jitter", "better"), [(0.0, "b"), (9.0, "b"), (30.0, None)])
def test_what_the_stamps_cannot_tell_apart_names_nobody(
    run: Callable[..., RunMetadata], rounds: Rounds, jitter: float, better: str | None
) -> None:
    # 100 and 102 in a second each: stamps within 20 ms make 2 of that.
    def made(factor: float) -> RunDocument:
        machines = {"m": {"timing": {"bias_ms": 0.0, "jitter_ms": jitter}}}
        stamped = msgspec.structs.replace(RATE, stamped=True)
        planned = msgspec.structs.replace(run(lanes=1, metrics=(stamped,)), machines=machines)
        fold = Fold(planned)
        fold.feed(rounds(0, *((100 * factor + i * 1e-6, 1) for i in range(4))))
        return document(planned, fold.summary())

    assert rate_of(made(1.0), made(1.02)).better == better
