"""Tokens of a new data folder: generated once, and shown once."""

from pathlib import Path

from benchrace.central.settings import CentralSettings
from benchrace.cli.central.tokens import new_tokens
from benchrace.config.central import Watching
from benchrace.tls.server import ServerTls
from benchrace.web import log_tail


def test_tokens_are_made_once_and_forgotten_where_they_were_not_shown(tmp_path: Path) -> None:
    settings = CentralSettings(data=tmp_path, require_token=True, watch=Watching.TOKEN)
    folder = tmp_path / "central"
    stored = [folder / f"{name}.sha256" for name in ("token", "operator", "watch")]
    with new_tokens(settings) as unshown:
        assert set(unshown.new) == {"token", "operator_token", "watch_token"}
        assert all(path.exists() for path in stored)
    assert not any(path.exists() for path in stored)
    with new_tokens(settings) as tokens:
        lines = tokens.lines("http://x")
    log = tmp_path / "log"
    log.write_text("\n".join(lines))
    read = "\n".join(log_tail.tail(log, 10).lines)
    assert not any(token in read for token in tokens.new.values())
    assert [sum(token in line for line in lines) for token in tokens.new.values()] == [1, 1, 1]
    assert len(set(tokens.new.values())) == 3
    assert not any(token in path.read_text() for token in tokens.new.values() for path in stored)
    with new_tokens(settings) as again:
        assert again.new == {}
        assert "http://x" in again.lines("http://x")[0]


def test_a_given_token_is_not_made_and_none_is_asked_of_people_on_loopback(tmp_path: Path) -> None:
    with new_tokens(CentralSettings(data=tmp_path, token="a token that was given")) as tokens:
        assert tokens.new == {}
        assert len(tokens.lines("http://x")) == 1
    assert not (tmp_path / "central").exists()


def test_the_address_of_a_central_with_tls_is_https(tmp_path: Path) -> None:
    tls = ServerTls(certificate=tmp_path / "central.pem", key=tmp_path / "central-key.pem")
    with new_tokens(CentralSettings(data=tmp_path, port=8443, tls=tls)) as tokens:
        assert tokens.url == "https://127.0.0.1:8443"
