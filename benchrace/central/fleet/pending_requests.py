"""Requests to one agent that are still open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from benchrace.errors import BenchraceError, Category
from benchrace.protocol.agent_central import Answer, Ask, What
from benchrace.protocol.artifacts import ArtifactAsk
from benchrace.protocol.operations import FollowAsk, OperateAsk
from benchrace.run.lane import JobLane


class _Open:
    def __init__(self) -> None:
        self.done = anyio.Event()
        self.answer: Answer | None = None


class PendingRequests:
    """Requests that wait for the answer with their number."""

    def __init__(self, post: Callable[[Ask], None], who: str) -> None:
        self._post = post
        self._who = who
        self._open: dict[int, _Open] = {}
        self._next = 0
        self._closed = False

    async def ask(
        self,
        what: What,
        limit_s: float,
        kind: str | None = None,
        lanes: tuple[JobLane, ...] = (),
        *,
        operate: OperateAsk | None = None,
        follow: FollowAsk | None = None,
        artifact: ArtifactAsk | None = None,
    ) -> Any:
        """Send a request and return its result; raises the agent's failure, `unreachable` or
        `timeout_first`.
        """
        with self._opened() as (ask_id, pending):
            self._post(
                Ask(
                    ask_id=ask_id,
                    what=what,
                    kind=kind,
                    lanes=lanes,
                    operate=operate,
                    follow=follow,
                    artifact=artifact,
                )
            )
            with anyio.move_on_after(limit_s):
                await pending.done.wait()
            if pending.answer is not None:
                if pending.answer.failure is not None:
                    raise BenchraceError.of(pending.answer.failure)
                return pending.answer.result
            if self._closed:
                raise self._gone(what)
            raise BenchraceError(
                Category.TIMEOUT_FIRST,
                f"{self._who} has not answered {what} within {limit_s:g} s",
                "Check the agent's log.",
            )

    def answer(self, answer: Answer) -> None:
        """Deliver a reply; drop it if its request has timed out."""
        if (pending := self._open.get(answer.ask_id)) is not None:
            pending.answer = answer
            pending.done.set()

    def close(self) -> None:
        """Fail all that is open: the link is gone."""
        self._closed = True
        for pending in self._open.values():
            pending.done.set()

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, _Open]]:
        if self._closed:
            raise self._gone("that")
        ask_id, self._next = self._next, self._next + 1
        self._open[ask_id] = pending = _Open()
        try:
            yield ask_id, pending
        finally:
            del self._open[ask_id]

    def _gone(self, what: str) -> BenchraceError:
        return BenchraceError(
            Category.UNREACHABLE, f"the link to {self._who} closed before it answered {what}"
        )
