"""Installing a service: its files, what the supervisor is told, and what `start` then does."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from benchrace.cli.service.install import supervisor, systemd
from benchrace.cli.service.install.install import lay_out
from benchrace.cli.service.install.unit import AGENT, CENTRAL, Unit
from benchrace.cli.service.service import agent_service
from benchrace.config.joined import Joined, joined_path
from benchrace.store.journal import Journal
from tests.cli.conftest import Call
from tests.cli.service.install.test_account import owned

__all__ = ["owned"]

TOKEN = "a-token-of-the-tests"
SYSTEMCTL = """\
#!/bin/sh
[ "$2" = show-environment ] && exit "${{NO_SESSION:-0}}"
echo "$*" >> {calls}
[ "$2" = is-active ] && echo active
exit 0
"""
Calls = Callable[[], list[str]]


@pytest.fixture
def calls(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Stand in for systemd, which does not run where tests do; return what it was told."""
    programs = tmp_path / "bin"
    programs.mkdir()
    log = tmp_path / "calls"
    systemctl = programs / "systemctl"
    systemctl.write_text(SYSTEMCTL.format(calls=log))
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(supervisor, "_BOOTED", tmp_path)
    monkeypatch.setattr(supervisor, "this_machine", supervisor.Systemd)

    def read() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    return read


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    return tmp_path / "home" / "systemd" / "user" / "benchrace-agent.service"


INSTALL = ("agent", "service", "install", "--machine-id", "m1", "--central", "http://c:1")


