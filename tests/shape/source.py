"""A Python file as the checks of this folder read it, and what they find in all of the tree."""

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

Places = Iterator[tuple[int, str]]


class Source(NamedTuple):
    """A file by its name in the tree; `nodes` are all those of its syntax."""

    name: str
    text: str
    nodes: Sequence[ast.AST]


Check = Callable[[Source], Places]


def parse(text: str, name: str = "example.py") -> Source:
    return Source(name, text, list(ast.walk(ast.parse(text))))


def faults(root: Path, files: Iterable[Path], checks: Sequence[Check]) -> dict[Check, list[str]]:
    """Return what each check finds; a file is parsed once for all of them, and not kept."""
    result: dict[Check, list[str]] = {check: [] for check in checks}
    for path in files:
        source = parse(path.read_text(), path.relative_to(root).as_posix())
        for check in checks:
            result[check] += [f"{source.name}:{line}: {text}" for line, text in check(source)]
    return result
