"""Instructions to install plugins name what exists."""

import shlex
from pathlib import Path

import pytest

from benchrace.config.plugin_sources import CLONE, how_to_install, plugins_in


@pytest.mark.parametrize("name", plugins_in(CLONE))
def test_a_plugin_of_the_repository_is_installed_from_the_clone(name: str) -> None:
    instructions = how_to_install(name.replace("-", "_"))
    assert how_to_install(f"benchrace-{name}") == instructions
    _, _, command = instructions.partition("Python: ")
    pip, install, *folders = shlex.split(command)
    assert (pip, install) == ("pip", "install")
    assert Path(folders[-1]) == CLONE / "plugins" / name
    assert all((Path(folder) / "pyproject.toml").is_file() for folder in folders)


def test_a_plugin_that_does_not_exist_is_not_to_be_installed() -> None:
    instructions = how_to_install("telepathy")
    assert "benchrace has no plugin for it yet" in instructions
    assert "pip install" not in instructions


def test_without_a_clone_the_repository_is_named(tmp_path: Path) -> None:
    assert how_to_install("any", tmp_path).endswith("run: pip install ./plugins/any")
