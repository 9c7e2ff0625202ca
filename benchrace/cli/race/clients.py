"""The load of lanes below the table of results: as asked and as sent, and by which machines."""

from collections.abc import Iterator

from benchrace.cli.output.formatting import clean_line
from benchrace.formatting import count, percent, quantity
from benchrace.run.document import DocumentLane, RunDocument, ranked
from benchrace.run.metadata import machine_label
from benchrace.run.summary import ClientSummary


def lines(run: RunDocument) -> Iterator[str]:
    """Yield a line for each lane with a schedule, and one for each with several clients."""
    for lane in ranked(run):
        if (rate := _rate(lane)) is not None:
            yield clean_line(f"{lane.label}: {rate}")
        if lane.client_loads:
            parts = "; ".join(_client(run, client) for client in lane.client_loads)
            yield clean_line(f"{lane.label}: {parts}")


def _rate(lane: DocumentLane) -> str | None:
    wanted, sent = (lane.summary.get(name) for name in ("asked_per_s", "sent_per_s"))
    if wanted is None or sent is None or wanted.value is None:
        return None
    if sent.value is None:
        return f"asked {quantity(wanted.value, wanted.unit)}, sent unknown: {sent.reason}"
    share = percent(sent.value / wanted.value) if wanted.value else "-"
    return (
        f"asked {quantity(wanted.value, wanted.unit)}, sent {quantity(sent.value, sent.unit)} "
        f"({share})"
    )


def _client(run: RunDocument, client: ClientSummary) -> str:
    label = machine_label(run, client.machine_id)
    if not client.rounds:
        return f"{label} has no counted round"
    busy = "" if client.busy is None else f", busy for {percent(client.busy)} of a round at most"
    late = f", saturated in {client.saturated} of {client.rounds}" if client.saturated else ""
    return f"{label} sent {count(client.requests)} requests{busy}{late}"
