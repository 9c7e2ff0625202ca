"""Names of TLS files in `central.yaml` and `agent.yaml`."""

from pathlib import Path

import pytest

from benchrace.config.agent import read_agent
from benchrace.config.central import read_central
from benchrace.errors import BenchraceError


def test_relative_names_are_beside_the_file(tmp_path: Path) -> None:
    path = tmp_path / "central.yaml"
    path.write_text("tls_cert: tls/a.pem\ntls_key: /etc/b.pem\n")
    config = read_central(path, {})
    assert config.tls_cert == str(tmp_path / "tls/a.pem")
    assert (config.tls_key, config.tls_client_ca) == ("/etc/b.pem", None)
    path = tmp_path / "agent.yaml"
    path.write_text("central_ca: ca.pem\nclient_cert: ~/mine.pem\n")
    agent = read_agent(path, {}).config
    assert agent.central_ca == str(tmp_path / "ca.pem")
    assert agent.client_cert == str(Path("~/mine.pem").expanduser())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tls_cert: a.pem\n", "tls_cert: it needs `tls_key` as well"),
        ("tls_client_ca: a.pem\n", "tls_client_ca: it needs `tls_cert` as well"),
        ("tls_cert: ''\ntls_key: b.pem\n", "tls_cert: expected the path of a PEM file"),
    ],
)
def test_half_a_pair_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "central.yaml"
    path.write_text(text)
    with pytest.raises(BenchraceError) as caught:
        read_central(path, {})
    assert caught.value.message == f"{path}:1: {message}"


def test_a_client_key_needs_its_certificate(tmp_path: Path) -> None:
    path = tmp_path / "agent.yaml"
    path.write_text("client_key: a.pem\n")
    with pytest.raises(BenchraceError, match="client_key: it needs `client_cert` as well"):
        read_agent(path, {})
