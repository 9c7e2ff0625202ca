"""Set-up names what is missing and pins what it installs."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

NAME = re.compile(r"^[A-Za-z0-9._-]+")
# What stands above a package in the tree, and not in its name.
ABOVE = re.compile(r"^(plugins\.\w+|benchrace_core\.python|ui)\.(?=benchrace_)")


def missing(root: Path, *parts: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [root / ".ci/missing", *parts],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def normal(requirement: str) -> str:
    match = NAME.match(requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def test_a_missing_python_is_named_with_its_command(root: Path) -> None:
    message = missing(root, "python", PYTHON="/nowhere/python3")
    assert message.returncode == 1
    assert re.fullmatch(
        r"missing: Python 3\.11 .*install it with: (apt-get|brew) install .*\n", message.stderr
    )


def test_a_cargo_that_is_too_old_is_named(root: Path, tmp_path: Path) -> None:
    cargo = tmp_path / "cargo"
    cargo.write_text("#!/bin/sh\necho 'cargo 1.9.0 (abc 2016-05-26)'\n")
    cargo.chmod(0o755)
    message = missing(root, "rust", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert message.returncode == 1
    assert "found 1.9.0" in message.stderr
    assert message.stderr.count("\n") == 1


def test_what_is_there_is_not_named(root: Path) -> None:
    message = missing(root, "python", "rust")
    assert (message.returncode, message.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_alone_lists_the_targets(root: Path) -> None:
    shown = subprocess.run(["make"], cwd=root, capture_output=True, text=True, check=True).stdout
    listed = {line.split()[1] for line in shown.splitlines()}
    assert {"race", "test", "lint", "install", "clean"} <= listed


def test_everything_that_is_installed_is_pinned(root: Path) -> None:
    pinned = {normal(line) for line in (root / "constraints.txt").read_text().splitlines()}
    wanted = set()
    for path in [
        root / "pyproject.toml",
        *root.glob("*/pyproject.toml"),
        *root.glob("plugins/*/pyproject.toml"),
    ]:
        manifest = tomllib.loads(path.read_text())
        project = manifest["project"]
        groups = [
            project.get("dependencies", []),
            *project.get("optional-dependencies", {}).values(),
            *manifest.get("dependency-groups", {}).values(),
            manifest["build-system"]["requires"],
        ]
        wanted |= {normal(requirement) for group in groups for requirement in group}
    assert {name for name in wanted - pinned if not name.startswith("benchrace")} == set()


def test_the_types_of_every_module_are_checked(root: Path, python_files: list[Path]) -> None:
    mypy = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["mypy"]
    checked = tuple(f"{name}." for name in (*mypy["packages"], *mypy["modules"]))
    names = [".".join(path.relative_to(root).with_suffix("").parts) for path in python_files]
    modules = [ABOVE.sub("", name) for name in names if not name.startswith("docs.")]
    assert [name for name in modules if not f"{name}.".startswith(checked)] == []
