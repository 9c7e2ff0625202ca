"""The metrics of a count."""

from typing import Any

import msgspec
import pytest

from benchrace.kinds import (
    COMPUTE,
    LLM,
    SERVE,
    Better,
    ComputeParams,
    ComputeRecord,
    Estimator,
)
from benchrace.kinds.metric import ranking


def record(**changes: Any) -> ComputeRecord:
    facts: dict[str, Any] = {
        "algorithm": "segmented_sieve",
        "n": 1000,
        "threads_requested": 1,
        "threads_used": 1,
        "primes_found": 168,
        "primes_expected": 168,
        "elapsed_ns": 2_000_000,
        "blocks": 1,
        "cpu_tier": "sse2",
    }
    return ComputeRecord(**{**facts, **changes})


def derived(**changes: Any) -> dict[str, Any]:
    result = COMPUTE.derive(record(**changes), ComputeParams())
    return {figure.metric: figure for figure in result}


def test_every_declared_metric_is_derived() -> None:
    assert set(derived()) == {metric.name for metric in COMPUTE.metrics}


def test_rates_are_counts_by_seconds() -> None:
    figures = derived()
    assert figures["primes_per_sec"].value == 84_000
    assert figures["numbers_per_sec"].value == 500_000
    assert figures["elapsed_ms"].value == 2
    assert figures["primes_found"].value == 168


def test_the_numbers_of_a_range_are_those_from_its_start() -> None:
    figures = derived(start=501, primes_found=73)
    assert figures["numbers_per_sec"].value == 250_000
    assert figures["primes_per_sec"].value == 36_500


def test_ratios_keep_their_parts() -> None:
    figures = derived()
    for metric in COMPUTE.metrics:
        figure = figures[metric.name]
        if metric.estimator is Estimator.RATIO:
            assert figure.numerator / figure.denominator == figure.value
        else:
            assert figure.numerator is None


def test_a_round_without_a_duration_has_no_rate_and_says_why() -> None:
    figures = derived(elapsed_ns=0)
    assert figures["primes_per_sec"].value is None
    assert figures["primes_per_sec"].reason
    assert figures["elapsed_ms"].value == 0


@pytest.mark.parametrize(
    "bad",
    [
        {"n": 0},
        {"n": -5},
        {"n": 10**13 + 1},
        {"n": "50M"},
        {"n": 1.5},
        {"n": True},
        {"threads": -1},
        {"threads": 5000},
        {"stream_first_k": 10_001},
        {"progress_interval_s": 0},
        {"no_such": 1},
    ],
)
def test_bad_parameters_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, ComputeParams)


def test_the_first_headline_is_the_rate_in_primes() -> None:
    assert [metric.name for metric in COMPUTE.metrics if metric.headline] == [
        "primes_per_sec",
        "elapsed_ms",
    ]


def test_what_has_to_be_right_or_was_asked_for_has_no_better_direction() -> None:
    plain = {
        metric.name
        for kind in (COMPUTE, LLM, SERVE)
        for metric in kind.metrics
        if metric.better is Better.NONE
    }
    counted = {"primes_found", "gen_tokens", "prompt_tokens", "cached_tokens"}
    assert plain == counted | {"asked_per_s", "sent_per_s", "network_bytes_per_token"}
    assert [better.text for better in Better] == ["higher is better", "lower is better", ""]


def test_a_metric_without_a_direction_never_ranks() -> None:
    count = next(metric for metric in COMPUTE.metrics if metric.name == "primes_found")
    headline = msgspec.structs.replace(count, headline=True)
    *others, _ = COMPUTE.metrics
    chosen = ranking((headline, *others))
    assert chosen is not None
    assert chosen.name == "primes_per_sec"
    assert ranking((headline,)) is None
