"""Every command, option and make target that a page names exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from benchrace.cli.main import cli

CALLED = re.compile(r"(?:^|[\s(;&])(?:\.venv/bin/)?benchrace (?P<words>[^|>#`]*)")
MADE = re.compile(r"(?:^|\s)make (?P<target>[a-z][a-z0-9-]*)")
# Words that stand where a command could, in sentences and in file trees.
WORD = re.compile(r"[a-z][a-z-]*")


def complaints(line: str) -> Iterator[str]:
    """Yield what is wrong with each call of benchrace in a line of code."""
    for match in CALLED.finditer(line):
        try:
            words = shlex.split(match["words"].replace("\\", ""))
        except ValueError:
            words = match["words"].split()
        yield from _wrong(cli, words)


def _wrong(command: click.Command, words: list[str]) -> Iterator[str]:
    context = click.Context(command)
    while words and isinstance(command, click.Group) and WORD.fullmatch(words[0]):
        below = command.get_command(context, words[0])
        if below is None:
            yield f"{command.name} has no command {words[0]!r}"
            return
        command, words = below, words[1:]
    options = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    options |= {"--help", "-h"}
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in options:
            yield f"{command.name} has no option {word!r}"


def test_every_command_exists(pages: dict[str, Any]) -> None:
    wrong = {
        f"{name}: {complaint}"
        for name, page in pages.items()
        if not name.startswith(("docs/reference/cli", "ARCHITECTURE"))
        for line in page.code
        for complaint in complaints(line)
    }
    assert wrong == set()


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("benchrace runs list", 0),
        (".venv/bin/benchrace run --workload compute -p n=1e9 --lane threads=1", 0),
        ("benchrace runs lisst", 1),
        ("cd x && benchrace race --exitt", 1),
        ("benchrace agent start --machine-id a --port 0", 0),
        ("pip install benchrace-compute", 0),
    ],
)
def test_a_wrong_command_is_seen(line: str, count: int) -> None:
    assert len(list(complaints(line))) == count


def test_every_make_target_exists(pages: dict[str, Any], root: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (root / "Makefile").read_text(), re.MULTILINE))
    assert {"race", "test"} <= targets
    named = {
        match["target"]
        for page in pages.values()
        for line in page.code
        for match in MADE.finditer(line)
    }
    assert {"race", "test", "docs"} <= named
    assert named - targets == set()


def test_the_pip_line_installs_every_part_that_benchrace_needs(
    pages: dict[str, Any], root: Path
) -> None:
    (line,) = [line for line in pages["README.md"].code if line.startswith("pip install")]
    folders = [root / name for name in line.split()[2:]]
    assert [folder for folder in folders if not (folder / "pyproject.toml").is_file()] == []
    needed = re.findall(r'"(benchrace-[a-z]+)>=', (root / "pyproject.toml").read_text())
    names = [
        re.findall(r'^name = "(.+)"', (folder / "pyproject.toml").read_text(), re.MULTILINE)
        for folder in folders
    ]
    named = {name for result in names for name in result[:1]}
    assert set(needed) | {"benchrace"} <= named
    plugins = {f"benchrace-{name.parent.name}" for name in root.glob("plugins/*/pyproject.toml")}
    assert plugins <= named
