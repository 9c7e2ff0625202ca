"""Central knows when its own computer measures, whether or not the agent there is linked."""

import pytest

from benchrace.central.fleet.here import measures_here
from benchrace.central.fleet.machine import Machine


def box(host_id: str = "here", *jobs: str) -> Machine:
    machine = Machine("box", "Box", host_id)
    machine.others |= set(jobs)
    return machine


@pytest.mark.parametrize(
    ("machine", "run_id", "measures"),
    [
        (box(), None, False),
        (box(), "run", True),
        (box("here", "another central's job"), None, True),
        (box("elsewhere", "job"), "run", False),
    ],
)
def test_what_measures_on_this_computer_counts_without_a_link(
    machine: Machine, run_id: str | None, measures: bool
) -> None:
    assert machine.session is None
    assert measures_here([machine], lambda _: run_id, "here") is measures
