from typing import Any

import msgspec

from benchrace.kinds import COMPUTE
from benchrace.run.planning.labels import Facts, labels

SCHEMA = msgspec.json.schema(COMPUTE.params)


def facts(label: str | None = None, **other: Any) -> Facts:
    described = {"spread": False, "machine": "Box", "backend": "primes", "params": {}, **other}
    return Facts(label=label, schema=SCHEMA, **described)


def test_what_differs_is_said_in_the_order_of_the_schema() -> None:
    assert labels(
        [
            facts(params={"threads": 2, "n": 5}),
            facts(params={"threads": 2, "algorithm": "simple_sieve", "n": 5}),
            facts(params={"n": 5}),
        ]
    ) == ("segmented_sieve, threads 2", "simple_sieve, threads 2", "segmented_sieve, threads 0")


def test_machines_and_backends_are_said_only_where_they_differ() -> None:
    assert labels([facts(machine="A"), facts(machine="B")]) == ("A", "B")
    assert labels([facts(backend="one"), facts(backend="two")]) == ("one", "two")
    assert labels([facts()]) == ("Box",)


def test_a_given_label_is_kept_and_told_apart_where_it_spreads() -> None:
    assert labels([facts("mine"), facts()]) == ("mine", "Box")
    assert labels(
        [facts("mine", spread=True, machine="A"), facts("mine", spread=True, machine="B")]
    ) == ("mine, A", "mine, B")


def test_an_empty_value_is_no_part_of_a_label() -> None:
    lanes = [facts(params={"server": "", "n": 5}), facts(params={"server": "far", "n": 6})]
    assert labels(lanes) == ("n 5", "n 6, far")


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


def test_large_numbers_are_short_where_that_says_all_of_them() -> None:
    many = (2_000_000_000, 1_500_000, 2_000_000_001, 999_999)
    assert labels([facts(params={"n": n}) for n in many]) == (
        "n 2 billion",
        "n 1.5 million",
        "n 2,000,000,001",
        "n 999,999",
    )
