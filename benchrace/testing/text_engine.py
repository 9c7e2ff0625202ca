"""A scripted engine that speaks a backend's own protocol, for the conformance of text backends."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, NamedTuple

import anyio

from benchrace.testing.server import LAST, Asked, Peer, Served, serving

PREFIX = 4
STEP_S = 0.002


class Counts(NamedTuple):
    """What an engine tells at the end of an answer; `cached` only where its protocol has it."""

    prompt: int
    output: int
    cached: int = PREFIX
    finish: str = "length"


class Reply(NamedTuple):
    """What a request that generates nothing is answered with, as JSON."""

    body: Any
    status: int = 200


class Wire(ABC):
    """The engine's side of a protocol. Each method gives whole messages, framing and all.

    What a protocol does not have is None. `control` answers the requests that a backend makes
    beside those that generate, and is None for these.
    """

    content_type: ClassVar[str] = "application/json"

    @abstractmethod
    def content(self, text: str) -> bytes:
        """A chunk of output."""

    @abstractmethod
    def end(self, counts: Counts) -> Sequence[bytes]:
        """All messages that end an answer, in their order: finish, usage, done."""

    @abstractmethod
    def error(self, message: str) -> bytes:
        """What the engine says where it fails in the middle of an answer."""

    @abstractmethod
    def control(self, asked: Asked) -> Reply | None:
        """Answer what is no request for text."""

    def reasoning(self, text: str) -> bytes | None:
        """A chunk of thinking."""
        return None

    def role(self) -> bytes | None:
        """A first message without any text."""
        return None

    def ping(self) -> bytes | None:
        """What keeps a silent stream open."""
        return None


class Saying:
    """One answer that is being told."""

    def __init__(self, wire: Wire, peer: Peer, asked: Asked) -> None:
        self.wire = wire
        self.peer = peer
        self.asked = asked

    async def together(self, *messages: bytes | None) -> None:
        """Send messages in one segment."""
        said = b"".join(each for each in messages if each is not None)
        if said:
            await self.peer.chunk(said)

    async def tokens(self, n: int, *, step_s: float = STEP_S) -> None:
        """Send a token a message, a step apart."""
        for i in range(n):
            await anyio.sleep(step_s)
            await self.together(self.wire.content(token(i)))

    async def end(self, output: int, prompt: int = 40, **told: Any) -> None:
        """End the answer in order, each message in a segment of its own."""
        for message in self.wire.end(Counts(prompt=prompt, output=output, **told)):
            await self.together(message)
        await self.peer.say(LAST)

    async def hang(self) -> None:
        """Say nothing more until the other side is gone."""
        await self.peer.gone()


Plan = Callable[[Saying], Awaitable[None]]


def token(i: int) -> str:
    """The text of one token."""
    return f"t{i} "


async def well(said: Saying) -> None:
    """Answer as a good engine does, with the twelve tokens of the conformance's lanes."""
    await said.together(said.wire.role())
    await said.tokens(12)
    await said.end(12)


class TextEngine:
    """`plan` says how an answer of a round goes; answers before the first round are short.

    `status` other than 200 refuses instead. `asked` are the requests for text of the rounds, and
    `left` is set once a client has gone while a plan was telling.
    """

    def __init__(self, wire: Wire, plan: Plan) -> None:
        self.wire = wire
        self.plan = plan
        self.status = 200
        self.racing = False
        self.asked: list[Asked] = []
        self.left = anyio.Event()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Served]:
        """Serve on a free port."""
        async with serving(self._answer) as served:
            yield served

    async def _answer(self, peer: Peer, asked: Asked) -> None:
        reply = self.wire.control(asked)
        if reply is not None:
            await _json(peer, reply)
        elif not self.racing:
            await self._head(peer)
            said = Saying(self.wire, peer, asked)
            await said.tokens(1)
            await said.end(1)
        else:
            await self._round(peer, asked)

    async def _round(self, peer: Peer, asked: Asked) -> None:
        self.asked.append(asked)
        if self.status != 200:
            await _json(peer, Reply({"error": "the engine is overloaded"}, self.status))
            return
        try:
            await self._head(peer)
            await self.plan(Saying(self.wire, peer, asked))
        finally:
            self.left.set()

    async def _head(self, peer: Peer) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.wire.content_type}\r\n"
        await peer.say(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())


async def _json(peer: Peer, reply: Reply) -> None:
    body = json.dumps(reply.body).encode()
    head = f"HTTP/1.1 {reply.status} Scripted\r\nContent-Type: application/json\r\n"
    await peer.say(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
