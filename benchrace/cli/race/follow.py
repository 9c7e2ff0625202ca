"""Submit a run and follow it, from its first event to its table and exit code."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, assert_never

import msgspec
from rich.console import Console
from rich.text import Text

from benchrace.cli.connect.client import Client, QueueStatus
from benchrace.cli.connect.machine_watch import MachineWatch
from benchrace.cli.connect.run_events import Lines, Ping, RunEvents, Snapshot
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.interrupt import Interrupted
from benchrace.cli.output.screen import Phases
from benchrace.cli.race import footnotes, live
from benchrace.cli.race.report import report
from benchrace.cli.runs.archive_folder import FolderArchive
from benchrace.config.paths import runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.garbage import collect_as_usual
from benchrace.run.document import RunDocument
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState

T = TypeVar("T")
_LOOK_S = 0.05
# How long a central may be away for a restart before waiting for a run's turn fails.
_AWAY_S = 10.0


class _Submitted(msgspec.Struct, frozen=True):
    run_id: str


class RunFollower:
    """A run of ours at a central: submitted, watched, and read at its end.

    Ctrl-C cancels the run and still waits for its end; a second one exits at once. A central that
    is `gone` is not waited for.
    """

    def __init__(
        self,
        client: Client,
        data: Path,
        screen: Console,
        shown: Phases,
        gone: Callable[[], bool],
    ) -> None:
        self._client = client
        self._data = data
        self._screen = screen
        self._shown = shown
        self._gone = gone
        self.interrupted: Interrupted | None = None

    def run(
        self, spec: RunSpec, submitted: Callable[[str], object] = lambda _: None
    ) -> RunDocument:
        """Start a run and watch it to its end; `submitted` gets its id as soon as it has one."""
        self._shown.say("checking the lanes")
        answer = self._client.post("/api/runs", spec)
        run_id = self._client.convert(answer, _Submitted).run_id
        submitted(run_id)
        return self.follow(run_id, spec)

    def follow(self, run_id: str, spec: RunSpec) -> RunDocument:
        """Watch a run that was submitted, to its end."""
        # All that this command needs is imported by now, and a run may take hours.
        collect_as_usual()
        try:
            return self._watch_run(run_id, spec)
        except BenchraceError as error:
            if error.category is not Category.UNREACHABLE:
                raise
            raise self._central_lost(run_id, error) from error

    def _watch_run(self, run_id: str, spec: RunSpec) -> RunDocument:
        # Ctrl-C cancels the run whenever it comes, also while its document is read.
        run = self._until_over(run_id, lambda: self._begun(run_id, spec))
        events = RunEvents(self._client, run_id, self._gone)
        with live.view(self._screen, run) as view:
            machines = MachineWatch(self._client, self._screen, run)
            self._until_over(run_id, lambda: _watch(events, view, machines))
        return self.document(run_id)

    def _begun(self, run_id: str, spec: RunSpec) -> RunDocument:
        """Wait until a run has begun, and print its heading."""
        self._wait_for_turn(run_id, spec)
        self._shown.end()
        run = self._client.document(run_id)
        self._say(footnotes.heading(run))
        return run

    def _central_lost(self, run_id: str, error: BenchraceError) -> BenchraceError:
        """Describe what happens to a run whose central no longer answers."""
        stored = (runs_dir(self._data) / run_id).is_dir()
        where = "" if stored else f" --central {self._client.url}"
        again = "benchrace command on this data folder" if stored else "central on its data folder"
        return BenchraceError(
            Category.UNREACHABLE,
            f"lost central before run {run_id} finished: {error.message}",
            f"Its data is safe; the next {again} finishes it. "
            f"View it with `benchrace runs show {run_id}{where}`.",
        )

    def document(self, run_id: str) -> RunDocument:
        """Read the run at its end, from the data folder where its central has just gone."""
        try:
            return self._client.document(run_id)
        except BenchraceError as error:
            if error.category is not Category.UNREACHABLE:
                raise
            return FolderArchive(self._data).document(run_id)

    def report(self, run: RunDocument, data_dir: str | None) -> None:
        """Print the table, and how to see the run again; `data_dir` is the option as given."""
        if (runs_dir(self._data) / run.run_id).is_dir():
            where = FolderArchive(self._data).where(run.run_id)
            report(self._screen, run, where, data_dir=data_dir)
        else:
            from benchrace.cli.runs.archive_central import CentralArchive

            where = CentralArchive(self._client).where(run.run_id)
            report(self._screen, run, where, central=self._client.url)

    def answer(self, run: RunDocument) -> Any:
        """Return the run as `GET /api/runs/{id}` answers it."""
        try:
            return self._client.get(f"/api/runs/{run.run_id}")
        except BenchraceError as error:
            if error.category is not Category.UNREACHABLE:
                raise
            return run

    def _until_over(self, run_id: str, work: Callable[[], T]) -> T:
        """Run `work`, and again after the cancellation that a first Ctrl-C requests."""
        try:
            return work()
        except Interrupted as interrupt:
            if self.interrupted:
                raise
            self.interrupted = interrupt
            self._say("cancelling; press Ctrl-C again to exit immediately", "yellow")
            reason = {"reason": "cancelled from the terminal"}
            self._client.post(f"/api/runs/{run_id}/cancel", reason)
            return work()

    def _wait_for_turn(self, run_id: str, spec: RunSpec) -> None:
        while (now := self._turn(run_id)).state is RunState.QUEUED:
            if now.queue_position is not None and now.queue_position > 1:
                self._shown.say(f"queued at position {now.queue_position}")
            elif now.queue_position is not None:
                self._shown.say("queued: next to run")
            else:
                self._shown.say(_preparing(spec))
            time.sleep(_LOOK_S)

    def _turn(self, run_id: str) -> QueueStatus:
        until = time.monotonic() + _AWAY_S
        while True:
            try:
                return self._client.queue(run_id)
            except BenchraceError as error:
                late = time.monotonic() >= until or self._gone()
                if error.category is not Category.UNREACHABLE or late:
                    raise
                time.sleep(_LOOK_S)

    def _say(self, text: str, style: str = "dim") -> None:
        self._screen.print(Text(clean_line(text), style=style), soft_wrap=True)


def _watch(events: RunEvents, view: live.View, machines: MachineWatch) -> None:
    for piece in events:
        match piece:
            case Snapshot():
                view.restart()
            case Lines():
                view.feed(piece.data)
            case Ping():
                pass
            case _:
                assert_never(piece)
        machines.look()


def _preparing(spec: RunSpec) -> str:
    params = [spec.params, *(lane.params for lane in spec.lanes)]
    automatic = spec.preset == "auto" or any("auto" in values.values() for values in params)
    return "calibrating: finding a size for the slowest lane" if automatic else "preparing"
