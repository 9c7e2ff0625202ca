"""Connecting to central, and reconnecting: a lost link stops nothing on this machine."""

import contextlib
import logging
import random
from urllib.parse import urlsplit

import anyio
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)

from benchrace.agent.agent import Agent
from benchrace.agent.link.session import Session
from benchrace.api.agents import LoanRequest
from benchrace.errors import (
    BenchraceError,
    Category,
    Failure,
    FieldError,
    InvalidInput,
    with_remedy,
)
from benchrace.protocol.agent_central import MAX_MESSAGE_BYTES, Goodbye, encode

log = logging.getLogger(__name__)
LINK_PATH = "/api/v1/link"
_FIRST_S = 0.25
_MAX_PAUSE_S = 15.0
# Who was refused for good may be let in later: the other agent of its name may have gone.
_REFUSED_S = 30.0
_STEADY_S = 10.0
_MEASURING_S = 2.0
# The central of a command is gone for good when the command has ended.
_AWAY_S = 5.0
_LOST = "the link was lost"


class Connector:
    """Keeps one link to central; its state is in `agent.link_state`.

    The agent's own link rests during a `loan`, which has a link of its own.
    """

    def __init__(
        self, agent: Agent, central: str, token: str | None, loan: LoanRequest | None = None
    ) -> None:
        self._agent = agent
        self._loan = loan
        self._url = link_url(central)
        self._token = token
        self._keep_alive = agent.settings.keep_alive
        self._socket: ClientConnection | None = None
        self._leaving = False

    async def run(self) -> None:
        """Link, and link again after a pause that doubles and differs from agent to agent."""
        failures, logged = 0, ""
        while not self._leaving:
            await self._agent.loans.over()
            started = anyio.current_time()
            words, refused = await self._once()
            failures = 0 if anyio.current_time() - started > _STEADY_S else failures + 1
            if words != logged or not failures:
                # Once for each reason: it is asked again and again.
                level = logging.WARNING if words.startswith("refused") else logging.INFO
                log.log(level, "central: %s", words)
            logged = words
            if self._agent.loans.current is None:
                self._agent.link_state = words
            # A run waits for a machine that measures, and not for ever.
            max_s = _MAX_PAUSE_S if self._agent.slot.job_id is None else _MEASURING_S
            longest = min(max_s, _FIRST_S * 2.0 ** min(failures, 16))
            pause = _REFUSED_S if refused else longest
            await anyio.sleep(pause * random.uniform(0.5, 1.0))

    async def run_while_served(self) -> None:
        """Link, and link again, until central refuses or is away for some seconds."""
        seen = anyio.current_time()
        while anyio.current_time() - seen < _AWAY_S:
            words, refused = await self._once()
            self._agent.link_state = words
            if refused:
                log.warning("central of a command: %s", words)
                return
            if words == _LOST:
                seen = anyio.current_time()
            await anyio.sleep(_FIRST_S)

    async def leave(self) -> None:
        """Close the link for good, and tell central that this is a stop."""
        self._leaving = True
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(encode(Goodbye()))
            await self._socket.close()

    async def _once(self) -> tuple[str, bool]:
        """Serve one link to its end; return how it ended, and whether central refused for good."""
        keep = self._keep_alive
        headers = {} if self._token is None else {"Authorization": f"Bearer {self._token}"}
        try:
            async with connect(
                self._url,
                additional_headers=headers,
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                max_queue=16,
                open_timeout=10,
                close_timeout=1,
                # The reply is what counts: a vanished peer takes what is sent for minutes.
                ping_interval=keep.ping_ns / 1e9,
                ping_timeout=(keep.close_ns - keep.ping_ns) / 1e9,
                proxy=None,
            ) as socket:
                if self._loan is None and self._agent.loans.current is not None:
                    return "waiting until a command no longer uses this agent", False
                session = Session(self._agent, socket, self._token, self._loan)
                self._socket = socket
                try:
                    await session.run()
                finally:
                    self._socket = None
        except InvalidStatus as error:
            return _turned_away(error), False
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, WebSocketException) as error:
            return f"cannot be reached: {str(error) or type(error).__name__}", False
        except BenchraceError as error:
            return f"refused: {with_remedy(error.message, error.remedy)}", True
        except ExceptionGroup:
            # Whatever breaks a link must not break the machine that hangs on it.
            log.exception("central: the link broke")
            return "the link failed: check the agent's log", False
        if session.refused is not None:
            failure, final = session.refused.failure, session.refused.final
            # A name that is taken may be ours, on a link that has not closed yet.
            return _refusal(failure), final and failure.category is not Category.BUSY
        return _LOST, False


def link_url(central: str) -> str:
    """Build the link's address from central's; raises InvalidInput if that is not http(s)."""
    parts = urlsplit(central)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname or "@" in parts.netloc or parts.query:
        message = f"invalid address {central[:200]!r} (e.g. http://127.0.0.1:8080, without a user)"
        raise InvalidInput(FieldError("central_base_url", message))
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{LINK_PATH}"


class _Problem(msgspec.Struct):
    error: Failure


def _turned_away(answer: InvalidStatus) -> str:
    """Return why no link was opened: in the words of a central, if one answered."""
    try:
        failure = msgspec.json.decode(answer.response.body or b"", type=_Problem).error
    except msgspec.DecodeError:
        status = answer.response.status_code
        return f"refused: the server there is not a benchrace central (status {status})"
    return _refusal(failure)[:500]


def _refusal(failure: Failure) -> str:
    return f"refused: {with_remedy(failure.message, failure.remedy)}"
