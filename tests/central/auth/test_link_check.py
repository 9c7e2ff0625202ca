"""What an agent must show to link."""

from typing import Any

import anyio
from anyio import to_thread

from benchrace.protocol import agent_central as m
from benchrace.protocol.version import PROTOCOL
from benchrace.testing.limits import HANG_S
from benchrace.web.socket import SocketClosed
from tests.central.hosting import Data
from tests.central.offer import capabilities

CERTIFICATE: dict[str, Any] = {"subjectAltName": (("URI", "urn:benchrace:machine:one"),)}


class Socket:
    """An agent that says hello and listens; `answered` is set with the first answer."""

    def __init__(self, token: str) -> None:
        self._hello: str | None = m.encode(
            m.Hello(
                protocol=PROTOCOL,
                version="0",
                token=token,
                instance="instance",
                host_id="host",
                share_host=False,
                capabilities=capabilities("one"),
                jobs=(),
            )
        )
        self.first: m.FromCentral | None = None
        self.answered = anyio.Event()

    async def receive(self) -> str | bytes:
        hello, self._hello = self._hello, None
        if hello is not None:
            return hello
        await self.answered.wait()
        raise SocketClosed(1000)

    async def send(self, data: str | bytes) -> None:
        self.first = self.first or m.decode_from_central(data)
        self.answered.set()


async def test_a_certificate_alone_links_nobody(data: Data) -> None:
    async with data.host() as host:
        tokens = host.central.tokens
        token = await to_thread.run_sync(tokens.make, "one")
        answers = []
        for _ in range(2):
            socket = Socket(token)
            with anyio.fail_after(HANG_S):
                await host.central.link(socket, "10.0.0.7", certificate=CERTIFICATE)
            answers.append(type(socket.first))
            await to_thread.run_sync(tokens.revoke_machine, "one")
        assert answers == [m.Welcome, m.Refused]
