"""The central that was joined, among the other places that can name one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.agent.settings import AgentSettings, Flags, settle
from benchrace.config.agent import read_agent
from benchrace.config.joined import Joined, joined_path
from benchrace.errors import InvalidInput
from benchrace.redaction import redact
from benchrace.tls.trust import Trust

JOINED = Joined(central="http://lab:8080", token="the token of its own", machine_id="desk")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    joined_path(tmp_path).write_bytes(msgspec.json.encode(JOINED))
    return tmp_path


def settings(folder: Path, yaml: str = "", **flags: Any) -> AgentSettings:
    (folder / "agent.yaml").write_text(yaml or "{}")
    return settle(folder, read_agent(folder / "agent.yaml", {}), Flags(**flags))


def test_it_counts_where_nothing_else_names_a_central(folder: Path) -> None:
    agent = settings(folder)
    assert (agent.central, agent.token, agent.machine_id) == (
        JOINED.central,
        JOINED.token,
        JOINED.machine_id,
    )
    assert agent.central_source == "`benchrace agent join`"
    assert JOINED.token not in redact(f"the token is {JOINED.token}")


def test_agent_yaml_and_flags_win_and_no_other_central_gets_the_token(folder: Path) -> None:
    other = "http://other:8080"
    agent = settings(folder, f"central_base_url: {other}")
    assert (agent.central, agent.token, agent.central_source) == (other, None, "agent.yaml")
    assert agent.machine_id != JOINED.machine_id
    agent = settings(folder, "machine_id: shelf\nlabel: Shelf", central=other)
    assert (agent.central, agent.token, agent.central_source) == (other, None, "--central")
    assert (agent.machine_id, agent.label) == ("shelf", "Shelf")
    assert settings(folder, central=JOINED.central).token == JOINED.token
    assert settings(folder, token="a flag's token").token == "a flag's token"


def test_what_joining_trusted_counts_for_its_central_only(folder: Path) -> None:
    files = {"ca": "/ca.pem", "client_cert": "/one.pem", "client_key": "/one-key.pem"}
    joined = msgspec.structs.replace(JOINED, certificate="PEM", **files)
    joined_path(folder).write_bytes(msgspec.json.encode(joined))
    assert settings(folder).trust == Trust(
        ca=Path("/ca.pem"),
        certificate=Path("/one.pem"),
        key=Path("/one-key.pem"),
        only="PEM",
    )
    assert settings(folder, central=f"{JOINED.central}/").trust.only == "PEM"
    assert settings(folder, central="https://other:8080").trust == Trust()
    mine = settings(folder, "client_cert: /mine.pem\nclient_key: /mine-key.pem").trust
    assert (mine.certificate, mine.key) == (Path("/mine.pem"), Path("/mine-key.pem"))
    assert mine.only == "PEM"


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"central": 5}'])
def test_a_damaged_file_is_named(folder: Path, content: str) -> None:
    joined_path(folder).write_text(content)
    with pytest.raises(InvalidInput, match=r"joined\.json: is damaged"):
        settings(folder)
