"""Central with simulated machines, while agents, links and central fail: `pytest -m soak`."""

from pathlib import Path

import pytest

from benchmarks.soak import soak
from benchmarks.soak_parts.goals import table

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(900)]

MINUTES = 2.0


def test_nothing_is_lost_whatever_fails(tmp_path: Path) -> None:
    goals = soak(tmp_path, MINUTES * 60, machines=8, fault_every_s=10.0)
    assert [goal for goal in goals if goal.met is False] == [], table(goals)
    assert any(goal.met for goal in goals)
