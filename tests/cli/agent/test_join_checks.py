"""What stands between a machine and a central, each in words and with a remedy."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from benchrace.cli.agent import join_checks
from benchrace.cli.agent.join_checks import Address, address, split_code
from benchrace.cli.connect.http import NO_TRUST
from benchrace.errors import BenchraceError, InvalidInput
from tests.cli.connect.test_http import Script, head_of, scripted

HEALTH = b'{"ok": true, "component": "central", "version": "1", "instance": "x", "timestamp_s": 1}'
AGENT = b'{"ok": true, "machine_id": "m", "label": "m", "busy": false, "version": "1"}'


def answering(status: str, body: bytes = b"", context: ssl.SSLContext | None = None) -> Script:
    """Return a script that answers one request, over TLS with a `context`."""

    def script(connection: socket.socket, _number: int) -> None:
        try:
            with (
                context.wrap_socket(connection, server_side=True) if context else connection as peer
            ):
                head_of(peer)
                length = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
                peer.sendall(length.encode() + body)
        except OSError:
            return

    return script


@contextmanager
def refused(*words: str) -> Iterator[None]:
    with pytest.raises(BenchraceError) as caught:
        yield
    for word in words:
        assert word in f"{caught.value.message} -> {caught.value.remedy}"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("http://lab:8080/", Address("http://lab:8080", "lab", 8080)),
        ("https://lab.example", Address("https://lab.example", "lab.example", 443)),
        ("http://[::1]:80", Address("http://[::1]:80", "::1", 80)),
    ],
)
def test_an_address_is_parsed(text: str, parsed: Address) -> None:
    assert address(text) == parsed


@pytest.mark.parametrize(
    "text", ["lab:8080", "ftp://lab", "http://", "http://u:p@lab", "http://lab:x", "http://lab?a=1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"invalid address .* \(e\.g\. http://"):
        address(text)


def test_a_pin_follows_the_code_and_needs_tls() -> None:
    plain, secure = address("http://lab:8080"), address("https://lab:8080")
    pin = "0f" * 32
    assert split_code("c0de", plain) == ("c0de", None)
    assert split_code(f" c0de.{pin}", secure) == ("c0de", pin)
    with pytest.raises(InvalidInput, match="http://lab:8080 is not encrypted") as caught:
        split_code(f"c0de.{pin}", plain)
    assert "https://" in caught.value.remedy
    for text in (f"c0de.{pin[1:]}", "c0de.", f".{pin}"):
        with pytest.raises(InvalidInput, match="is incomplete"):
            split_code(text, secure)


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with refused("the name lab cannot be resolved", "IP address", "benchrace central find"):
        join_checks.resolve(address("http://lab:8080"))


def test_a_port_where_nothing_listens_or_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with refused("refuses connections", "benchrace central status", "--host 0.0.0.0"):
        join_checks.connect(address(f"http://127.0.0.1:{port}"))

    def silent(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    with refused("did not answer within 10 s", "firewall"):
        join_checks.connect(address("http://192.0.2.1:8080"))


def test_a_central_is_told_from_other_servers() -> None:
    with scripted(answering("200 OK", HEALTH)) as url:
        assert join_checks.greet(address(url), NO_TRUST).version == "1"
    for script in (
        answering("200 OK", b"<html>hello</html>"),
        answering("200 OK", AGENT),
        answering("404 Not Found", b"no"),
        answering("301 Moved", b""),
    ):
        with scripted(script) as url, refused("is not a benchrace central", "central invite"):
            join_checks.greet(address(url), NO_TRUST)


def test_what_a_central_says_is_passed_on() -> None:
    failure = b'{"category": "validation", "message": "not this name", "remedy": "Another."}'
    script = answering("421 Misdirected", b'{"error": ' + failure + b"}")
    with scripted(script) as url, refused("not this name -> Another."):
        join_checks.greet(address(url), NO_TRUST)


def test_a_certificate_that_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with scripted(answering("200 OK", HEALTH, context)) as url:
        to = address(url.replace("http:", "https:"))
        with refused("the certificate of 127.0.0.1:", "is not trusted", "--ca FILE"):
            join_checks.greet(to, NO_TRUST)
        trusted = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(trusted)
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert join_checks.greet(to, NO_TRUST).component == "central"


def test_tls_where_there_is_none() -> None:
    def script(connection: socket.socket, _number: int) -> None:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with scripted(script) as url, refused("uses http, not https", "http://"):
        join_checks.greet(address(url.replace("http:", "https:")), NO_TRUST)


@pytest.mark.parametrize("status", ["200 OK", "426 Upgrade Required", "502 Bad Gateway"])
def test_a_proxy_that_blocks_websockets(status: str) -> None:
    with (
        scripted(answering(status)) as url,
        refused("no WebSocket can be opened", status[:3], "`Upgrade` and `Connection`"),
    ):
        join_checks.upgrade(address(url), NO_TRUST)
