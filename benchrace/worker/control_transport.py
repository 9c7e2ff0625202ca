"""The transport of control calls, with the same trusted certificates as streams."""

import ssl

import httpx

from benchrace.worker.stream.faults import untrusted
from benchrace.worker.stream.request import target


class ControlTransport(httpx.AsyncBaseTransport):
    """Raises `unreachable` for a certificate, as a stream does.

    The system's certificates are read for the first call over TLS: most engines need none.
    """

    def __init__(self) -> None:
        # Empty: what this one sends is not encrypted.
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._plain = httpx.AsyncHTTPTransport(verify=plain, trust_env=False)
        self._secure: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "%" in request.url.host:
            # The interface of an IPv6 address: the client takes its sign as it is alone.
            to = target(str(request.url))
            request.url = httpx.URL(to.url)
            request.headers["host"] = to.authority
        try:
            return await self._transport(request).handle_async_request(request)
        except httpx.ConnectError as error:
            raise untrusted(request.url.netloc.decode(), error) or error from error

    async def aclose(self) -> None:
        await self._plain.aclose()
        if self._secure is not None:
            await self._secure.aclose()

    def _transport(self, request: httpx.Request) -> httpx.AsyncHTTPTransport:
        if request.url.scheme != "https":
            return self._plain
        if self._secure is None:
            verify = ssl.create_default_context()
            self._secure = httpx.AsyncHTTPTransport(verify=verify, trust_env=False)
        return self._secure
