"""Where output goes: a terminal with its width, or plain text as wide as its tables."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.text import Text

from benchrace.cli.output.formatting import clean_line

# Wider than any table: what a program reads loses no column and is never wrapped.
PIPE_WIDTH = 10_000


def console(*, stderr: bool = False) -> Console:
    """Return the console of standard output or error.

    A pipe or a file gets whole tables, unless COLUMNS asks for a width.
    """
    screen = Console(highlight=False, stderr=stderr)
    if screen.is_terminal:
        return screen
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdigit() and int(columns) else PIPE_WIDTH
    return Console(highlight=False, stderr=stderr, width=width)


def whole(screen: Console) -> Console:
    """Return where tables go that lose no column, unless a terminal is too narrow for them."""
    if screen.is_terminal:
        return screen
    return Console(highlight=False, file=screen.file, width=PIPE_WIDTH)


def is_live(screen: Console) -> bool:
    """Return whether lines can be redrawn in place."""
    return screen.is_terminal and not screen.is_dumb_terminal


class Phases(Protocol):
    """A display of the current phase."""

    def say(self, text: str) -> None:
        """Show a phase; a repeated one is shown once."""
        ...

    def end(self) -> None:
        """Clear the phase, until the next `say`."""
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
        self._current = ""

    def say(self, text: str) -> None:
        if text != self._current:
            self._current = text
            self._screen.print(Text(clean_line(text)), soft_wrap=True)

    def end(self) -> None:
        self._current = ""


class _InPlace:
    def __init__(self, screen: Console) -> None:
        # A terminal that is not UTF-8 has no dots to turn.
        spinner = "dots" if screen.encoding.lower().startswith("utf") else "line"
        self._status = screen.status("", spinner=spinner)
        self._current = ""

    def say(self, text: str) -> None:
        if text != self._current:
            self._current = text
            self._status.update(Text(clean_line(text), style="dim"))
            self._status.start()

    def end(self) -> None:
        self._current = ""
        self._status.stop()
