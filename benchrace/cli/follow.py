"""Follow a run that was asked for, from its first event to its table and exit code."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from benchrace.cli import live, notes, table
from benchrace.cli.archive import Folder
from benchrace.cli.client import Client, Queued
from benchrace.cli.interrupt import Interrupted
from benchrace.cli.run_events import RunEvents, Snapshot
from benchrace.cli.screen import Phases
from benchrace.cli.text import clean_line
from benchrace.config.places import runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.run.document import RunDocument
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState

_LOOK_S = 0.05
# So long a central may be away, to be started again, before a run's turn is not waited for.
_AWAY_S = 10.0


class Followed:
    """A run of ours at a central: submitted, watched, and read at its end.

    Ctrl-C cancels the run and still waits for its end; a second one leaves at once.
    """

    def __init__(self, client: Client, data: Path, screen: Console, shown: Phases) -> None:
        self._client = client
        self._data = data
        self._screen = screen
        self._shown = shown
        self.interrupted: Interrupted | None = None

    def run(
        self, spec: RunSpec, submitted: Callable[[str], object] = lambda _: None
    ) -> RunDocument:
        """Start a run and watch it to its end; `submitted` gets its id as soon as it has one."""
        self._shown.say("checking the lanes")
        run_id = self._client.post("/api/runs", spec)["run_id"]
        submitted(run_id)
        try:
            return self._watched(run_id, spec)
        except BenchraceError as error:
            if error.category is not Category.UNREACHABLE:
                raise
            raise self._left_alone(run_id, error) from error

    def _watched(self, run_id: str, spec: RunSpec) -> RunDocument:
        self._until_over(run_id, lambda: self._wait_for_turn(run_id, spec))
        self._shown.end()
        run = self._client.document(run_id)
        self._say(notes.heading(run))
        events = RunEvents(self._client, run_id)
        with live.view(self._screen, run) as view:
            self._until_over(run_id, lambda: _watch(events, view))
        return self.document(run_id)

    def _left_alone(self, run_id: str, error: BenchraceError) -> BenchraceError:
        """Say what becomes of a run whose central does not answer any more."""
        kept = (runs_dir(self._data) / run_id).is_dir()
        where = "" if kept else f" --central {self._client.url}"
        again = "benchrace command on this data folder" if kept else "central on its data folder"
        return BenchraceError(
            Category.UNREACHABLE,
            f"central is gone, and run {run_id} was not over: {error.message}",
            f"What it has is kept, and the next {again} takes it to its end. "
            f"See it again with `benchrace runs show {run_id}{where}`.",
        )

    def document(self, run_id: str) -> RunDocument:
        """Read the run at its end, from the data folder where its central has just gone."""
        try:
            return self._client.document(run_id)
        except BenchraceError as error:
            if error.category is not Category.UNREACHABLE:
                raise
            return Folder(self._data).document(run_id)

    def answer(self, run: RunDocument) -> Any:
        """Give the run as `GET /api/runs/{id}` answers it."""
        try:
            return self._client.get(f"/api/runs/{run.run_id}")
        except BenchraceError as error:
            if error.category is not Category.UNREACHABLE:
                raise
            return run

    def _until_over(self, run_id: str, work: Callable[[], None]) -> None:
        """Do `work`, and again after the cancel that a first Ctrl-C asks for."""
        try:
            work()
        except Interrupted as asked:
            if self.interrupted:
                raise
            self.interrupted = asked
            self._say("cancelling; Ctrl-C again leaves at once", "yellow")
            reason = {"reason": "cancelled from the terminal"}
            self._client.post(f"/api/runs/{run_id}/cancel", reason)
            work()

    def _wait_for_turn(self, run_id: str, spec: RunSpec) -> None:
        while (now := self._turn(run_id)).state is RunState.QUEUED:
            if now.queue_position is not None and now.queue_position > 1:
                self._shown.say(f"waiting for its turn: place {now.queue_position}")
            elif now.queue_position is not None:
                self._shown.say("waiting for its turn: it is next")
            else:
                self._shown.say(_preparing(spec))
            time.sleep(_LOOK_S)

    def _turn(self, run_id: str) -> Queued:
        until = time.monotonic() + _AWAY_S
        while True:
            try:
                return self._client.queue(run_id)
            except BenchraceError as error:
                if error.category is not Category.UNREACHABLE or time.monotonic() >= until:
                    raise
                time.sleep(_LOOK_S)

    def _say(self, text: str, style: str = "dim") -> None:
        self._screen.print(Text(clean_line(text), style=style), soft_wrap=True)


def _watch(events: RunEvents, view: live.View) -> None:
    for piece in events:
        if isinstance(piece, Snapshot):
            view.restart()
        else:
            view.feed(piece.data)


def _preparing(spec: RunSpec) -> str:
    given = [spec.params, *(lane.params for lane in spec.lanes)]
    automatic = spec.preset == "auto" or any("auto" in each.values() for each in given)
    return "calibrating: finding a size that suits the slowest lane" if automatic else "preparing"


def report(screen: Console, run: RunDocument, where: str) -> None:
    """Print the table, and how to see the run again."""
    screen.print(table.final(run, screen.width))
    style = "green" if run.state is RunState.DONE else "red"
    screen.print(Text(f"run {run.run_id}: {run.state.value}", style=style))
    screen.print(Text(f"  kept in     {clean_line(where)}"), soft_wrap=True)
    screen.print(Text(f"  see again   benchrace runs show {run.run_id}"), soft_wrap=True)


def exit_code(run: RunDocument) -> int:
    """Give 0 where every lane was measured, else 1."""
    measured = all(lane.counted for lane in run.lanes) and bool(run.lanes)
    return 0 if run.state is RunState.DONE and measured else 1
