"""Whom a client trusts: options over the environment over `agent.yaml`."""

from pathlib import Path

import msgspec
import pytest

from benchrace.agent.settings import Flags, settle
from benchrace.cli.central import central
from benchrace.config.agent import AgentConfig, AgentFile
from benchrace.errors import InvalidInput
from benchrace.tls.trust import Trust


def test_the_nearest_source_wins_and_a_key_stays_with_its_certificate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = AgentConfig(central_ca="/file/ca", client_cert="/file/cert", client_key="/file/key")
    file = AgentFile(config=config)
    assert settle(tmp_path, file).trust == Trust(
        ca=Path("/file/ca"), certificate=Path("/file/cert"), key=Path("/file/key")
    )
    monkeypatch.setenv("BENCHRACE_CA", "/env/ca")
    monkeypatch.setenv("BENCHRACE_CLIENT_CERT", "/env/both")
    assert settle(tmp_path, file).trust == Trust(
        ca=Path("/env/ca"), certificate=Path("/env/both"), key=None
    )
    flags = Flags(ca="/flag/ca")
    assert settle(tmp_path, file, flags).trust.ca == Path("/flag/ca")


def test_half_a_pair_of_options_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--tls-key: a certificate and its key") as caught:
        settle(tmp_path, AgentFile(config=AgentConfig()), Flags(tls_cert="a.pem"))
    assert "or neither" in caught.value.remedy


def test_the_central_of_a_command_stays_on_loopback(tmp_path: Path) -> None:
    from benchrace.central.settings import CentralSettings
    from benchrace.tls.server import server_tls

    tls = server_tls("a.pem", "b.pem", None)
    own = central._private(CentralSettings(data=tmp_path, host="0.0.0.0", tls=tls))
    assert (own.host, own.tls) == ("127.0.0.1", None)
    plain = CentralSettings(data=tmp_path, host="0.0.0.0")
    assert central._private(plain) == msgspec.structs.replace(plain, dials=False, temporary=True)
