"""Markdown from plain values."""

import inspect
from collections.abc import Iterable, Sequence

NOTE = "<!-- Made by `make docs` from the code. Change the code, not this page. -->"


def page(title: str, *parts: str) -> str:
    """Assemble a page; parts are separated by one empty line, empty ones left out."""
    return "\n\n".join([f"# {title}", NOTE, *(part.strip("\n") for part in parts if part)]) + "\n"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Render a table; cells are Markdown already."""
    lines = [_row(titles), _row(["---"] * len(titles))]
    lines += [_row([cell(value) for value in row]) for row in rows]
    return "\n".join(lines)


def cell(text: str) -> str:
    """Make text fit into one cell."""
    return " ".join(text.split()).replace("|", "\\|")


def block(text: str, language: str = "") -> str:
    """Set text as it is."""
    return f"```{language}\n{text.rstrip()}\n```"


def docstring(thing: object) -> str:
    """Return the docstring of a class or function; empty where it has none."""
    own = vars(thing).get("__doc__") if isinstance(thing, type) else thing.__doc__
    return inspect.cleandoc(own) if isinstance(own, str) else ""


def first_line(text: str) -> str:
    """Return the first paragraph as one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
