"""A Python file as the checks of this folder read it, and what they find in all of the tree."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, Protocol

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


class Check(Protocol):
    """A function that finds places of one fault in a file."""

    __name__: str
    __code__: CodeType

    def __call__(self, source: Source, /) -> Places: ...


def parse(text: str, name: str = "example.py") -> Source:
    nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    for node in ast.walk(ast.parse(text)):
        nodes[type(node)].append(node)
    return Source(name, text, nodes)


def faults(
    root: Path, files: Iterable[Path], checks: Sequence[Check], passed: set[str]
) -> dict[Check, list[str]]:
    """Return what each check finds; a file is parsed once for all of them, and not kept.

    `passed` has the digests of files in which the same checks found nothing, which need no second
    look; after the call, those of `files`.
    """
    current: set[str] = set()
    result: dict[Check, list[str]] = {check: [] for check in checks}
    kind = sha256(repr((sys.version, [check.__name__ for check in checks])).encode())
    for code in sorted({check.__code__.co_filename for check in checks} | {__file__}):
        kind.update(Path(code).read_bytes())
    for path in files:
        name, content = path.relative_to(root).as_posix(), path.read_bytes()
        digest = sha256(kind.digest() + f"{name}\0".encode() + content).hexdigest()
        current.add(digest)
        if digest in passed:
            continue
        source = parse(content.decode(), name)
        places = {check: list(check(source)) for check in checks}
        for check, lines in places.items():
            result[check] += [f"{name}:{line}: {text}" for line, text in lines]
        if not any(places.values()):
            passed.add(digest)
    passed &= current
    return result
