"""What a kind says of energy is checked, and described."""

from dataclasses import replace
from typing import Any

import pytest

from benchrace.kinds import COMPUTE, LLM, EnergyWork, energy_work
from benchrace.plugin.host.describe import workload_description
from benchrace.plugin.host.validation import InvalidPlugin, kinds_of
from benchrace.plugin.workload import Workload

HASHES = energy_work("primes_found", one="hash", many="hashes", unit="hashes", symbol="hash")


def test_a_kind_of_its_own_may_set_energy_against_its_work() -> None:
    kind = replace(COMPUTE, name="hashing", energy=HASHES)
    assert kinds_of([kind]) == (kind,)
    described = workload_description(Workload(kind=kind))
    assert described.energy == HASHES
    assert [metric.name for metric in HASHES.metrics] == ["energy_per_hash_j", "hashes_per_s_per_w"]
    assert workload_description(Workload(kind=LLM)).energy == LLM.energy


@pytest.mark.parametrize(
    ("energy", "fault"),
    [
        ("tokens", "energy is str 'tokens': expected an EnergyWork"),
        (
            EnergyWork(counted_by="no", per_unit=HASHES.per_unit, per_watt=HASHES.per_watt),
            "counted by 'no', which is not one of its metrics",
        ),
        (
            energy_work("primes_found", one="p", many="ps", unit="p", symbol="p", size=0),
            "expected more than 0",
        ),
        (
            EnergyWork(
                counted_by="primes_found", per_unit=COMPUTE.metrics[0], per_watt=HASHES.per_watt
            ),
            "duplicate metric in kind hashing 'primes_per_sec'",
        ),
    ],
)
def test_a_declaration_that_cannot_hold_is_refused(energy: Any, fault: str) -> None:
    with pytest.raises(InvalidPlugin, match=fault):
        kinds_of([replace(COMPUTE, name="hashing", energy=energy)])
