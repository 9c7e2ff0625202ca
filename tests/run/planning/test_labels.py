from typing import Any

import msgspec
import pytest

from benchrace.kinds import COMPUTE
from benchrace.run.planning.labels import Facts, labels, title

SCHEMA = msgspec.json.schema(COMPUTE.params)
ENUM = {"properties": {"algorithm": {"enum": ["segmented_sieve", "simple_sieve"]}}}


def facts(label: str | None = None, **other: Any) -> Facts:
    described = {"spread": False, "machine": "Box", "backend": "primes", "params": {}, **other}
    return Facts(**({"label": label, "schema": SCHEMA} | described))


def test_what_differs_is_said_in_the_order_of_the_schema() -> None:
    assert labels(
        [
            facts(params={"threads": 2, "n": 5}),
            facts(params={"threads": 1, "algorithm": "simple_sieve", "n": 5}),
            facts(params={"n": 5}),
        ]
    ) == ("segmented_sieve · 2 threads", "simple_sieve · 1 thread", "segmented_sieve · all threads")


def test_a_choice_is_said_in_words_and_free_text_as_it_is() -> None:
    lanes = [facts(params={"algorithm": name}) for name in ("segmented_sieve", "simple_sieve")]
    assert labels(lanes) == ("segmented_sieve", "simple_sieve")
    chosen = [msgspec.structs.replace(lane, schema=ENUM) for lane in lanes]
    assert labels(chosen) == ("segmented sieve", "simple sieve")


@pytest.mark.parametrize("phrases", [None, {}, {"other": 3}, "many", {"zero": "all"}])
def test_phrases_that_a_plugin_gets_wrong_leave_the_parameter_its_name(phrases: Any) -> None:
    schema = {"properties": {"jobs": {"phrases": phrases}}}
    lanes = [facts(params={"jobs": jobs}, schema=schema) for jobs in (2, 3)]
    assert labels(lanes) == ("jobs 2", "jobs 3")


def test_machines_and_backends_come_last_and_only_where_they_differ() -> None:
    assert labels([facts(machine="A"), facts(machine="B")]) == ("A", "B")
    assert labels([facts(backend="one"), facts(backend="two")]) == ("one", "two")
    assert labels([facts()]) == ("Box",)
    assert labels(
        [facts(machine="A", params={"n": 5}), facts(machine="B", backend="two", params={"n": 6})]
    ) == ("n 5 · primes · A", "n 6 · two · B")


def test_a_given_label_is_kept_and_told_apart_where_it_spreads() -> None:
    assert labels([facts("mine"), facts()]) == ("mine", "Box")
    assert labels(
        [facts("mine", spread=True, machine="A"), facts("mine", spread=True, machine="B")]
    ) == ("mine · A", "mine · B")


def test_an_empty_value_is_no_part_of_a_label() -> None:
    lanes = [facts(params={"server": "", "n": 5}), facts(params={"server": "far", "n": 6})]
    assert labels(lanes) == ("n 5", "n 6 · far")


def test_equal_labels_are_numbered() -> None:
    assert labels([facts(), facts(), facts("Box (2)")]) == ("Box", "Box (2)", "Box (2) (2)")


def test_auto_and_switches_are_said_with_their_names() -> None:
    assert labels([facts(params={"n": "auto"}), facts(params={"n": 7})]) == ("n auto", "n 7")
    assert labels([facts(params={"gpu": "0"}), facts(params={"gpu": "1"})]) == ("gpu 0", "gpu 1")
    assert labels([facts(params={"x": True}), facts(params={"x": False})]) == ("x on", "x off")
    assert labels([facts(params={"think": "on"}), facts(params={"think": "model"})]) == (
        "think on",
        "think model",
    )


def test_long_foreign_values_are_cut_to_one_line() -> None:
    (first, _) = labels([facts(params={"p": "a\nb" * 5000}), facts(params={"p": ""})])
    assert len(first) <= 40
    assert "\n" not in first


def test_a_document_is_named_by_its_parameter_alone() -> None:
    values: tuple[str | dict[str, Any], ...] = ('{"3": {}}', {"4": {}}, "a.json")
    lanes = [facts(params={"workflow": value}) for value in values]
    assert labels(lanes) == ("workflow", "workflow (2)", "a.json")


def test_large_numbers_are_short_where_that_says_all_of_them() -> None:
    many = (2_000_000_000, 1_500_000, 2_000_000_001, 999_999)
    assert labels([facts(params={"n": n}) for n in many]) == (
        "n 2 billion",
        "n 1.5 million",
        "n 2,000,000,001",
        "n 999,999",
    )


def title_of(lanes: list[Facts]) -> str:
    return title(lanes, labels(lanes))


def matrix(*machines: str) -> list[Facts]:
    return [
        facts(machine=machine, params={"algorithm": algorithm, "threads": threads})
        for algorithm in ("segmented", "simple")
        for threads in (1, 0)
        for machine in machines
    ]


def test_a_matrix_of_values_is_a_title_of_its_values() -> None:
    assert title_of(matrix("A")) == "segmented vs simple, 1 thread and all threads"
    assert title_of(matrix("A", "B")) == "segmented vs simple, 1 thread and all threads, A and B"
    many = [facts(machine=machine, params={"n": n}) for n in range(2, 7) for machine in "AB"]
    assert title_of(many) == "n 2 vs n 3 vs n 4 and 2 more, A and B"
    swapped = [facts(machine=machine, params={"n": n}) for machine in "ABCDE" for n in (2, 3)]
    assert title_of(swapped) == "n 2 vs n 3, A, B, C and 2 more"


def test_a_lane_that_races_twice_makes_no_matrix() -> None:
    values = [("x", 1), ("x", 2), ("z", 1), ("z", 1)]
    lanes = [facts(params={"algorithm": name, "threads": threads}) for name, threads in values]
    assert title_of(lanes) == "x · 1 thread vs x · 2 threads vs z · 1 thread and 1 more"


def test_other_lanes_are_named_one_by_one_in_a_title() -> None:
    assert title_of([facts()]) == "Box"
    assert title_of([facts(machine="A"), facts(machine="B")]) == "A vs B"
    assert title_of(matrix("A")[:3]) == (
        "segmented · 1 thread vs segmented · all threads vs simple · 1 thread"
    )
    assert title_of([facts("mine", machine="A"), *matrix("A")[1:]]) == (
        "mine vs segmented · all threads vs simple · 1 thread and 1 more"
    )
    assert title_of([facts(params={"n": n}) for n in range(2, 7)]) == (
        "n 2 vs n 3 vs n 4 and 2 more"
    )


def test_a_title_names_fewer_of_long_lanes_and_two_at_least() -> None:
    named = [facts(f"{number} {'x' * 58}") for number in range(6)]
    first, second = (f"{number} {'x' * 58}" for number in range(2))
    assert title_of(named) == f"{first} vs {second} and 4 more"
    assert title_of(named[:2]) == f"{first} vs {second}"
