"""A question is answered, or its end says why not."""

import anyio
import pytest

from benchrace.central.fleet.pending_requests import PendingRequests
from benchrace.errors import BenchraceError, Category
from benchrace.protocol.agent_central import Answer, Ask


class Agent:
    """Keeps what was asked, to be answered by hand."""

    def __init__(self) -> None:
        self.posted: list[Ask] = []
        self.requests = PendingRequests(self.posted.append, "m")


async def test_answers_find_their_questions_in_any_order() -> None:
    agent, got = Agent(), {}

    async def ask(name: str) -> None:
        got[name] = await agent.requests.ask("probe", 5, kind=name)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "first")
        group.start_soon(ask, "second")
        await anyio.wait_all_tasks_blocked()
        for message in reversed(agent.posted):
            agent.requests.answer(Answer(ask_id=message.ask_id, result=message.kind))
    assert got == {"first": "first", "second": "second"}


async def test_silence_is_a_timeout() -> None:
    with pytest.raises(BenchraceError, match=r"m has not answered probe within 0\.01 s") as error:
        await Agent().requests.ask("probe", 0.01)
    assert error.value.category is Category.TIMEOUT_FIRST


async def test_a_failure_comes_back_as_it_was() -> None:
    agent = Agent()
    failure = BenchraceError(Category.PLUGIN_ERROR, "it broke", "mend it").failure()

    async def answer() -> None:
        await anyio.wait_all_tasks_blocked()
        agent.requests.answer(Answer(ask_id=agent.posted[0].ask_id, failure=failure))

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        with pytest.raises(BenchraceError) as error:
            await agent.requests.ask("probe", 5)
    assert error.value.failure() == failure


async def test_a_link_that_closes_ends_what_is_open_and_what_comes_later() -> None:
    agent = Agent()

    async def close() -> None:
        await anyio.wait_all_tasks_blocked()
        agent.requests.close()

    async with anyio.create_task_group() as group:
        group.start_soon(close)
        with pytest.raises(BenchraceError) as error:
            await agent.requests.ask("probe", 5)
    assert error.value.category is Category.UNREACHABLE
    with pytest.raises(BenchraceError):
        await agent.requests.ask("probe", 5)


async def test_a_late_answer_is_dropped() -> None:
    agent = Agent()
    with pytest.raises(BenchraceError):
        await agent.requests.ask("probe", 0)
    agent.requests.answer(Answer(ask_id=agent.posted[0].ask_id, result=1))
