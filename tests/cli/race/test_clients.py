"""The load as asked and as sent, and the machines that made it: below the table and in reports."""

from collections.abc import Callable

import msgspec
import pytest

from benchrace.cli.race import clients, table
from benchrace.export.report import report
from benchrace.export.rows import COLUMNS, rows
from benchrace.kinds import Better, Estimator
from benchrace.run.document import RunDocument
from benchrace.run.lane import LaneClient
from benchrace.run.summary import ClientSummary, MetricSummary
from tests.cli.race.test_table import printed

Race = Callable[..., RunDocument]

LOADS = (
    ClientSummary(machine_id="one", rounds=3, requests=1200, busy=0.31, late_ns=400_000),
    ClientSummary(machine_id="two", rounds=3, requests=1180, saturated=2),
    ClientSummary(machine_id="three"),
)


def rate(value: float | None, reason: str | None = None) -> MetricSummary:
    return MetricSummary(
        title="",
        unit="req/s",
        better=Better.NONE,
        estimator=Estimator.RATIO,
        n=3,
        value=value,
        reason=reason,
    )


@pytest.fixture
def shared(race: Race) -> RunDocument:
    """Two lanes, the first of which has clients and a schedule."""
    run = race(labels=("quick", "other"))
    first = msgspec.structs.replace(
        run.lanes[0],
        machine_id="one",
        clients=(LaneClient(machine_id="two"), LaneClient(machine_id="three")),
        client_loads=LOADS,
        summary=run.lanes[0].summary | {"asked_per_s": rate(50.0), "sent_per_s": rate(40.0)},
    )
    machines = {**run.machines, "two": {"label": "Mac 2"}}
    return msgspec.structs.replace(run, lanes=(first, run.lanes[1]), machines=machines)


def test_the_rate_asked_stands_beside_the_one_that_was_sent(shared: RunDocument) -> None:
    lines = [
        "quick: asked 50 req/s, sent 40 req/s (80 %)",
        (
            "quick: one sent 1,200 requests, busy for 31 % of a round at most; "
            "Mac 2 sent 1,180 requests, saturated in 2 of 3; three has no counted round"
        ),
    ]
    assert list(clients.lines(shared)) == lines
    assert "sent 40 req/s" in printed(table.result_table(shared, 200), 200)


def test_an_unknown_rate_says_why_and_a_lane_without_a_schedule_has_no_line(
    shared: RunDocument, race: Race
) -> None:
    unknown = {"asked_per_s": rate(50.0), "sent_per_s": rate(None, "the clocks differ")}
    lane = msgspec.structs.replace(shared.lanes[0], summary=unknown, client_loads=())
    run = msgspec.structs.replace(shared, lanes=(lane,))
    assert list(clients.lines(run)) == ["quick: asked 50 req/s, sent unknown: the clocks differ"]
    assert list(clients.lines(race())) == []


def test_a_report_has_a_table_of_clients_and_rows_name_all_machines(shared: RunDocument) -> None:
    (grid,) = (grid for grid in report(shared).grids if grid.title == "Clients")
    assert grid.rows == (
        ("quick", "one", "1,200", "31 %", "400 µs", "0"),
        ("quick", "Mac 2", "1,180", "-", "-", "2"),
        ("quick", "three", "-", "-", "-", "-"),
    )
    columns = [list(COLUMNS).index(name) for name in ("machine_id", "clients")]
    quick = {tuple(row[at] for at in columns) for row in rows(shared) if row[3] == "quick"}
    assert quick == {("one", "two+three")}
