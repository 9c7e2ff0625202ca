"""The result in a few lines of Markdown, to be pasted where a report would be too long."""

from collections.abc import Iterator

from benchrace.export.card.content import date, value_text
from benchrace.export.hardware import hardware_line
from benchrace.export.markdown import begun, escaped
from benchrace.export.result import place_texts, places_of, value_title
from benchrace.export.title import title
from benchrace.formatting import interval, percent, plural
from benchrace.run.document import RunDocument
from benchrace.run.headline import doubts, outcome
from benchrace.run.result import Result
from benchrace.run.states import RunState

MAX_ROWS = 6


def render(run: RunDocument) -> bytes:
    """Render title, result, a line for each of the best lanes, and on what they ran."""
    paragraphs = [f"**{escaped(title(run))}**", *_result(run, run.result)]
    paragraphs.append(begun(f"{hardware_line(run)} · {date(run)} · benchrace {run.run_id}"))
    return ("\n\n".join(paragraphs) + "\n").encode()


def _result(run: RunDocument, result: Result | None) -> Iterator[str]:
    if run.state is not RunState.DONE:
        yield begun(f"The run is {run.state}.")
    if result is None:
        yield begun(run.failure.message if run.failure else run.winner_reason or "No result")
        return
    yield begun(f"{outcome(result)}. {result.detail}. {doubts(result)}")
    yield "\n".join(_table(run, result))


def _table(run: RunDocument, result: Result) -> Iterator[str]:
    lanes = {lane.lane_id: lane for lane in run.lanes}
    places = place_texts(places_of(result))
    yield _row("", "Lane", value_title(run, result), "95 % interval", "Share of the best", "Rounds")
    yield _row(*["---"] * 6)
    for own in result.lanes[:MAX_ROWS]:
        lane = lanes[own.lane_id]
        yield _row(
            places[own.lane_id] + (" (tied)" if own.lane_id in result.tied else ""),
            escaped(lane.label),
            escaped(value_text(result, own, lane)),
            escaped(interval(own.ci95, result.unit, own.value)),
            percent(own.share),
            str(lane.counted),
        )
    left_out = len(result.lanes) - MAX_ROWS
    if left_out > 0:
        yield _row("", f"and {plural(left_out, 'more lane', 'more lanes')}", "", "", "", "")


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
