"""The live view of a run: bars per lane in a terminal, one line per round elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import is_live
from benchrace.cli.race.plain import Plain
from benchrace.formatting import duration, remaining
from benchrace.run.metadata import RunMetadata
from benchrace.view.lane import FETCHING_UNIT, WAITING_UNIT, LaneState, LaneView
from benchrace.view.race import RaceView

# Drawing takes time from the machine that measures: often enough to look alive, and no more.
_FRAME_S = 0.15
_PER_SECOND = 4
_LINES = 3
_WIDE = 100
_STATE = len("cancelled")

_STYLES = {
    LaneState.RUNNING: "bold cyan",
    LaneState.WARMING: "yellow",
    LaneState.DONE: "green",
    LaneState.FAILED: "red",
    LaneState.CANCELLED: "red",
}
_WORDS = {LaneState.WARMING: "warm-up", LaneState.RESTING: "resting"}


class View(Protocol):
    """The view that a run's log is fed to."""

    def feed(self, lines: bytes) -> None:
        """Take the next bytes of the run's log."""
        ...

    def restart(self) -> None:
        """Discard everything: the log starts over."""
        ...


@contextmanager
def view(screen: Console, metadata: RunMetadata) -> Iterator[View]:
    """Yield the view that suits the output; bars stay on screen at the end."""
    if not is_live(screen):
        yield Plain(screen, metadata)
        return
    bars = Bars(metadata)
    with Live(
        console=screen,
        get_renderable=lambda: bars.draw(screen.width),
        refresh_per_second=_PER_SECOND,
        vertical_overflow="ellipsis",
    ) as live:
        bars.show_in(live)
        yield bars
        bars.end()


class Bars:
    """Lanes with bars; fed by one thread, and drawn by another between events."""

    def __init__(self, metadata: RunMetadata) -> None:
        self._metadata = metadata
        self._race = RaceView(metadata)
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._drawn_s = 0.0
        self._over = False

    def show_in(self, live: Live) -> None:
        """Draw in this terminal."""
        self._live = live

    def feed(self, lines: bytes) -> None:
        with self._lock:
            self._race.feed(lines)
        now_s = time.monotonic()
        if self._live is not None and now_s - self._drawn_s >= _FRAME_S:
            self._drawn_s = now_s
            self._live.refresh()

    def restart(self) -> None:
        with self._lock:
            self._race = RaceView(self._metadata)

    def end(self) -> None:
        """Hide what only matters during the run."""
        self._over = True

    def draw(self, width: int) -> RenderableType:
        """Draw all lanes as they are now."""
        with self._lock:
            lanes = self._race.lanes
        adaptive = self._metadata.spec.rounds == "auto"
        return draw(lanes, width, over=self._over, adaptive=adaptive)


def draw(
    lanes: tuple[LaneView, ...], width: int, *, over: bool = False, adaptive: bool = False
) -> RenderableType:
    """Draw all lanes for `width` characters, and below them the running lane's last output."""
    wide = width >= _WIDE
    bar = 30 if wide else 12
    counts = [str(lane.ended) if adaptive else f"{lane.ended}/{lane.planned}" for lane in lanes]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(12, width // 3))
    table.add_column(min_width=bar)
    table.add_column(no_wrap=True, min_width=max(map(len, counts), default=0))
    table.add_column(no_wrap=True, min_width=_STATE)
    table.add_column(no_wrap=True, overflow="ellipsis")
    for lane, count in zip(lanes, counts, strict=True):
        style = _STYLES.get(lane.state, "dim")
        table.add_row(
            Text(clean_line(lane.label), style=style),
            ProgressBar(total=1.0, completed=done(lane, adaptive), width=bar),
            Text(count, style=style),
            Text(_state(lane), style=style),
            Text(_times(lane, wide=wide, adaptive=adaptive), style="dim"),
        )
    output = next((lane.lines for lane in lanes if lane.state is LaneState.RUNNING), ())
    lines = () if over else output[-_LINES:]
    return Group(
        table,
        *(
            Text(f"  {clean_line(line)}", style="dim", no_wrap=True, overflow="ellipsis")
            for line in lines
        ),
    )


def done(lane: LaneView, adaptive: bool = False) -> float:
    """Return the share of a lane's counted rounds that is done; during a warm-up, the share of it.

    The rounds of an adaptive lane are unknown in advance: there, return the share of this round.
    """
    if lane.state is LaneState.WARMING or (adaptive and not lane.state.final):
        return lane.fraction or 0.0
    part = lane.fraction or 0.0 if lane.state is LaneState.RUNNING else 0.0
    return min(1.0, (lane.ended + part) / max(lane.planned, 1))


def _state(lane: LaneView) -> str:
    if lane.state is LaneState.RUNNING:
        return f"round {lane.ended + 1}"
    if lane.state is LaneState.RESTING and lane.unit == WAITING_UNIT:
        return f"wait {lane.done or 0:.0f} s"
    if lane.state in (LaneState.WAITING, LaneState.RESTING) and is_fetching(lane):
        return f"fetch {lane.fraction:.0%}" if lane.total else "fetching"
    return _WORDS.get(lane.state, lane.state.value)


def is_fetching(lane: LaneView) -> bool:
    """Check whether a file for the lane's engine is on its way."""
    return lane.unit == FETCHING_UNIT and lane.done != lane.total


def _times(lane: LaneView, *, wide: bool, adaptive: bool) -> str:
    """Return a lane's best round and remaining time; only one of them on narrow screens."""
    parts = []
    if lane.remaining_ns and not lane.state.final and not adaptive:
        parts.append(f"{remaining(lane.remaining_ns)} to go")
    if lane.best_ns is not None and (wide or not parts):
        parts.insert(0, f"best {duration(lane.best_ns)}")
    return ", ".join(parts)
