"""Flags over environment over file over defaults."""

from pathlib import Path

import pytest

from benchrace.agent.settings import Flags, settle
from benchrace.config.agent import AgentFile, read_agent
from benchrace.config.document import BadDocument
from benchrace.errors import InvalidInput

TEXT = """machine_id: desk
label: Desk
bind_host: 10.1.1.1
bind_port: 9009
central_base_url: http://c:8080
central_token: t
share_host: true
compute: {fast: true}
hardware:
  memory_bytes: 1024
"""


def file(tmp_path: Path, text: str, **environ: str) -> AgentFile:
    path = tmp_path / "agent.yaml"
    path.write_text(text)
    return read_agent(path, environ)


def test_the_file_is_taken(tmp_path: Path) -> None:
    settled = settle(tmp_path, file(tmp_path, TEXT))
    assert (settled.machine_id, settled.label) == ("desk", "Desk")
    assert (settled.host, settled.port) == ("10.1.1.1", 9009)
    assert (settled.central, settled.token) == ("http://c:8080", "t")
    assert settled.share_host
    assert settled.tables == {"compute": {"fast": True}}
    assert settled.overrides.memory_bytes == 1024


def test_the_environment_and_then_flags_win(tmp_path: Path) -> None:
    read = file(tmp_path, TEXT, AGENT_PORT="9010")
    assert settle(tmp_path, read).port == 9010
    flags = Flags(port=0, host="127.0.0.1", machine_id="other", label="Other", token="u")
    settled = settle(tmp_path, read, flags)
    assert (settled.host, settled.port) == ("127.0.0.1", 0)
    assert (settled.machine_id, settled.label, settled.token) == ("other", "Other", "u")


def test_without_anything_it_stays_on_this_machine(tmp_path: Path) -> None:
    settled = settle(tmp_path, file(tmp_path, ""))
    assert (settled.host, settled.port, settled.central) == ("127.0.0.1", 9001, None)
    assert settled.machine_id
    assert settled.label == settled.machine_id


def test_bad_names_and_overrides_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="invalid machine ID"):
        settle(tmp_path, file(tmp_path, ""), Flags(machine_id="a b"))
    with pytest.raises(BadDocument, match=r"agent\.yaml:3: hardware\.ram: unknown key"):
        settle(tmp_path, file(tmp_path, "label: x\nhardware:\n  ram: 3\n"))
