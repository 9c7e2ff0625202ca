"""Certificates for tests, and a server that has one."""

import datetime
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import msgspec

from benchrace.tls.authority import Authority, Issued
from benchrace.tls.identity import PeerCertificate
from benchrace.tls.renewal import utc_now
from benchrace.tls.server import ServerContext, ServerTls
from benchrace.tls.trust import Trust
from benchrace.web.asgi.types import CERTIFICATE, Receive, Scope, Send, answer
from benchrace.web.serving import listen, serve
from benchrace.web.shutdown import Shutdown

NOW = utc_now()
LONG_AGO = NOW - datetime.timedelta(days=500)


class Certificates:
    """A CA with a server, an agent and an operator; another CA; and expired ones."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority.create(folder / "own", "own CA", NOW)
        self.server = self.authority.issue_central(["localhost", "127.0.0.1"], NOW)
        self.ca = self.authority.folder / "ca.pem"
        self.agent = self.authority.issue_agent("m1", NOW)
        self.expired = self.authority.issue_agent("late", LONG_AGO)
        self.other = Authority.create(folder / "other", "other CA", NOW)
        self.foreign = self.other.issue_agent("m1", NOW)
        self.wrong_name = self._server(folder / "name", ["bench.example"], NOW)
        self.expired_server = self._server(folder / "late", ["127.0.0.1"], LONG_AGO)

    @property
    def demanding(self) -> ServerTls:
        """A server that requires a client certificate."""
        return msgspec.structs.replace(self.server, client_ca=self.ca)

    def trust(self, issued: Issued | None = None) -> Trust:
        """A client that trusts the CA, with the certificate of `issued`."""
        if issued is None:
            return Trust(ca=self.ca)
        return Trust(ca=self.ca, certificate=issued.certificate, key=issued.key)

    def _server(self, folder: Path, names: list[str], now: datetime.datetime) -> ServerTls:
        """Issue another certificate of the same CA."""
        folder.mkdir()
        for name in ("ca.pem", "ca-key.pem"):
            (folder / name).write_bytes((self.authority.folder / name).read_bytes())
        return Authority(folder).issue_central(names, now)


@dataclass
class Served:
    """`certificate` is the one that the last client presented; `open` counts its connections."""

    url: str
    port: int
    context: ServerContext
    certificate: PeerCertificate | None = None


@asynccontextmanager
async def serving(files: ServerTls) -> AsyncIterator[Served]:
    """Serve `ok` to every request, and a message to every socket."""
    context = ServerContext(files)
    listener = listen("127.0.0.1", 0, context)
    served = Served(listener.url, listener.port, context)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        served.certificate = scope[CERTIFICATE]
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": "ok"})
            await receive()
        else:
            await answer(scope, send, 200, "text/plain", b"ok")

    stop = anyio.Event()
    async with anyio.create_task_group() as group:
        await group.start(serve, app, listener, Shutdown(), stop.wait)
        try:
            yield served
        finally:
            stop.set()
