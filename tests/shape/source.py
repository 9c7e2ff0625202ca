"""A Python file as the checks of this folder read it, and what they find in all of the tree."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Places = Iterator[tuple[int, str]]


class Source(NamedTuple):
    """A file by its name in the tree; `nodes` are those of its syntax, by kind."""

    name: str
    text: str
    nodes: Mapping[type[ast.AST], Sequence[ast.AST]]

    def of(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """Yield the nodes of these kinds: most checks look at few of them."""
        for kind in kinds:
            yield from self.nodes.get(kind, ())


Check = Callable[[Source], Places]


def parse(text: str, name: str = "example.py") -> Source:
    nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    for node in ast.walk(ast.parse(text)):
        nodes[type(node)].append(node)
    return Source(name, text, nodes)


def faults(root: Path, files: Iterable[Path], checks: Sequence[Check]) -> dict[Check, list[str]]:
    """Return what each check finds; a file is parsed once for all of them, and not kept."""
    result: dict[Check, list[str]] = {check: [] for check in checks}
    for path in files:
        source = parse(path.read_text(), path.relative_to(root).as_posix())
        for check in checks:
            result[check] += [f"{source.name}:{line}: {text}" for line, text in check(source)]
    return result
