"""A small HTTP client on the standard library: importing a full one takes longer than a request."""

import http.client
import select
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit

from benchrace.tls.trust import Trust

if TYPE_CHECKING:
    import ssl

NO_TRUST = Trust()

_CONNECT_S = 30.0
# A submitted run is checked on its machines before the answer comes.
_READ_S = 120.0
_CHUNK_BYTES = 1 << 16
_PATH_CHARS = "/:@!$&'()*+,;=~%"


class TransportError(Exception):
    """The server could not be reached, or the connection broke before the end of the answer.

    `remedy` is set where the cause is TLS.
    """

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class Response(NamedTuple):
    """A whole answer; `path` is what was requested of `origin`."""

    origin: str
    path: str
    status: int
    location: str
    content: bytes


class Stream(NamedTuple):
    """An answer whose body is still to be read; closed with the block that opened it."""

    head: Response
    chunks: Iterator[bytes]


class Http:
    """Requests to one server over connections that are kept open. Redirects are not followed.

    Raises ValueError for an address that is none. Proxies from the environment are not used.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        trust: Trust = NO_TRUST,
        limit_s: float | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("expected http://HOST:PORT or https://HOST:PORT")
        self._tls = parts.scheme == "https"
        self._trust = trust
        self._connect_s, self._read_s = limit_s or _CONNECT_S, limit_s or _READ_S
        self._context: ssl.SSLContext | None = None
        self._host, self._port = parts.hostname, parts.port
        self._host.encode("idna")
        self._base = parts.path.rstrip("/")
        port = "" if self._port is None else f":{self._port}"
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._origin = f"{parts.scheme}://{host}{port}"
        self._headers = dict(headers)
        if parts.username is not None:
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
        self._idle: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close all connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        params: Mapping[str, object] | None = None,
    ) -> Response:
        """Return the whole answer, whatever its status; raises TransportError."""
        headers = {} if content is None else {"Content-Type": "application/json"}
        target = f"{path}?{urlencode(params)}" if params else path
        with self._exchange(method, target, headers, content) as (connection, answer):
            head = self._head(path, answer)._replace(content=answer.read())
            if not answer.will_close:
                self._idle.append(connection)
            return head

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Stream]:
        """Open an answer to be read as it comes, on a connection of its own."""
        with self._exchange("GET", path, headers, None) as (connection, answer):
            try:
                yield Stream(self._head(path, answer), _chunks(answer))
            finally:
                answer.close()
                connection.close()

    def _head(self, path: str, answer: http.client.HTTPResponse) -> Response:
        location = answer.headers.get("Location", "")
        return Response(self._origin, self._base + path, answer.status, location, b"")

    @contextmanager
    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes | None
    ) -> Iterator[tuple[http.client.HTTPConnection, http.client.HTTPResponse]]:
        """Send a request and read the head of its answer; a connection that fails is closed."""
        name, question, query = path.partition("?")
        target = quote(self._base + name, safe=_PATH_CHARS) + question + query
        connection = self._idle_connection() or self._connection()
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(self._read_s)
            connection.request(method, target, content, {**self._headers, **headers})
            yield connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._failure(error) from error
        except BaseException:
            # Such as Ctrl-C: the rest of this answer must not be read as the next one.
            connection.close()
            raise

    def _idle_connection(self) -> http.client.HTTPConnection | None:
        """Take a connection that the server has not closed meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()
        return None

    def _connection(self) -> http.client.HTTPConnection:
        if not self._tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._connect_s)
        self._context = self._context or self._trust.context()
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._connect_s, context=self._context
        )

    def _failure(self, error: OSError | http.client.HTTPException) -> TransportError:
        """Describe a failure; where the cause is TLS, with what to do."""
        if self._tls:
            from benchrace.tls.failure import explain

            explained = explain(error, self._host, self._port or 443, self._trust)
            if explained is not None:
                return TransportError(*explained)
        return TransportError(str(error) or type(error).__name__)


def _chunks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := answer.read1(_CHUNK_BYTES):
        yield chunk
