"""Answers to what central asks of this machine over the link."""

import logging
from collections.abc import Awaitable, Callable
from typing import assert_never

from benchrace.agent.agent import Agent
from benchrace.agent.jobs import artifacts
from benchrace.agent.link.link_operations import answer_ask
from benchrace.errors import BenchraceError, Category
from benchrace.protocol import agent_central as m

log = logging.getLogger(__name__)
Announce = Callable[[], Awaitable[None]]


async def answer(agent: Agent, ask: m.Ask, announce: Announce) -> m.Answer:
    """Return the answer, which may be a failure; `announce` sends the capabilities if they are new.

    Raises nothing: a defect here must not end the link.
    """
    try:
        return m.Answer(ask_id=ask.ask_id, result=await _result(agent, ask, announce))
    except BenchraceError as error:
        return m.Answer(ask_id=ask.ask_id, failure=error.failure())
    except Exception as error:
        log.exception("central's question %s cannot be answered", ask.what)
        what = f"{ask.what} failed: {type(error).__name__}: {error}"
        failure = BenchraceError(Category.SYSTEM, what, "Check the agent's log.").failure()
        return m.Answer(ask_id=ask.ask_id, failure=failure)


async def _result(agent: Agent, ask: m.Ask, announce: Announce) -> object:
    capabilities = agent.capabilities
    match ask.what:
        case "probe":
            return await capabilities.refresh()
        case "preflight":
            result = await capabilities.preflight(ask.kind or "", ask.lanes)
            # A run stores what is known of its machines: that must not come too late.
            await announce()
            return result
        case "calibrate":
            return await capabilities.calibrate(ask.kind or "", ask.lanes)
        case "operate" | "follow" | "reset":
            return await answer_ask(agent.operations, ask)
        case "artifact":
            return await artifacts.piece(agent.jobs, ask.artifact)
        case _:
            assert_never(ask.what)
