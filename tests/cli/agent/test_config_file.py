"""The first agent.yaml."""

from pathlib import Path

import pytest

from tests.cli.conftest import Call

# What the plugins are takes a second to ask: one process does it for all.
pytestmark = [pytest.mark.usefixtures("described"), pytest.mark.xdist_group("described")]


@pytest.mark.slow
def test_a_first_configuration_is_good_and_never_overwritten(call: Call, tmp_path: Path) -> None:
    assert call("agent", "init", "--machine-id", "box").exit_code == 0
    path = tmp_path / "config" / "agent.yaml"
    first = path.read_text()
    assert "machine_id: box\n" in first
    assert path.stat().st_mode & 0o077 == 0
    again = call("agent", "init")
    assert again.exit_code == 2
    assert str(path) in again.stderr
    assert path.read_text() == first
    everything = "\n".join(
        line.removeprefix("# ")
        if ":" in line and line.startswith("# ") and not line[2].isupper()
        else ""
        if line.startswith("#")
        else line
        for line in first.splitlines()
    )
    path.write_text(everything.replace("http://central.local:8080", "http://c:1"))
    secret = path.with_name("callbacks.secret")
    secret.touch(mode=0o600)
    secret.write_text("a secret of more than 16 bytes")
    checked = call(
        "agent", "preflight", "--port", "0", "--token", "t", "--central", "http://127.0.0.1:1"
    )
    assert "unknown key" not in checked.output
    assert "no central answers" in checked.output
    assert checked.exit_code == 1
