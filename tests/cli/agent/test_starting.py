"""The agent of a machine that joins: in the background, or as a service of the supervisor."""

from pathlib import Path
from typing import Any

import pytest

from benchrace.cli.agent.starting import AsService, InBackground
from benchrace.cli.service.install import supervisor
from benchrace.cli.service.service import agent_service
from benchrace.errors import BenchraceError, InvalidInput
from benchrace.store.journal import Journal
from tests.cli.conftest import Call
from tests.cli.service.install.test_install import INSTALL, Calls, calls, unit

__all__ = ["calls", "unit"]


@pytest.fixture
def chosen(data: Path) -> dict[str, Any]:
    """Return the options of the agent as the command has them."""
    folders = {"data_dir": None, "config_dir": str(data.parent / "config")}
    return {"host": None, "port": 9002, "share_host": False, **folders}


def test_joining_replaces_the_options_of_an_installed_service(
    chosen: dict[str, Any], call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    call(*INSTALL, "--no-start")
    calls()
    service, as_service = agent_service(data, "m1"), AsService(chosen)
    as_service.check(service)
    with pytest.raises(BenchraceError, match="is installed as systemd user service") as caught:
        InBackground(chosen).check(service)
    assert "--service" in caught.value.remedy
    InBackground(chosen).check(agent_service(data, "m2"))
    service.record.parent.mkdir(parents=True, exist_ok=True)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    with Journal(service.lock):
        status = as_service.start(service)
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
        AsService(chosen).check(service)
    token.unlink()
    monkeypatch.setattr(supervisor, "_BOOTED", tmp_path / "none")
    with pytest.raises(BenchraceError, match="systemd"):
        AsService(chosen).check(service)
