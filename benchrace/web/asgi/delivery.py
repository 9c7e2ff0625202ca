"""Compression and conditional requests for all answers of an application.

Text of `MIN_BYTES` or more is sent with gzip to clients that accept it. Every answer to GET has a
strong entity tag, and a client that has the content already gets 304. Failures, event streams and
encoded content pass unchanged, and so does `Cache-Control: no-store`: an answer that holds a secret
is marked so, and then no compressed length depends on a secret.
"""

import zlib
from collections.abc import Callable
from typing import Protocol

from anyio import CapacityLimiter, to_thread

from benchrace.web.asgi.codings import GZIP, MIN_BYTES, choose, is_compressible
from benchrace.web.asgi.entity_tags import has, tag_of, with_coding
from benchrace.web.asgi.types import App, Message, Receive, Scope, Send

# Level 6 takes twice the time and saves a tenth of the bytes.
LEVEL = 4
# Compressing less than this takes no longer than waking a thread.
INLINE_BYTES = 1 << 15
# Readers must not take the processors from a measurement on this machine.
MAX_AT_ONCE = 2
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# Answers of the API can change at any time, and each visitor may see others.
_CACHE = "private, no-cache"
_PARTIAL = 206
_READS = frozenset({"GET", "HEAD"})
_OF_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})


class Delivery:
    """An ASGI application around another one."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._limiter = CapacityLimiter(MAX_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            send = _Answer(scope, send, self._limiter).send
        await self._app(scope, receive, send)


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Headers:
    """The headers of an answer, by lower-case name."""

    def __init__(self, start: Message) -> None:
        self.pairs = [(bytes(key).lower(), bytes(value)) for key, value in start["headers"]]

    def get(self, name: bytes) -> str:
        """Return the last value of a header, "" without one."""
        return next((v.decode("latin-1") for key, v in reversed(self.pairs) if key == name), "")

    def put(self, name: bytes, value: str) -> None:
        self.drop(frozenset({name}))
        self.pairs.append((name, value.encode("latin-1")))

    def drop(self, names: frozenset[bytes]) -> None:
        self.pairs = [pair for pair in self.pairs if pair[0] not in names]

    def vary(self) -> None:
        """Declare that the answer depends on the codings that are accepted."""
        present = self.get(b"vary")
        if "accept-encoding" not in present.lower():
            self.put(b"vary", f"{present}, Accept-Encoding" if present else "Accept-Encoding")

    def encode(self) -> None:
        """Declare the body compressed; its length is not known yet."""
        self.put(b"content-encoding", GZIP)
        self.drop(frozenset({b"content-length"}))
        if tag := self.get(b"etag"):
            self.put(b"etag", with_coding(tag, GZIP))


class _Answer:
    """One answer: passed on, collected and sent whole, or compressed piece by piece."""

    def __init__(self, scope: Scope, send: Send, limiter: CapacityLimiter) -> None:
        self._scope = scope
        self._send = send
        self._limiter = limiter
        self._reads = scope["method"] in _READS
        self._start: Message = {}
        self._gathered: list[bytes] | None = None
        self._compressor: _Compressor | None = None
        self._over = False

    async def send(self, message: Message) -> None:
        match message["type"]:
            case "http.response.start":
                await self._begin(message)
            case "http.response.body" if self._over:
                pass
            case "http.response.body" if self._gathered is not None:
                self._gathered.append(message.get("body", b""))
                if not message.get("more_body", False):
                    await self._send_whole(_Headers(self._start), b"".join(self._gathered))
            case "http.response.body" if self._compressor is not None:
                await self._send_piece(self._compressor, message)
            case _:
                await self._send(message)

    async def _begin(self, start: Message) -> None:
        self._start = start
        headers = _Headers(start)
        whole = 200 <= start["status"] < 300 and start["status"] != _PARTIAL
        if not whole or "no-store" in headers.get(b"cache-control"):
            await self._send(start)
            return
        if is_compressible(headers.get(b"content-type")) and not headers.get(b"content-encoding"):
            if headers.get(b"content-length"):
                # All of it is in memory already.
                self._gathered = []
                return
            headers.vary()
            if choose(self._scope, (GZIP,)) is not None:
                self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
                headers.encode()
        await self._send_head(headers)

    async def _send_head(self, headers: _Headers) -> None:
        """Send the head, or 304 and nothing else to a client that has the content."""
        tag = headers.get(b"etag")
        if self._reads and self._start["status"] == 200 and tag and has(self._scope, tag):
            self._over = True
            headers.drop(_OF_THE_BODY)
            await self._send({**self._start, "status": 304, "headers": headers.pairs})
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._send({**self._start, "headers": headers.pairs})

    async def _send_whole(self, headers: _Headers, body: bytes) -> None:
        if self._reads and self._start["status"] == 200:
            if not headers.get(b"cache-control"):
                headers.put(b"cache-control", _CACHE)
            if not headers.get(b"etag"):
                headers.put(b"etag", tag_of(body))
        if len(body) >= MIN_BYTES:
            headers.vary()
            if choose(self._scope, (GZIP,)) is not None:
                headers.encode()
                if not has(self._scope, headers.get(b"etag")):
                    body = await self._worked(_compress, body)
        headers.put(b"content-length", str(len(body)))
        await self._send_head(headers)
        if not self._over:
            await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send_piece(self, compressor: _Compressor, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._scope["method"] == "HEAD":
            body = b""
        else:
            body = await self._worked(compressor.compress, body)
            body += b"" if more else compressor.flush()
        if body or not more:
            await self._send({**message, "body": body})

    async def _worked(self, work: Callable[[bytes], bytes], data: bytes) -> bytes:
        if len(data) < INLINE_BYTES:
            return work(data)
        return await to_thread.run_sync(work, data, limiter=self._limiter)


def _compress(data: bytes) -> bytes:
    return zlib.compress(data, LEVEL, _GZIP_WINDOW)
