"""Dial central, and dial again: a link that is down stops nothing on this machine."""

import logging
import random
from urllib.parse import urlsplit

import anyio
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from benchrace.agent.agent import Agent
from benchrace.agent.session import Session
from benchrace.errors import (
    BenchraceError,
    Category,
    Failure,
    FieldError,
    InvalidInput,
    with_remedy,
)
from benchrace.link.messages import MAX_MESSAGE_BYTES

log = logging.getLogger(__name__)
LINK_PATH = "/api/v1/link"
_FIRST_S = 0.25
_LONGEST_S = 15.0
# Who was refused for good may be let in later: the other agent of its name may have gone.
_REFUSED_S = 30.0
_STEADY_S = 10.0
_MEASURING_S = 2.0


class Dial:
    """Keeps one link to central; what it is doing stands in `agent.link_state`."""

    def __init__(self, agent: Agent, central: str, token: str | None) -> None:
        self._agent = agent
        self._url = link_url(central)
        self._token = token
        self._keep_alive = agent.settings.keep_alive

    async def run(self) -> None:
        """Link, and link again after a pause that doubles and differs from agent to agent."""
        failures, told = 0, ""
        while True:
            started = anyio.current_time()
            words, refused = await self._once()
            failures = 0 if anyio.current_time() - started > _STEADY_S else failures + 1
            if words != told or not failures:
                # Once for each reason: it is asked again and again.
                level = logging.WARNING if words.startswith("refused") else logging.INFO
                log.log(level, "central: %s", words)
            self._agent.link_state = told = words
            # A run waits for a machine that measures, and not for ever.
            most = _LONGEST_S if self._agent.slot.job_id is None else _MEASURING_S
            longest = min(most, _FIRST_S * 2.0 ** min(failures, 16))
            pause = _REFUSED_S if refused else longest
            await anyio.sleep(pause * random.uniform(0.5, 1.0))

    async def _once(self) -> tuple[str, bool]:
        """Hold one link to its end; say how it ended, and whether central refused for good."""
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
                session = Session(self._agent, socket, self._token)
                await session.run()
        except InvalidStatus as error:
            return _turned_away(error), False
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI, WebSocketException) as error:
            return f"cannot be reached: {str(error) or type(error).__name__}", False
        except BenchraceError as error:
            return f"refused: {with_remedy(error.message, error.remedy)}", True
        except ExceptionGroup:
            # Whatever breaks a link must not break the machine that hangs on it.
            log.exception("central: the link broke")
            return "the link broke: see the agent's log", False
        if session.refused is not None:
            failure, final = session.refused.failure, session.refused.final
            # A name that is taken may be ours, on a link that has not closed yet.
            return _refusal(failure), final and failure.category is not Category.BUSY
        return "the link was lost", False


def link_url(central: str) -> str:
    """Make the link's address of central's; raises InvalidInput for what is no http address."""
    parts = urlsplit(central)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname or parts.username or parts.query:
        message = f"{central[:200]!r} is no address like http://127.0.0.1:8080"
        raise InvalidInput(FieldError("central_base_url", message))
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{LINK_PATH}"


class _Problem(msgspec.Struct):
    error: Failure


def _turned_away(answer: InvalidStatus) -> str:
    """Say why no link was opened: in the words of a central, if one answered."""
    try:
        said = msgspec.json.decode(answer.response.body or b"", type=_Problem).error
    except msgspec.DecodeError:
        return f"refused: what answers there is no central (status {answer.response.status_code})"
    return _refusal(said)[:500]


def _refusal(failure: Failure) -> str:
    return f"refused: {with_remedy(failure.message, failure.remedy)}"
