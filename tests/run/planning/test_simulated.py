"""Simulated machines race each other, and never a real one."""

from collections.abc import Callable

import msgspec
import pytest

from benchrace.errors import InvalidInput
from benchrace.run.machine import MachineView
from benchrace.run.spec import LaneSpec, RunSpec
from tests.run.conftest import resolve


@pytest.fixture
def machines(view: Callable[..., MachineView]) -> list[MachineView]:
    """Two real machines, and two simulated ones."""
    invented = [msgspec.structs.replace(view(name), simulated=True) for name in ("s1", "s2")]
    return [view("real"), view("other"), *invented]


def spec(*machine_ids: str) -> RunSpec:
    return RunSpec(kind="compute", lanes=tuple(LaneSpec(machine_id=name) for name in machine_ids))


def test_a_run_that_mixes_them_is_refused_in_words(machines: list[MachineView]) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolve(spec("real", "s1", "s2"), machines)
    (field,) = caught.value.fields
    assert field.path == "lanes"
    assert field.message == (
        "simulated machines cannot race real ones: s1, s2 simulated, real real; "
        "choose only real or only simulated machines"
    )


def test_a_run_of_simulated_machines_says_so(machines: list[MachineView]) -> None:
    assert resolve(spec("s1", "s2"), machines).simulated
    assert not resolve(spec("real", "other"), machines).simulated


def test_who_names_no_machine_gets_real_ones_as_long_as_there_are_any(
    machines: list[MachineView],
) -> None:
    real = resolve(spec(), machines)
    assert [lane.machine_id for lane in real.lanes] == ["real", "other"]
    invented = resolve(spec(), machines[2:])
    assert ([lane.machine_id for lane in invented.lanes], invented.simulated) == (
        ["s1", "s2"],
        True,
    )
