"""Progress of pulls: bars in a terminal, elsewhere a line per tenth."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from benchrace.cli.models.pull import Watcher
from benchrace.cli.models.pull_plan import Pull
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import is_live
from benchrace.formatting import file_size


@contextmanager
def bars(screen: Console) -> Iterator[Watcher]:
    """Yield the progress display for this screen."""
    if not is_live(screen):
        yield _Lines(screen)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=screen) as progress:
        yield _Bars(progress)


class _Bars:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[Pull, TaskID] = {}

    def progress(self, pull: Pull, done: float, total: float | None) -> None:
        task = self._tasks.get(pull)
        if task is None:
            task = self._tasks[pull] = self._progress.add_task(_escaped(_name(pull)), total=None)
        self._progress.update(task, completed=done, total=total)

    def over(self, pull: Pull, words: str, good: bool) -> None:
        if (task := self._tasks.pop(pull, None)) is not None:
            self._progress.remove_task(task)
        style = "" if good else "red"
        self._progress.console.print(Text(f"{_name(pull)}: {clean_line(words)}", style=style))


class _Lines:
    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._tenths: dict[Pull, int] = {}

    def progress(self, pull: Pull, done: float, total: float | None) -> None:
        tenth = int(done / total * 10) if total else 0
        if self._tenths.get(pull) == tenth:
            return
        self._tenths[pull] = tenth
        far = f"{file_size(done)} of {file_size(total)}" if total else "started"
        self._say(f"{_name(pull)}: {far}")

    def over(self, pull: Pull, words: str, good: bool) -> None:
        self._say(f"{_name(pull)}: {clean_line(words)}")

    def _say(self, text: str) -> None:
        self._screen.print(Text(text), soft_wrap=True)


def _name(pull: Pull) -> str:
    return clean_line(f"{pull.machine_id} {pull.model}")


def _escaped(text: str) -> str:
    """Escape markup, which descriptions of bars may contain."""
    return text.replace("[", r"\[")
