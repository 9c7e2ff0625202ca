"""The map of the code is right: paths exist, layers match, decisions are complete."""

import re
import tomllib
from pathlib import Path
from typing import Any

TOP = r"(?:benchrace|benchrace_core|plugins|tests|docs|ui|benchmarks)"
PATH = re.compile(rf"{TOP}/[\w./-]+|pyproject\.toml|Makefile|constraints\.txt|\.ci/\w+")
ROW = re.compile(
    r"^\| (?!---|to change)(?P<what>[^|]+)\|(?P<where>[^|]+)\|(?P<held>[^|]+)\|$", re.MULTILINE
)
ACCEPTED = re.compile(r"^## Status\n\nAccepted, \d{4}-\d\d-\d\d\.", re.MULTILINE)
HEADS = ["Status", "Context", "Decision", "Consequences"]


def test_every_path_that_a_page_names_exists(pages: dict[str, Any], root: Path) -> None:
    missing = {
        f"{name}: {span}"
        for name, page in pages.items()
        if not name.startswith("docs/reference/")
        for span in page.spans
        if PATH.fullmatch(span) and not (root / span).exists()
    }
    assert missing == set()


def test_the_table_of_what_to_change_names_files(pages: dict[str, Any], root: Path) -> None:
    section = pages["CONTRIBUTING.md"].text.partition("## Where to change what")[2]
    rows = [match.groups() for match in ROW.finditer(section)]
    assert len(rows) >= 15
    for what, *cells in rows:
        for cell in cells:
            paths = re.findall(r"`([^`]+)`", cell)
            assert paths, what
            assert [path for path in paths if not (root / path).is_file()] == [], what


def test_the_layers_are_those_that_import_linter_holds(pages: dict[str, Any], root: Path) -> None:
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    held = next(contract for contract in contracts["contracts"] if contract["id"] == "layers")[
        "layers"
    ]
    block = pages["ARCHITECTURE.md"].text.partition("## Layers")[2].split("```")[1]
    shown = [_parts(line.partition("   ")[0]) for line in block.strip().splitlines()]
    there = {path.stem for path in (root / "benchrace").iterdir()}
    wanted = [_parts(line) & there for line in held if _parts(line) & there != {"testing"}]
    assert shown == [layer for layer in wanted if layer]


def test_every_package_is_in_the_list_of_folders(pages: dict[str, Any], root: Path) -> None:
    packages = {path.parent.relative_to(root) for path in root.glob("benchrace/*/**/__init__.py")}
    folders = pages["ARCHITECTURE.md"].text.partition("## Folders")[2].partition("## ")[0]
    rows = re.findall(r"^\| (`benchrace/[^|]+) \|", folders, re.MULTILINE)
    listed = [Path(path) for row in rows for path in re.findall(r"`(benchrace/[\w/]+)/`", row)]
    assert sorted(listed) == sorted(packages)


def test_decisions_are_numbered_whole_and_listed(pages: dict[str, Any], root: Path) -> None:
    paths = sorted((root / "docs/decisions").glob("[0-9]*.md"))
    assert [int(path.name[:3]) for path in paths] == list(range(1, len(paths) + 1))
    contents = pages["docs/decisions/README.md"].text
    for path in paths:
        text = path.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADS, path.name
        assert ACCEPTED.search(text), path.name
        assert f"]({path.name})" in contents


def _parts(line: str) -> set[str]:
    return set(re.findall(r"\w+", line))
