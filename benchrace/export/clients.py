"""What the machines did that generated the load of one lane together."""

from collections.abc import Iterator

from benchrace.export.grid import Grid
from benchrace.formatting import DASH, count, duration, percent
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.metadata import machine_label
from benchrace.run.summary import ClientSummary


def client_grids(run: RunDocument) -> Iterator[Grid]:
    """Yield a table of all clients, none where each lane has one machine."""
    rows = tuple(_row(run, lane, client) for lane in run.lanes for client in lane.client_loads)
    if rows:
        header = ("Lane", "Machine", "Requests", "Busy", "Late by", "Saturated rounds")
        yield Grid(title="Clients", header=header, rows=rows)


def _row(run: RunDocument, lane: DocumentLane, client: ClientSummary) -> tuple[str, ...]:
    return (
        lane.label,
        machine_label(run, client.machine_id),
        count(client.requests) if client.rounds else DASH,
        DASH if client.busy is None else percent(client.busy),
        DASH if client.late_ns is None else duration(client.late_ns),
        str(client.saturated) if client.rounds else DASH,
    )
