"""Whether the environment may be changed, and where its wheels are kept."""

import os
import site
import sys
from pathlib import Path

import pytest

from benchrace.cli.agent.update import environment
from benchrace.errors import BenchraceError


def test_what_the_system_manages_or_another_owns_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "EXTERNALLY-MANAGED"
    environment.check_changeable([tmp_path], marker)
    marker.touch()
    with pytest.raises(BenchraceError, match="is managed by the system"):
        environment.check_changeable([tmp_path], marker)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(BenchraceError, match="cannot be changed by this user"):
        environment.check_changeable([tmp_path])


def test_the_wheels_are_kept_where_only_those_who_may_install_can_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert environment.store() == Path(sys.prefix) / "benchrace-updates"
    monkeypatch.setattr(site, "getuserbase", lambda: "/home/me/.local")
    above = Path(environment.__file__).parents[4]
    monkeypatch.setattr(site, "getusersitepackages", lambda: str(above))
    assert environment.store() == Path("/home/me/.local/benchrace-updates")
