"""The transport of control calls: it trusts whom streams trust, and says of whom it does not."""

import ssl

import httpx

from benchrace.worker.stream_faults import untrusted


class ControlTransport(httpx.AsyncHTTPTransport):
    """Raises `unreachable` for a certificate, as a stream does."""

    def __init__(self) -> None:
        super().__init__(verify=ssl.create_default_context(), trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except httpx.ConnectError as error:
            raise untrusted(request.url.netloc.decode(), error) or error from error
