"""Questions to one agent that are still open."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from benchrace.errors import BenchraceError, Category
from benchrace.link.artifacts import ArtifactAsk
from benchrace.link.messages import Answer, Ask, What
from benchrace.link.operations import FollowAsk, OperateAsk
from benchrace.run.job import JobLane


class _Open:
    def __init__(self) -> None:
        self.done = anyio.Event()
        self.answer: Answer | None = None


class Asks:
    """Ask and wait for the answer of the same number."""

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
        """Give the result; raises the agent's failure, `unreachable` or `timeout_first`."""
        with self._opened() as (ask_id, asked):
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
                await asked.done.wait()
            if asked.answer is not None:
                if asked.answer.failure is not None:
                    raise BenchraceError.of(asked.answer.failure)
                return asked.answer.result
            if self._closed:
                raise self._gone(what)
            raise BenchraceError(
                Category.TIMEOUT_FIRST,
                f"{self._who} has not answered {what} within {limit_s:g} s",
                "Look at the agent's log.",
            )

    def answer(self, answer: Answer) -> None:
        """Take an answer; one that nobody waits for any more is dropped."""
        if (asked := self._open.get(answer.ask_id)) is not None:
            asked.answer = answer
            asked.done.set()

    def close(self) -> None:
        """Fail all that is open: the link is gone."""
        self._closed = True
        for asked in self._open.values():
            asked.done.set()

    @contextmanager
    def _opened(self) -> Iterator[tuple[int, _Open]]:
        if self._closed:
            raise self._gone("that")
        ask_id, self._next = self._next, self._next + 1
        self._open[ask_id] = asked = _Open()
        try:
            yield ask_id, asked
        finally:
            del self._open[ask_id]

    def _gone(self, what: str) -> BenchraceError:
        return BenchraceError(
            Category.UNREACHABLE, f"the link to {self._who} closed before it answered {what}"
        )
