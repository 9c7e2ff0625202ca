"""Sending: in order, again after failures, less and less often, and not while a job measures."""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from benchrace.agent.jobs.slot import Slot
from benchrace.delivery.courier import FIRST_WAIT_S, LAST_WAIT_S, Courier, wait_s
from benchrace.delivery.outbox import Delivery, DeliveryState, NewDelivery, Outbox
from benchrace.delivery.post import Outcome
from benchrace.notifier import Notifier
from benchrace.testing.clock import FakeClock
from benchrace.testing.limits import HANG_S

FAILED = Outcome(DeliveryState.PENDING, 500, "the receiver answered 500")
ARRIVED = Outcome(DeliveryState.DELIVERED, 200)


class Poster:
    """Answers as it is told; then everything arrives."""

    def __init__(self) -> None:
        self.outcomes: dict[str, list[Outcome]] = {}
        self.tried: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.prepared = self.most_at_once = self._now = 0

    async def post(self, delivery: Delivery) -> Outcome:
        self.tried.append(delivery.key)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await anyio.lowlevel.checkpoint()
        self._now -= 1
        if delivery.key in self.errors:
            raise self.errors.pop(delivery.key)
        outcomes = self.outcomes.get(delivery.key, [])
        return outcomes.pop(0) if outcomes else ARRIVED

    async def prepare(self) -> None:
        self.prepared += 1

    async def close(self) -> None:
        pass


class Uploader:
    """Holds the first upload until it is stopped; the others arrive."""

    def __init__(self) -> None:
        self.begun = anyio.Event()
        self.stopped = anyio.Event()

    async def post(self, _: Delivery) -> Outcome:
        if self.begun.is_set():
            return ARRIVED
        self.begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.stopped.set()
        raise AssertionError("it sleeps for ever")


class NotedOutbox(Outbox):
    """Notifies when the outcome of a try is in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.noted = Notifier()
        self.failures: list[Exception] = []

    def tried(self, *args: Any, **named: Any) -> None:
        if self.failures:
            raise self.failures.pop()
        super().tried(*args, **named)
        anyio.from_thread.run_sync(self.noted.notify)


class Post:
    """A courier, its outbox, and a clock that only the test moves."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.outbox = NotedOutbox(path)
        self.poster = Poster()
        self.running_job: str | None = None
        self.slot = Slot("m1", None)
        self.uploader = Uploader()
        poster: Any = self.poster
        uploader: Any = self.uploader
        self.courier = Courier(
            self.outbox,
            poster,
            uploader,
            clock=self.clock,
            give_up_s=3600,
            running=lambda: self.running_job or self.slot.job_id,
            aside=self.slot.aside,
        )

    async def add(
        self,
        *keys: str,
        destination: str = "http://a.example:80",
        subject: str = "j1",
        url: str = "http://a.example/",
    ) -> None:
        await anyio.to_thread.run_sync(
            self.outbox.add,
            [
                NewDelivery(
                    key=key,
                    subject=subject,
                    event="job.status",
                    url=url,
                    destination=destination,
                    body=b"{}",
                )
                for key in keys
            ],
            self.clock.wall_s(),
        )
        self.courier.nudge()

    def pass_s(self, seconds: float) -> None:
        self.clock.pass_s(seconds)
        self.courier.nudge()

    async def entries(self) -> tuple[Delivery, ...]:
        return await anyio.to_thread.run_sync(self.outbox.latest, 99)

    async def until(self, *tried: str) -> None:
        """Wait until the outbox knows of these tries, and of no others."""
        await self.count(len(tried))
        assert self.poster.tried == list(tried)

    async def count(self, tries: int) -> None:
        with anyio.fail_after(HANG_S):
            while True:
                seen = self.outbox.noted.count
                if sum(entry.attempts for entry in await self.entries()) >= tries:
                    break
                await self.outbox.noted.wait(seen)

    @asynccontextmanager
    async def running(self) -> Any:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.courier.run)
            yield
            tasks.cancel_scope.cancel()

    async def states(self) -> dict[str, str]:
        return {entry.key: entry.state.value for entry in await self.entries()}


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    post = Post(tmp_path / "outbox.sqlite")
    yield post
    post.outbox.close()


def test_waits_double_up_to_a_limit_and_differ() -> None:
    assert [wait_s(tries, 1.0) for tries in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 8.0]
    assert wait_s(10_000, 1.0) == LAST_WAIT_S
    assert wait_s(1, 0.0) == FIRST_WAIT_S / 2


async def test_what_fails_holds_back_what_follows_at_its_destination_only(post: Post) -> None:
    post.poster.outcomes["1"] = [FAILED, FAILED]
    await post.add("1", "2")
    async with post.running():
        await post.until("1")
        await post.add("x", destination="http://b.example:80")
        await post.until("1", "x")
        post.pass_s(1.1)
        await post.until("1", "x", "1")
        post.pass_s(2.1)
        await post.until("1", "x", "1", "1", "2")
    assert set((await post.states()).values()) == {"delivered"}


