"""Files over HTTP: redirects checked one by one, resumed by range while the file is the same."""

import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import quote, urljoin

import anyio
import httpcore

from benchrace.addresses import is_confined
from benchrace.assets.sources.source import Body, cut, missing
from benchrace.assets.sources.url_policy import Origin, UrlPolicy, ascii_url, parsed
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
_TIMEOUTS = {"connect": 15.0, "read": 60.0, "write": 15.0, "pool": 15.0}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_ASCII = "".join(map(chr, range(33, 127)))
_RETRIED = frozenset({408, 425, 429})
_TOKEN_REMEDY = (
    "Accept the file's terms there, and name the variable that holds your access token "
    "in `assets.token_env` of agent.yaml."
)


class HttpSource:
    """A file at a URL. `tokens` are sent to the hosts that they are for, and to no other.

    Without `policy`, the URL is the machine's own central: it is trusted, and never redirects.
    """

    def __init__(
        self,
        url: str,
        context: Callable[[], ssl.SSLContext],
        *,
        policy: UrlPolicy | None = None,
        tokens: Mapping[str, str] | None = None,
        label: str | None = None,
    ) -> None:
        self._url = ascii_url(url)
        self._context = context
        self._policy = policy
        self._tokens = tokens or {}
        # The query of a signed URL is a secret.
        self.label = label or url.partition("?")[0]
        self.identity = self._url

    @asynccontextmanager
    async def open(self, offset: int, validator: str | None) -> AsyncIterator[Body]:
        """Read from `offset` on, as `Source` says; raises InvalidInput for a refused address."""
        async with AsyncExitStack() as stack:
            answer = await self._answer(stack, offset, validator)
            if offset and not _continues(answer, offset, validator):
                await stack.aclose()
                answer = await self._answer(stack, 0, None)
            yield self._body(answer)

    async def _answer(
        self, stack: AsyncExitStack, offset: int, validator: str | None
    ) -> httpcore.Response:
        url = self._url
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self._request(stack, url, offset, validator)
            if answer.status not in _REDIRECTS:
                return answer
            location = _header(answer, "location")
            await stack.aclose()
            if self._policy is None or location is None:
                raise missing(self.label, "it redirects, and redirects are not followed")
            # Some servers send what is not ASCII as it is.
            url = ascii_url(urljoin(url, quote(location.encode("latin-1"), safe=_ASCII)))
        raise missing(self.label, f"more than {_MAX_REDIRECTS} redirects")

    async def _request(
        self, stack: AsyncExitStack, url: str, offset: int, validator: str | None
    ) -> httpcore.Response:
        parts = httpcore.URL(url)
        host = parts.host.decode()
        origin = None if self._policy is None else self._policy.check(url)
        headers: dict[bytes | str, bytes | str] = {
            "Host": _authority(parts).decode(),
            "Accept-Encoding": "identity",
            "User-Agent": "benchrace",
        }
        if token := self._tokens.get(host):
            headers["Authorization"] = f"Bearer {token}"
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if validator is not None:
                headers["If-Range"] = validator
        context = (
            await anyio.to_thread.run_sync(self._context) if parts.scheme == b"https" else None
        )
        try:
            pool = await stack.enter_async_context(
                httpcore.AsyncConnectionPool(
                    ssl_context=context, network_backend=_Network(self._policy, origin)
                )
            )
            # httpcore opens it with a scope that must be left in the task that entered it.
            return await stack.enter_async_context(
                pool.stream(
                    "GET",
                    parts,
                    headers=headers,
                    extensions={"timeout": _TIMEOUTS},
                )
            )
        except httpcore.LocalProtocolError as error:
            # It would be as invalid the next time.
            message = f"{self.label} cannot be requested: {error}"
            raise InvalidInput(FieldError("url", message), "Correct the URL.") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise self._unreachable(host, error) from error

    def _body(self, answer: httpcore.Response) -> Body:
        if answer.status not in (200, 206):
            raise self._refusal(answer.status)
        if (_header(answer, "content-encoding") or "identity") != "identity":
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{self.label}: the server sent it compressed, although that was not requested",
                "Use another source.",
            )
        start, total = 0, _length(answer)
        if match := _CONTENT_RANGE.fullmatch(_header(answer, "content-range") or ""):
            start, total = int(match[1]), None if match[2] == "*" else int(match[2])
        chunked = "chunked" in (_header(answer, "transfer-encoding") or "").lower()
        return Body(
            start=start,
            total=total,
            validator=_validator(answer),
            framed=chunked or total is not None,
            chunks=self._chunks(answer),
        )

    async def _chunks(self, answer: httpcore.Response) -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_stream():
                yield chunk
        except httpcore.ReadTimeout as error:
            limit_s = _TIMEOUTS["read"]
            raise BenchraceError(
                Category.TIMEOUT_IDLE, f"{self.label}: no data for {limit_s:g} s"
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise cut(self.label, error) from error

    def _refusal(self, status: int) -> BenchraceError:
        if status in (401, 403):
            return missing(self.label, f"the server refuses it ({status})", _TOKEN_REMEDY)
        if status in _RETRIED or status >= 500:
            return BenchraceError(
                Category.UNREACHABLE,
                f"{self.label}: the server answered {status}",
                "Try again later.",
            )
        return missing(self.label, f"the server answered {status}")

    def _unreachable(self, host: str, error: Exception) -> BenchraceError:
        slow = isinstance(error, httpcore.TimeoutException)
        category = Category.TIMEOUT_CONNECT if slow else Category.UNREACHABLE
        words = str(error) or type(error).__name__
        return BenchraceError(
            category, f"{host} cannot be reached: {words}", "Check this machine's network."
        )


class _Network(httpcore.AsyncNetworkBackend):
    """Connects to the address that was checked, so that no name is resolved a second time."""

    def __init__(self, policy: UrlPolicy | None, origin: Origin | None) -> None:
        self._policy = policy
        self._origin = origin
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; raises ConnectError.

        Raises InvalidInput for a host that may have none of its addresses.
        """
        try:
            entries = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"the name is unknown: {error}") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        if self._policy is not None and self._origin is not None:
            policy, origin = self._policy, self._origin
            allowed = [address for address in addresses if policy.allows(origin, address)]
            if not allowed:
                raise _forbidden(host, addresses)
            addresses = allowed
        failed: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks."""
        await self._backend.sleep(seconds)


def _forbidden(host: str, addresses: Sequence[str]) -> InvalidInput:
    resolved = [ip for address in addresses if (ip := parsed(address)) is not None]
    if all(is_confined(ip) for ip in resolved):
        message = f"{host}: its address is link-local, which is never allowed"
        return InvalidInput(FieldError("url", message), "Use another source.")
    return InvalidInput(
        FieldError("url", f"{host}: its address is not public"),
        "List the host in `assets.private_hosts` of agent.yaml.",
    )


def _continues(answer: httpcore.Response, offset: int, validator: str | None) -> bool:
    """Check whether an answer goes on where asked, or is the whole file, or a final refusal."""
    if answer.status == 416:
        return False
    if answer.status != 206:
        return True
    match = _CONTENT_RANGE.fullmatch(_header(answer, "content-range") or "")
    return (
        match is not None
        and int(match[1]) == offset
        and (validator is None or _validator(answer) in (None, validator))
    )


def _validator(answer: httpcore.Response) -> str | None:
    """Return what names this version of a file; a weak tag may stand for two that differ."""
    tag = _header(answer, "etag")
    return tag if tag is not None and tag.startswith('"') else _header(answer, "last-modified")


def _length(answer: httpcore.Response) -> int | None:
    text = _header(answer, "content-length") or ""
    return int(text) if text.isdecimal() else None


def _header(answer: httpcore.Response, name: str) -> str | None:
    wanted = name.encode()
    for key, value in answer.headers:
        if key.lower() == wanted:
            return value.decode("latin-1").strip()
    return None


def _authority(url: httpcore.URL) -> bytes:
    host = b"[" + url.host + b"]" if b":" in url.host else url.host
    return host if url.port is None else host + b":" + str(url.port).encode()
