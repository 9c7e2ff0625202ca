"""A run while it is on: lanes with bars in a terminal, one line a round anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchrace.cli.text import clean_line, duration
from benchrace.events import (
    JobCancelled,
    JobError,
    JobTimeout,
    LaneError,
    Log,
    RoundDone,
    Unknown,
    decode,
)
from benchrace.run.lane_view import LaneState, LaneView
from benchrace.run.metadata import RunMetadata
from benchrace.run.race_view import RaceView

_FRAME_S = 0.1
_BAR = 30

_STYLES = {
    LaneState.RUNNING: "bold cyan",
    LaneState.WARMING: "yellow",
    LaneState.DONE: "green",
    LaneState.FAILED: "red",
    LaneState.CANCELLED: "red",
}


class View(Protocol):
    """What following a run needs of a view."""

    def feed(self, lines: bytes) -> None:
        """Take the next bytes of the run's log."""
        ...

    def restart(self) -> None:
        """Forget all: the log begins anew."""
        ...


@contextmanager
def view(console: Console, metadata: RunMetadata) -> Iterator[View]:
    """Give the view that fits where the output goes."""
    if not console.is_terminal:
        yield Plain(console, metadata)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield Bars(live, metadata)


class Bars:
    """Lanes with bars, drawn at most ten times a second."""

    def __init__(self, live: Live, metadata: RunMetadata) -> None:
        self._live = live
        self._metadata = metadata
        self._race = RaceView(metadata)
        self._drawn_s = 0.0

    def feed(self, lines: bytes) -> None:
        self._race.feed(lines)
        now = time.monotonic()
        if now - self._drawn_s >= _FRAME_S or self._race.ended:
            self._drawn_s = now
            self._live.update(draw(self._race.lanes), refresh=True)

    def restart(self) -> None:
        self._race = RaceView(self._metadata)


def draw(lanes: tuple[LaneView, ...]) -> RenderableType:
    """Draw all lanes, and below them what the running one last said."""
    table = Table.grid(padding=(0, 2))
    for lane in lanes:
        style = _STYLES.get(lane.state, "dim")
        bar = ProgressBar(total=1.0, completed=lane.fraction or 0.0, width=_BAR)
        rounds = f"{lane.counted}/{lane.planned}"
        table.add_row(
            Text(clean_line(lane.label), style=style, overflow="ellipsis", no_wrap=True),
            bar,
            Text(lane.state.value, style=style),
            Text(rounds, justify="right"),
            Text(_times(lane), style="dim"),
        )
    said = next((each.lines for each in lanes if each.state is LaneState.RUNNING), ())
    return Group(table, *(Text(clean_line(line), style="dim", no_wrap=True) for line in said[-3:]))


def _times(lane: LaneView) -> str:
    if lane.best_ns is None:
        return ""
    parts = [f"best {duration(lane.best_ns / 1e9)}"]
    if lane.remaining_ns and not lane.state.final:
        parts.append(f"{duration(lane.remaining_ns / 1e9)} to go")
    return ", ".join(parts)


class Plain:
    """One line for each finished round and each failure; no escape codes, nothing overwritten."""

    def __init__(self, console: Console, metadata: RunMetadata) -> None:
        self._console = console
        self._labels = {each.lane_id: clean_line(each.label) for each in metadata.lanes}
        self._counted = dict.fromkeys(self._labels, 0)
        self._planned = metadata.rounds
        self._skip = 0
        self._printed = 0

    def feed(self, lines: bytes) -> None:
        for line in lines.splitlines():
            if self._skip:
                self._skip -= 1
                continue
            self._printed += 1
            text = self._words(line)
            if text:
                self._console.print(Text(text), soft_wrap=True)

    def restart(self) -> None:
        # A log only ever loses its end: what was printed from its beginning is still true.
        self._skip, self._printed = self._printed, 0

    def _words(self, line: bytes) -> str | None:
        event = decode(line)
        if isinstance(event, Unknown):
            return None
        label = self._labels.get(event.lane_id or "", event.machine_id or "")
        match event:
            case RoundDone(payload=done):
                took = duration(done.elapsed_ns / 1e9)
                if done.error:
                    return f"{label}: failed: {clean_line(done.error.message)}"
                if done.warmup:
                    return f"{label}: warm-up, {took}"
                self._counted[event.lane_id or ""] += 1
                count = f"{self._counted[event.lane_id or '']}/{self._planned}"
                return f"{label}: round {count}, {took}, {done.verdict.level.value}"
            case LaneError(payload=said):
                return f"{label}: {clean_line(said.error.message)}. {clean_line(said.error.remedy)}"
            case JobError(payload=said) | JobTimeout(payload=said):
                return f"{label}: {clean_line(said.message)}. {clean_line(said.remedy)}"
            case JobCancelled(payload=said):
                return f"{label}: cancelled: {clean_line(said.reason)}"
            case Log(payload=said) if said.level in ("warning", "error"):
                return f"{label}: {clean_line(said.message)}"
            case _:
                return None