async def test_only_the_running_job_is_told_of_and_nothing_is_repeated(post: Post) -> None:
    post.poster.outcomes["1"] = [FAILED]
    await post.add("other", destination="http://c.example:80", subject="j0")
    await post.add("1", "2")
    post.running_job = "j1"
    async with post.running():
        await post.until("1")
        post.pass_s(LAST_WAIT_S)
        await post.add("x", destination="http://b.example:80")
        await post.until("1", "x")
        assert post.poster.prepared == 0
        post.running_job = None
        post.courier.nudge()
        await post.count(5)
    assert sorted(post.poster.tried[2:]) == ["1", "2", "other"]


async def test_while_a_job_measures_one_request_is_made_at_a_time(post: Post) -> None:
    for letter in "abc":
        await post.add(letter, destination=f"http://{letter}.example:80")
    post.running_job = "j1"
    async with post.running():
        await post.until("a", "b", "c")
    assert post.poster.most_at_once == 1


async def test_what_requests_need_is_loaded_at_the_start_if_some_wait(post: Post) -> None:
    async with post.running():
        await anyio.wait_all_tasks_blocked()
        await post.add("1")
        await post.until("1")
    assert post.poster.prepared == 0
    await post.add("2")
    async with post.running():
        await post.until("1", "2")
    assert post.poster.prepared == 1


async def test_an_outcome_that_cannot_be_written_ends_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchrace.delivery.courier._DISK_WAIT_S", 0)
    post.outbox.failures = [UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")]
    await post.add("1")
    async with post.running():
        with anyio.fail_after(HANG_S):
            while not (await post.entries())[0].attempts:
                await post.outbox.noted.wait(0)
    assert post.poster.tried == ["1", "1"]


async def test_a_reason_that_is_no_text_is_kept_as_far_as_it_is(post: Post) -> None:
    post.poster.outcomes["1"] = [Outcome(DeliveryState.REFUSED, None, "odd \ud800")]
    await post.add("1")
    async with post.running():
        await post.until("1")
    assert (await post.entries())[0].reason == "odd ?"


async def test_whatever_a_try_raises_ends_nothing(post: Post) -> None:
    post.poster.errors["1"] = ValueError("odd")
    await post.add("1")
    async with post.running():
        await post.until("1")
        assert (await post.entries())[0].reason == "ValueError: odd"
        post.pass_s(1.1)
        await post.until("1", "1")


async def test_a_refusal_is_final_and_the_next_one_goes_on(post: Post) -> None:
    post.poster.outcomes["1"] = [Outcome(DeliveryState.REFUSED, 410, "the receiver answered 410")]
    await post.add("1", "2")
    async with post.running():
        await post.until("1", "2")
    assert await post.states() == {"1": "refused", "2": "delivered"}
    assert (await post.entries())[0].reason == "the receiver answered 410"


async def test_what_fails_for_too_long_is_given_up_with_the_reason(post: Post) -> None:
    post.poster.outcomes["1"] = [FAILED] * 9
    await post.add("1", "2")
    async with post.running():
        await post.until("1")
        post.pass_s(3601)
        await post.until("1", "1", "2")
    given_up = (await post.entries())[0]
    assert (given_up.state, given_up.reason) == ("given_up", "the receiver answered 500")


async def test_an_outbox_that_is_older_than_the_limit_is_tried_once_more(post: Post) -> None:
    await post.add("1")
    post.clock.pass_s(7200)
    async with post.running():
        await post.until("1")
    assert await post.states() == {"1": "delivered"}


async def test_a_clock_that_is_set_back_delays_nothing(post: Post) -> None:
    post.poster.outcomes["1"] = [FAILED]
    await post.add("1")
    async with post.running():
        await post.until("1")
        post.clock.jump_s(-86_400)
        post.courier.nudge()
        await post.until("1", "1")


async def test_the_receiver_may_ask_for_a_longer_wait(post: Post) -> None:
    post.poster.outcomes["1"] = [Outcome(DeliveryState.PENDING, 429, "busy", 300.0)]
    await post.add("1")
    async with post.running():
        await post.until("1")
        entry = (await post.entries())[0]
    assert entry.next_at == pytest.approx(post.clock.wall_s() + 300, abs=0.01)


async def test_an_upload_stops_when_a_job_comes_and_counts_as_no_try(post: Post) -> None:
    await post.add("1", destination="s3://out", subject="j0", url="s3://out/j0/cat.png")
    async with post.running():
        with anyio.fail_after(HANG_S):
            await post.uploader.begun.wait()
            # It returns once nothing runs aside any more.
            await post.slot.take("j1")
        assert post.uploader.stopped.is_set()
        await anyio.wait_all_tasks_blocked()
        (entry,) = await post.entries()
        assert (entry.state, entry.attempts, entry.tried_at) == ("pending", 0, None)
        post.slot.release()
        post.courier.nudge()
        await post.count(1)
    assert await post.states() == {"1": "delivered"}


async def test_the_running_job_s_own_files_wait_for_its_end(post: Post) -> None:
    await post.slot.take("j1")
    await post.add("1", destination="s3://out", url="s3://out/j1/cat.png")
    await post.add("2")
    async with post.running():
        await post.until("2")
        await anyio.wait_all_tasks_blocked()
        assert not post.uploader.begun.is_set()
