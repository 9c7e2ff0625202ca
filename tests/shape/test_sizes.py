"""Files and functions stay short enough to be read in one go."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shape.checks import FUNCTION_LINES

FILE_LINES = 400
SOURCES = {".py", ".pyi", ".rs", ".ts", ".js", ".svelte", ".css"}
RUST_FUNCTION = re.compile(r"^(?P<indent>\s*)(?:[a-z]+(?:\([^)]*\))?\s+|extern \"C\"\s+)*fn\s+\w+")

Function = tuple[str, int, int]


def rust_functions(text: str) -> Iterator[Function]:
    """Find functions by rustfmt's layout: the closing brace stands under the first letter."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if (match := RUST_FUNCTION.match(line)) is None or line.rstrip().endswith(("}", ";")):
            continue
        closing = match["indent"] + "}"
        length = next((n for n, later in enumerate(lines[start:], 1) if later == closing), 1)
        yield line.strip(), start + 1, length


def test_files_are_short(tree: list[Path], root: Path) -> None:
    sizes = {
        path.relative_to(root).as_posix(): len(path.read_text().splitlines())
        for path in tree
        if path.suffix in SOURCES and ".generated." not in path.name
    }
    assert sizes
    assert {name: lines for name, lines in sizes.items() if lines > FILE_LINES} == {}


def test_rust_functions_are_short(rust_files: list[Path], root: Path) -> None:
    long = [
        f"{path.relative_to(root)}:{line} {name}: {length} lines"
        for path in rust_files
        for name, line, length in rust_functions(path.read_text())
        if length > FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize(
    ("text", "name", "length"),
    [
        (
            "pub(crate) fn count(n: u64) -> u64 {\n    n\n}\n",
            "pub(crate) fn count(n: u64) -> u64 {",
            3,
        ),
        ("    unsafe fn a(\n        b: u8,\n    ) {\n        c();\n    }\n", "unsafe fn a(", 5),
    ],
)
def test_rust_functions_are_measured(text: str, name: str, length: int) -> None:
    assert list(rust_functions(text)) == [(name, 1, length)]
