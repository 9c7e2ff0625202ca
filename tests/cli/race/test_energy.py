"""The energy of lanes below the table: only where it was measured, with what it covers."""

from collections.abc import Callable

import msgspec
import pytest

from benchrace.cli.race import energy, table
from benchrace.export.report import report
from benchrace.kinds import LLM, Better, Estimator
from benchrace.run.document import RunDocument
from benchrace.run.summary import EnergySource, MetricSummary
from tests.cli.race.test_table import printed

Race = Callable[..., RunDocument]


@pytest.fixture
def measured(race: Race) -> RunDocument:
    """Two lanes, of which the first one knows its energy."""
    run = race(labels=("quick", "other"))
    workload = msgspec.structs.replace(run.workloads["b"], energy=LLM.energy)
    blank = MetricSummary(
        title="", unit="J", better=Better.LOWER, estimator=Estimator.SAMPLE, n=0, value=None
    )
    numbers = {
        "energy_j": ("J", 1234.0),
        "energy_per_token_j": ("J/tok", 0.3125),
        "tokens_per_s_per_w": ("tok/s/W", 3.2),
    }
    figures = {
        name: msgspec.structs.replace(blank, title=name, unit=unit, n=3, value=value)
        for name, (unit, value) in numbers.items()
    }
    board = EnergySource(name="GPU 0", covers="GPU board", source="NVML counter", joules=3702.0)
    first = msgspec.structs.replace(
        run.lanes[0], summary=run.lanes[0].summary | figures, energy=(board,)
    )
    second = msgspec.structs.replace(
        run.lanes[1], summary=run.lanes[1].summary | {"energy_j": blank}
    )
    return msgspec.structs.replace(run, lanes=(first, second), workloads={"b": workload})


def test_a_lane_that_has_an_energy_gets_a_line(measured: RunDocument) -> None:
    expected = (
        "energy of quick: 1.23 kJ, 0.313 J/tok, 3.20 tok/s/W "
        "(covers GPU board (NVML counter), idle power included)"
    )
    assert list(energy.lines(measured)) == [expected]
    assert "energy of quick: 1.23 kJ" in printed(table.result_table(measured, 200), 200)


def test_no_lane_has_a_line_without_one(race: Race) -> None:
    assert list(energy.lines(race())) == []


def test_a_report_has_the_formulas_of_energy(measured: RunDocument) -> None:
    formulas = next(grid for grid in report(measured).grids if grid.title == "Formulas")
    assert {row[0] for row in formulas.rows} >= {"energy_j", "energy_per_token_j"}
