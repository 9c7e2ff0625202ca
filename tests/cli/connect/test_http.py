"""The commands' HTTP client against a scripted server."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from benchrace.cli.connect.http import Http, TransportError

Script = Callable[[socket.socket, int], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """Serve each connection by `script`, which gets the socket and the connection's number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for number in range(100):
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    script(connection, number)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def head_of(connection: socket.socket) -> bytes:
    """Read a request without a body."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            break
        data += piece
    return data


def test_a_connection_is_used_again_until_the_server_closes_it() -> None:
    numbers: list[int] = []
    closed = threading.Event()

    def script(connection: socket.socket, number: int) -> None:
        for _ in range(2 if number == 0 else 1):
            head_of(connection)
            numbers.append(number)
            connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    with scripted(script) as url:
        http = Http(url, {})
        assert http.request("GET", "/").status == 200
        assert http.request("GET", "/").status == 200
        closed.wait()
        # Nothing was sent on the closed one, so even a POST may go over a new one.
        assert http.request("POST", "/").content == b"{}"
        http.close()
    assert numbers == [0, 0, 1]


def test_a_user_in_the_address_and_odd_characters_are_encoded() -> None:
    heads: list[bytes] = []

    def script(connection: socket.socket, _: int) -> None:
        heads.append(head_of(connection))
        connection.sendall(OK)

    with scripted(script) as url:
        http = Http(url.replace("://", "://u%40x:p@") + "/base/", {"Authorization": "Bearer t"})
        http.request("GET", "/a b\r\nX: y", params={"q": "c d&e"})
        http.close()
    lines = heads[0].decode().split("\r\n")
    assert lines[0] == "GET /base/a%20b%0D%0AX:%20y?q=c+d%26e HTTP/1.1"
    assert [line for line in lines if line.startswith("Authorization")] == [
        "Authorization: Basic dUB4OnA="
    ]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    ],
)
def test_an_answer_that_breaks_off_is_a_transport_error(answer: bytes) -> None:
    def script(connection: socket.socket, _: int) -> None:
        head_of(connection)
        connection.sendall(answer)

    with scripted(script) as url:
        http = Http(url, {})
        with pytest.raises(TransportError):
            http.request("GET", "/")
        http.close()


def test_a_stream_gives_what_came_before_it_broke() -> None:
    def script(connection: socket.socket, _: int) -> None:
        head_of(connection)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\n"
        )

    chunks: list[bytes] = []
    with scripted(script) as url:
        http = Http(url, {})
        with pytest.raises(TransportError), http.stream("/", {}) as answer:
            chunks.extend(answer.chunks)
    assert b"".join(chunks) == b"abc"


def test_an_interrupted_request_leaves_no_answer_to_the_next() -> None:
    def script(connection: socket.socket, _: int) -> None:
        head_of(connection)
        connection.sendall(OK)

    with scripted(script) as url:
        http = Http(url, {})
        with pytest.raises(KeyboardInterrupt), http.stream("/", {}):
            raise KeyboardInterrupt
        assert http.request("GET", "/").content == b"{}"
        http.close()


@pytest.mark.parametrize("url", ["nonsense", "ftp://a", "http://", "http://[x", "http://a:99999"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each part of an address has words of its own
        Http(url, {})
