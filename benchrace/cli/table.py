"""The end of a run as a table: each lane's place, its numbers, and what to know about them."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from benchrace.cli.text import clean_line, percent, quantity

PLACES = {1: "1st", 2: "2nd", 3: "3rd"}


def final(document: dict[str, Any]) -> RenderableType:
    """Draw the table of a run, as `GET /api/runs/{id}` answers it, with its notes below."""
    lanes = _ranked(document)
    metrics = _headlines(lanes)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("lane")
    for name, metric in metrics.items():
        table.add_column(f"{metric['title']}", justify="right")
        if name == next(iter(metrics)):
            table.add_column("95 % interval", justify="right")
            table.add_column("CV", justify="right")
    table.add_column("rounds", justify="right")
    table.add_column("")
    for lane in lanes:
        table.add_row(*_row(lane, metrics, document))
    notes = [Text(note, style="yellow") for note in _notes(document, lanes)]
    return Group(table, *notes)


def show(console: Console, document: dict[str, Any]) -> None:
    """Print the table."""
    console.print(final(document))


def _row(lane: dict[str, Any], metrics: dict[str, Any], document: dict[str, Any]) -> list[Text]:
    place = _places(document).get(lane["lane_id"], {}).get("place")
    cells = [Text(PLACES.get(place, f"{place}th") if place else "-", style="bold")]
    cells.append(Text(clean_line(lane["label"])))
    for index, name in enumerate(metrics):
        found = lane["summary"].get(name)
        unit = metrics[name]["unit"]
        cells.append(Text(quantity(found["value"] if found else None, unit)))
        if index == 0:
            low, high = (found and found["ci95"]) or (None, None)
            both = low is not None and high is not None
            cells.append(Text(f"{quantity(low, unit)} .. {quantity(high, unit)}" if both else "-"))
            cells.append(Text(percent(found["cv"] if found else None)))
    cells.append(Text(str(lane["counted"])))
    verdict = lane["verdict"] or "-"
    cells.append(Text(verdict, style="green" if verdict == "VALID" else "yellow"))
    return cells


def _ranked(document: dict[str, Any]) -> list[dict[str, Any]]:
    places = _places(document)

    def key(lane: dict[str, Any]) -> tuple[bool, int]:
        place = places.get(lane["lane_id"], {}).get("place")
        return (place is None, place or 0)

    lanes: list[dict[str, Any]] = document["lanes"]
    return sorted(lanes, key=key)


def _places(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    standing = document.get("standing") or {"places": []}
    return {each["lane_id"]: each for each in standing["places"]}


def _headlines(lanes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The metrics worth a column: headline ones of any lane, in the order declared."""
    found: dict[str, dict[str, Any]] = {}
    for lane in lanes:
        found |= {name: each for name, each in lane["summary"].items() if each["headline"]}
    return found


def _notes(document: dict[str, Any], lanes: list[dict[str, Any]]) -> Iterator[str]:
    for lane in lanes:
        label = clean_line(lane["label"])
        for mark in lane["marks"]:
            yield f"{label}: {clean_line(mark['text'])} ({mark['code']})"
        if lane["discarded"]:
            yield f"{label}: {lane['discarded']} of its rounds did not count"
        for error in _errors(lane):
            yield f"{label}: {clean_line(error['message'])}. {clean_line(error['remedy'])}"
    for left in document.get("left_out", ()):
        why = "; ".join(
            [f"{each['path']}: {each['message']}" for each in left["fields"]]
            + [f"{each['message']} {each['remedy']}" for each in left["problems"]]
        )
        yield f"left out: {clean_line(left['label'])}: {clean_line(why)}"
    if document.get("staggered"):
        yield "staggered: the machines did not start close enough together"
    if document.get("failure"):
        failure = document["failure"]
        yield f"{clean_line(failure['message'])} {clean_line(failure['remedy'])}"
    if document.get("winner_reason"):
        yield f"no winner: {clean_line(document['winner_reason'])}"


def _errors(lane: dict[str, Any]) -> list[dict[str, Any]]:
    """The lane's own error, or the first one of its rounds."""
    if lane["error"]:
        return [lane["error"]]
    return [each["error"] for each in lane["rounds"] if each["error"]][:1]
