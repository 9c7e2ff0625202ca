"""Where words go: a terminal with its width, or plain text wide enough for a table."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.text import Text

from benchrace.cli.text import clean_line

PLAIN_WIDTH = 110


def console(*, stderr: bool = False) -> Console:
    """Give the console of standard output or error; what is no terminal is never narrow."""
    made = Console(highlight=False, stderr=stderr)
    if made.is_terminal:
        return made
    columns = os.environ.get("COLUMNS", "")
    width = max(PLAIN_WIDTH, int(columns) if columns.isdigit() else 0)
    return Console(highlight=False, stderr=stderr, width=width)


def is_live(screen: Console) -> bool:
    """Tell whether lines can be drawn again in place."""
    return screen.is_terminal and not screen.is_dumb_terminal


class Phases(Protocol):
    """Says what is waited for."""

    def say(self, text: str) -> None:
        """Begin a phase; the same one again is not said twice."""
        ...

    def end(self) -> None:
        """Nothing is waited for any more, until the next `say`."""
        ...


@contextmanager
def phases(screen: Console) -> Iterator[Phases]:
    """Show each phase until the next: in place in a terminal, as a line anywhere else."""
    shown = _InPlace(screen) if is_live(screen) else _Lines(screen)
    try:
        yield shown
    finally:
        shown.end()


class _Lines:
    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._said = ""

    def say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._screen.print(Text(clean_line(text)), soft_wrap=True)

    def end(self) -> None:
        self._said = ""


class _InPlace:
    def __init__(self, screen: Console) -> None:
        self._status = screen.status("", spinner="dots")
        self._said = ""

    def say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._status.update(Text(clean_line(text), style="dim"))
            self._status.start()

    def end(self) -> None:
        self._said = ""
        self._status.stop()
