"""A scripted engine that speaks a backend's own protocol, for contract tests of text backends."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, NamedTuple

import anyio

from benchrace.testing.server import LAST, Peer, Request, RunningServer, serving

PREFIX = 4
STEP_S = 0.002


class Counts(NamedTuple):
    """The counts at the end of an answer; `cached` only if the protocol has it."""

    prompt: int
    output: int
    cached: int = PREFIX
    finish: str = "length"


class Reply(NamedTuple):
    """The JSON response to a request that generates nothing."""

    body: Any
    status: int = 200


class Wire(ABC):
    """The engine's side of a protocol; methods return complete messages, including the framing.

    They return None for what the protocol does not have. `control` answers requests that do not
    generate text, and returns None for those that do.
    """

    content_type: ClassVar[str] = "application/json"

    @abstractmethod
    def content(self, text: str) -> bytes:
        """Return a chunk of output."""

    @abstractmethod
    def end(self, counts: Counts) -> Sequence[bytes]:
        """Return all messages that end an answer, in order: finish, usage, done."""

    @abstractmethod
    def error(self, message: str) -> bytes:
        """Return the message of an engine that fails in the middle of an answer."""

    @abstractmethod
    def control(self, request: Request) -> Reply | None:
        """Answer a request that does not generate text."""

    def reasoning(self, text: str) -> bytes | None:
        """Return a chunk of thinking."""
        return None

    def counted(self, text: str, total: int) -> bytes | None:
        """Return a chunk of output with the engine's count so far, including this chunk."""
        return None

    def role(self) -> bytes | None:
        """Return a first message without any text."""
        return None

    def ping(self) -> bytes | None:
        """Return a keep-alive message."""
        return None


class AnswerWriter:
    """Writes one answer to a client."""

    def __init__(self, wire: Wire, peer: Peer, request: Request) -> None:
        self.wire = wire
        self.peer = peer
        self.request = request

    async def together(self, *messages: bytes | None) -> None:
        """Send messages in one segment."""
        data = b"".join(message for message in messages if message is not None)
        if data:
            await self.peer.chunk(data)

    async def tokens(self, n: int, *, step_s: float = STEP_S) -> None:
        """Send one token per message, a step apart."""
        for i in range(n):
            await anyio.sleep(step_s)
            await self.together(self.wire.content(token(i)))

    async def end(self, output: int, prompt: int = 40, **counts: Any) -> None:
        """End the answer in order, each message in a segment of its own."""
        for message in self.wire.end(Counts(prompt=prompt, output=output, **counts)):
            await self.together(message)
        await self.peer.say(LAST)

    async def hang(self) -> None:
        """Send nothing more until the client is gone."""
        await self.peer.gone()


Plan = Callable[[AnswerWriter], Awaitable[None]]


def token(i: int) -> str:
    """Return the text of one token."""
    return f"t{i} "


async def well(writer: AnswerWriter) -> None:
    """Answer as a good engine does, with the twelve tokens of the contract's lanes."""
    await writer.together(writer.wire.role())
    await writer.tokens(12)
    await writer.end(12)


class TextEngine:
    """A scripted engine; `plan` writes the answers of rounds, those before are short.

    A `status` other than 200 is an error response instead. `requests` are the requests for text of
    the rounds, and `left` is set once a plan has ended or its client is gone.
    """

    def __init__(self, wire: Wire, plan: Plan) -> None:
        self.wire = wire
        self.plan = plan
        self.status = 200
        self.racing = False
        self.requests: list[Request] = []
        self.left = anyio.Event()

    @asynccontextmanager
    async def served(self) -> AsyncIterator[RunningServer]:
        """Serve on a free port."""
        async with serving(self._answer) as served:
            yield served

    async def _answer(self, peer: Peer, request: Request) -> None:
        reply = self.wire.control(request)
        if reply is not None:
            await _json(peer, reply)
        elif not self.racing:
            await self._head(peer)
            writer = AnswerWriter(self.wire, peer, request)
            await writer.tokens(1)
            await writer.end(1)
        else:
            await self._round(peer, request)

    async def _round(self, peer: Peer, request: Request) -> None:
        self.requests.append(request)
        if self.status != 200:
            await _json(peer, Reply({"error": "the engine is overloaded"}, self.status))
            return
        try:
            await self._head(peer)
            await self.plan(AnswerWriter(self.wire, peer, request))
        finally:
            self.left.set()

    async def _head(self, peer: Peer) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.wire.content_type}\r\n"
        await peer.say(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())


async def _json(peer: Peer, reply: Reply) -> None:
    body = json.dumps(reply.body).encode()
    head = f"HTTP/1.1 {reply.status} Scripted\r\nContent-Type: application/json\r\n"
    await peer.say(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
