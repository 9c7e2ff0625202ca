"""Links that central dials, to an agent behind a firewall that lets nothing out."""

import contextlib
import logging

import anyio

from benchrace.agent.agent import Agent
from benchrace.agent.link.session import Session
from benchrace.api.agents import LENT
from benchrace.api.paths import LINK
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.protocol.agent_central import Goodbye, encode
from benchrace.web.asgi.types import App, Receive, Scope, Send, answer
from benchrace.web.problem import body_of
from benchrace.web.socket import Socket, SocketClosed

log = logging.getLogger(__name__)


class _Watched:
    """A socket that counts as closed when nothing arrives: central pings every other second."""

    def __init__(self, socket: Socket, silence_s: float) -> None:
        self._socket = socket
        self._silence_s = silence_s

    @property
    def own_address(self) -> str | None:
        return self._socket.own_address

    async def receive(self) -> str | bytes:
        try:
            with anyio.fail_after(self._silence_s):
                return await self._socket.receive()
        except TimeoutError as error:
            raise SocketClosed(1006) from error

    async def send(self, data: str | bytes) -> None:
        await self._socket.send(data)


class Reception:
    """Serves one dialled link at a time: a newer one takes the place of the one before it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._socket: Socket | None = None
        self._scope = anyio.CancelScope()
        self._leaving = False

    def around(self, app: App) -> App:
        """Serve the link beside `app`."""

        async def routed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "websocket" or scope["path"] != LINK:
                await app(scope, receive, send)
                return
            if (failure := self._refusal()) is not None:
                await receive()
                await answer(scope, send, 409, "application/json", body_of(failure))
                return
            socket = Socket(scope, receive, send)
            with contextlib.suppress(SocketClosed):
                await socket.accept()
                await self._serve(socket)
                await socket.close()

        return routed

    async def leave(self) -> None:
        """Notify central that this is a stop."""
        self._leaving = True
        if self._socket is not None:
            with contextlib.suppress(SocketClosed):
                await self._socket.send(encode(Goodbye()))

    def _refusal(self) -> Failure | None:
        agent = self._agent
        if agent.settings.central is not None:
            what = f"this agent dials a central of its own, {agent.settings.central}"
            remedy = "Remove `dial` from machines.yaml, or `central_base_url` from agent.yaml."
        elif agent.loans.current is not None:
            what, remedy = f"this agent is {LENT}", "It links again when the command has ended."
        elif self._leaving:
            what, remedy = "this agent is being stopped", "Start it again."
        else:
            return None
        return BenchraceError(Category.BUSY, what, remedy).failure()

    async def _serve(self, socket: Socket) -> None:
        # A central that was cut off comes back before its old link is known to be dead.
        self._scope.cancel()
        watched = _Watched(socket, 2 * self._agent.settings.keep_alive.lost_ns / 1e9)
        session = Session(self._agent, watched, None)
        with anyio.CancelScope() as scope:
            self._scope, self._socket = scope, socket
            try:
                await session.run()
            except (BenchraceError, ExceptionGroup):
                log.exception("the link from %s broke", socket.peer)
        if self._socket is socket:
            self._socket = None
            words = "the link was lost"
            if session.refused is not None:
                words = f"refused: {session.refused.failure.message}"
            self._agent.link_state = words
