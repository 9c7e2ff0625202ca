"""The agent of a machine that joins: in the background, or as a service of the supervisor."""

import os
from pathlib import Path
from typing import Any

import pytest

from benchrace.cli.agent.starting import AsService, InBackground
from benchrace.cli.service.install import account, background, supervisor, systemd
from benchrace.cli.service.service import agent_service
from benchrace.config.joined import joined_path
from benchrace.errors import BenchraceError, InvalidInput
from benchrace.store.journal import Journal
from tests.cli.conftest import Call
from tests.cli.service.install.test_account import owned
from tests.cli.service.install.test_install import INSTALL, Calls, calls, unit

__all__ = ["calls", "owned", "unit"]


@pytest.fixture
def chosen(data: Path) -> dict[str, Any]:
    """Return the options of the agent as the command has them."""
    folders = {"data_dir": str(data), "config_dir": str(data.parent / "config")}
    return {"host": None, "port": 9002, "share_host": False, **folders}


def as_service(chosen: dict[str, Any], *, system: bool = False) -> AsService:
    return AsService(chosen, system=system, user=None)


def test_joining_replaces_the_options_of_an_installed_service(
    chosen: dict[str, Any], call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    call(*INSTALL, "--no-start")
    calls()
    service, starting = agent_service(data, "m1"), as_service(chosen)
    starting.check(service)
    with pytest.raises(BenchraceError, match="is installed as systemd user service") as caught:
        InBackground(chosen).check(service)
    assert "--service" in caught.value.remedy
    InBackground(chosen).check(agent_service(data, "m2"))
    service.record.parent.mkdir(parents=True, exist_ok=True)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    with Journal(service.lock):
        status = starting.start(service)
    assert status.info["service"] == "systemd user service benchrace-agent.service"
    assert "--user restart benchrace-agent.service" in calls()
    command = unit.read_text()
    assert ("http://c:1" in command, "9002" in command) == (False, True)


def test_what_would_fail_is_said_before_the_code_is_used(
    chosen: dict[str, Any],
    calls: Calls,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = agent_service(data, "m1")
    token = tmp_path / "config" / "agent.token"
    token.parent.mkdir()
    token.write_text("the token of an earlier service")
    with pytest.raises(InvalidInput, match="would be used in place of the new token"):
        as_service(chosen).check(service)
    token.unlink()
    monkeypatch.setattr(supervisor, "_BOOTED", tmp_path / "none")
    with pytest.raises(BenchraceError, match="systemd"):
        as_service(chosen).check(service)


def test_a_system_service_owns_what_it_reads(
    chosen: dict[str, Any],
    call: Call,
    calls: Calls,
    data: Path,
    tmp_path: Path,
    owned: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(systemd, "SYSTEM_UNITS", tmp_path / "units")
    monkeypatch.setattr(account, "unreadable", lambda executable: None)
    service, starting = agent_service(data, "m1"), as_service(chosen, system=True)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BenchraceError, match="installed by root"):
        starting.check(service)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    units = tmp_path / "units"
    units.mkdir()
    (units / "benchrace-agent.service").write_text("X-DataDir=/srv/bench\n")
    with pytest.raises(BenchraceError, match="already serves /srv/bench"):
        starting.check(service)
    (units / "benchrace-agent.service").unlink()
    starting.check(service)
    starting.lay_out(service)
    config = Path(chosen["config_dir"])
    assert config.stat().st_ino in owned
    joined = joined_path(config)
    joined.write_text("{}")
    # Nothing listens: this systemd is a stand-in.
    monkeypatch.setattr(background, "start", lambda service, own, chosen: own)
    own: Any = starting.start(service)
    assert own.words == "systemd system service benchrace-agent.service"
    assert joined.stat().st_ino in owned
    assert "enable benchrace-agent.service" in calls()
    assert "User=benchrace" in (tmp_path / "units" / "benchrace-agent.service").read_text()
    with pytest.raises(BenchraceError) as caught:
        as_service(chosen).check(service)
    assert "service uninstall --system" in caught.value.remedy