def test_a_dry_run_prints_the_unit_and_changes_nothing(
    call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    done = call(*INSTALL, "--dry-run", "--token", TOKEN)
    assert "ExecStart=" in done.output
    assert TOKEN not in done.output
    assert (calls(), unit.exists(), data.exists()) == ([], False, False)


def test_an_installed_agent_is_started_once(
    call: Call, calls: Calls, data: Path, unit: Path, tmp_path: Path
) -> None:
    first = call(*INSTALL, "--token", TOKEN)
    assert "systemd user service benchrace-agent.service installed" in first.output
    assert TOKEN not in first.output + unit.read_text()
    token = tmp_path / "config" / "agent.token"
    assert token.read_text() == f"{TOKEN}\n"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    reload, enable, restart = calls()
    assert reload == "--user daemon-reload"
    assert enable == "--user enable benchrace-agent.service"
    assert restart == "--user restart benchrace-agent.service"
    for same in ((), ("--token", TOKEN)):
        assert "is up to date" in call(*INSTALL, *same).output
        assert not [line for line in calls() if "restart" in line]
    renewed = call(*INSTALL, "--token", f"{TOKEN}-2")
    assert "installed" in renewed.output
    assert calls()[-1] == "--user restart benchrace-agent.service"


def test_start_and_stop_go_through_the_service(
    call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    call(*INSTALL, "--no-start")
    calls()
    service = agent_service(data, "m1")
    service.lock.parent.mkdir(parents=True)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    refused = call("agent", "start", "--machine-id", "m1", "--port", "0", "--host", "127.0.0.1")
    assert refused.exit_code == 2
    assert "--host cannot change here" in refused.output
    refused = call("agent", "start", "--machine-id", "m1", "--port", "0", "--token", TOKEN)
    assert refused.exit_code == 2
    with Journal(service.lock):
        stopped = json.loads(call("agent", "stop", "--machine-id", "m1", "--json").output)
    assert stopped["component"] == "agent"
    assert calls() == ["--user stop benchrace-agent.service"]


def test_a_service_is_not_started_with_another_token(
    call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    call(*INSTALL, "--no-start", "--token", TOKEN)
    calls()
    service = agent_service(data, "m1")
    service.lock.parent.mkdir(parents=True)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    start = ("agent", "start", "--machine-id", "m1")
    with Journal(service.lock):
        refused = call(*start, "--token", f"{TOKEN}-2")
        assert refused.exit_code == 2
        assert "--token (or BENCHRACE_TOKEN) cannot change here" in refused.output
        assert "agent service install" in refused.output
        assert call(*start, "--token", TOKEN, "--json").exit_code == 0


def test_an_installed_agent_that_leaves_is_stopped_by_its_supervisor(
    call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    call(*INSTALL, "--no-start")
    calls()
    joined = Joined(central="http://127.0.0.1:9", token=TOKEN, machine_id="m1")
    joined_path(data.parent / "config").write_bytes(msgspec.json.encode(joined))
    left = call("agent", "leave", "--json")
    assert json.loads(left.stdout)["agent_stopped"] is False
    assert calls() == ["--user stop benchrace-agent.service"]


def test_status_and_uninstall(call: Call, calls: Calls, data: Path, unit: Path) -> None:
    assert call("agent", "service", "status").exit_code == 1
    call(*INSTALL)
    shown = json.loads(call("agent", "service", "status", "--json").output)
    assert (shown["state"], shown["data"]) == ("active", str(data))
    calls()
    removed = call("agent", "service", "uninstall")
    assert "were kept" in removed.output
    assert not unit.exists()
    assert calls() == ["--user disable --now benchrace-agent.service", "--user daemon-reload"]
    assert "is not installed" in call("agent", "service", "uninstall").output


def test_another_data_folder_is_refused(call: Call, calls: Calls, tmp_path: Path) -> None:
    call(*INSTALL)
    other = call(*INSTALL, "--data-dir", str(tmp_path / "other"))
    assert other.exit_code == 1
    assert "already serves" in other.output


def test_a_background_agent_is_stopped_first(call: Call, calls: Calls, data: Path) -> None:
    service = agent_service(data, "m1")
    service.lock.parent.mkdir(parents=True)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    with Journal(service.lock):
        refused = call(*INSTALL)
    assert "already runs in the background" in refused.output


def test_central_shows_its_tokens_at_installation(call: Call, calls: Calls, data: Path) -> None:
    done = call("central", "service", "install", "--host", "0.0.0.0", "--port", "1", "--json")
    shown = json.loads(done.output)
    assert set(shown) >= {"token", "operator_token", "changed"}
    assert (data / "central" / "token.sha256").exists()
    home = data.parent / "home" / "systemd" / "user" / "benchrace-central.service"
    assert shown["token"] not in home.read_text()


def test_without_a_login_session_no_unit_is_written(
    call: Call, calls: Calls, unit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_SESSION", "1")
    refused = call(*INSTALL)
    assert (refused.exit_code, "needs a login session" in refused.output) == (1, True)
    assert (calls(), unit.exists()) == ([], False)


def test_a_service_of_the_system_is_pointed_out(
    call: Call, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "SYSTEM_UNITS", tmp_path)
    (tmp_path / "benchrace-agent.service").write_text("X-DataDir=/srv/bench\nX-MachineId=m1\n")
    assert "run this with --system" in call("agent", "service", "status").output
    assert "add --data-dir /srv/bench" in call("agent", "status").output


def test_commands_without_a_machine_id_mean_the_installed_agent(
    call: Call, calls: Calls, data: Path, unit: Path
) -> None:
    call(*INSTALL, "--no-start")
    calls()
    other = agent_service(data, "right")
    other.lock.parent.mkdir(parents=True, exist_ok=True)
    with Journal(other.lock):
        shown = call("agent", "status")
        assert (shown.exit_code, "user service benchrace-agent.service" in shown.output) == (
            1,
            True,
        )
        assert "right runs on this data folder: add --machine-id right" in shown.output
        call("agent", "stop")
    assert calls() == ["--user stop benchrace-agent.service"]


def test_the_token_of_the_agent_stays_its_own(data: Path, tmp_path: Path, owned: list[int]) -> None:
    config = tmp_path / "config"
    joined = joined_path(config)
    config.mkdir(exist_ok=True)
    joined.write_text("{}")
    for component, handed_over in ((CENTRAL, False), (AGENT, True)):
        unit = Unit(
            component=component,
            arguments=(),
            data=data,
            config=config,
            log=tmp_path / "log",
            system=True,
            user="web",
        )
        lay_out(unit, None)
        assert (joined.stat().st_ino in owned) == handed_over


def test_without_systemd_it_says_so(
    call: Call, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_BOOTED", tmp_path / "none")
    refused = call(*INSTALL)
    assert refused.exit_code == 1
    assert "--dry-run" in refused.output
