"""What a stored run says of ceilings."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchrace.central.ceilings.readings import SuspectReading, _suspect
from benchrace.events import Level
from benchrace.run.findings.ceiling import READ


@pytest.mark.parametrize(
    ("verdicts", "result"),
    [(("SUSPECT", "INVALID"), True), (("SUSPECT", "VALID"), False), (("INVALID",), False)],
)
def test_a_lane_without_a_valid_round_says_why(verdicts: tuple[str, ...], result: bool) -> None:
    rounds = [SimpleNamespace(verdict=Level[name], warmup=False) for name in verdicts]
    lane = SimpleNamespace(
        rounds=[SimpleNamespace(verdict=Level.VALID, warmup=True), *rounds],
        machine_id="box",
        marks=(SimpleNamespace(text="too small"),),
        summary={READ.metric: None},
    )
    expected = SuspectReading(machine_id="box", limit=READ, why="SUSPECT: too small")
    assert list(_suspect([READ], cast(Any, (lane,)))) == [expected] * result
