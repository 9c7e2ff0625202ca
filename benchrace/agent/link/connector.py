"""Connecting to central, and reconnecting: a lost link stops nothing on this machine."""

import contextlib
import logging
import random

import anyio

from benchrace.agent.agent import Agent
from benchrace.agent.link.session import Session
from benchrace.api.agents import LoanRequest
from benchrace.errors import BenchraceError, Category, with_remedy
from benchrace.protocol.agent_central import Goodbye, encode
from benchrace.web.remote.dial import (
    FIRST_S,
    MAX_PAUSE_S,
    STEADY_S,
    DialledSocket,
    NotDialled,
    dialled,
    link_url,
    redial_s,
    refusal,
)
from benchrace.web.remote.link_tls import LinkTls
from benchrace.web.socket import SocketClosed

log = logging.getLogger(__name__)
# Who was refused for good may be let in later: the other agent of its name may have gone.
_REFUSED_S = 30.0
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
        self._tls = LinkTls(central, agent.settings.trust, agent.settings.data / "central.json")
        self._token = token
        self._keep_alive = agent.settings.keep_alive
        self._socket: DialledSocket | None = None
        self._leaving = False

    async def run(self) -> None:
        """Link, and link again after a pause that doubles and differs from agent to agent."""
        failures, logged = 0, ""
        while not self._leaving:
            await self._agent.loans.over()
            started = anyio.current_time()
            words, refused = await self._once()
            failures = 0 if anyio.current_time() - started > STEADY_S else failures + 1
            if words != logged or not failures:
                # Once for each reason: it is asked again and again.
                level = logging.WARNING if words.startswith("refused") else logging.INFO
                log.log(level, "central: %s", words)
            logged = words
            if self._agent.loans.current is None:
                self._agent.link_state = words
            measuring = self._agent.slot.job_id is not None
            await anyio.sleep(pause_s(failures, refused=refused, measuring=measuring))

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
            await anyio.sleep(FIRST_S)

    async def leave(self) -> None:
        """Close the link for good, and tell central that this is a stop."""
        self._leaving = True
        if self._socket is not None:
            with contextlib.suppress(SocketClosed):
                await self._socket.send(encode(Goodbye()))
            await self._socket.close()

    async def _once(self) -> tuple[str, bool]:
        """Serve one link to its end; return how it ended, and whether central refused for good."""
        try:
            async with dialled(
                self._url, self._tls, self._token, self._keep_alive, "central"
            ) as socket:
                if self._loan is None and self._agent.loans.current is not None:
                    return "waiting until a command no longer uses this agent", False
                session = Session(self._agent, socket, self._token, self._loan)
                self._socket = socket
                try:
                    await session.run()
                finally:
                    self._socket = None
        except NotDialled as error:
            return str(error), False
        except BenchraceError as error:
            return f"refused: {with_remedy(error.message, error.remedy)}", True
        except ExceptionGroup:
            # Whatever breaks a link must not break the machine that hangs on it.
            log.exception("central: the link broke")
            return "the link failed: check the agent's log", False
        if session.refused is not None:
            failure, final = session.refused.failure, session.refused.final
            # A name that is taken may be ours, on a link that has not closed yet.
            return refusal(failure), final and failure.category is not Category.BUSY
        return _LOST, False


def pause_s(failures: int, *, refused: bool, measuring: bool) -> float:
    """Return the seconds until the next attempt, drawn so that a fleet does not return at once."""
    if refused:
        return _REFUSED_S * random.uniform(0.5, 1.0)
    # A run waits for a machine that measures, and not for ever.
    return redial_s(failures, _MEASURING_S if measuring else MAX_PAUSE_S)
