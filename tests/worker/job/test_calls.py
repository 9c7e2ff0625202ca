"""Calls of a job: what ends the job, and what only its lane or round."""

from collections.abc import Callable

import anyio
import pytest

from benchrace.errors import BenchraceError, Category
from benchrace.events import JobError, JobTimeout
from benchrace.events.payloads import JobErrorPayload, JobTimeoutPayload
from benchrace.worker.job.calls import Calls
from benchrace.worker.job.terminal_events import JobEnded
from benchrace.worker.watchdog import Watchdog


class Armed(Watchdog):
    """Notes what is armed, and never fires by itself."""

    def __init__(self) -> None:
        super().__init__(lambda: 0, lambda: None)
        self.acts: list[Callable[[], None]] = []

    def arm(self, seconds: float, act: Callable[[], None]) -> Callable[[], None]:
        self.acts.append(act)
        return lambda: self.acts.remove(act)


async def test_a_late_call_ends_the_job_with_a_remedy_of_the_run() -> None:
    watchdog = Armed()
    with pytest.raises(JobEnded) as raised:
        await Calls(watchdog, lambda over: None).call("round 0", anyio.sleep_forever, 0.01)
    assert raised.value.event is JobTimeout
    payload = raised.value.payload
    assert isinstance(payload, JobTimeoutPayload)
    assert (payload.category, payload.message) == (
        Category.TIMEOUT_IDLE,
        "round 0 took longer than 0.01 s",
    )
    assert "timeout_s" in payload.remedy
    assert watchdog.acts == []


async def test_a_bug_ends_the_job() -> None:
    async def work() -> None:
        raise ZeroDivisionError

    watchdog = Armed()
    with pytest.raises(JobEnded) as raised:
        await Calls(watchdog, lambda over: None).call("round 0", work, 1)
    assert raised.value.event is JobError
    payload = raised.value.payload
    assert isinstance(payload, JobErrorPayload)
    assert payload.category is Category.PLUGIN_ERROR
    assert "ZeroDivisionError" in str(payload.detail)
    assert watchdog.acts == []


@pytest.mark.parametrize("category", [Category.BUSY, Category.PLUGIN_ERROR])
async def test_a_failure_that_the_plugin_foresaw_is_its_callers_to_handle(
    category: Category,
) -> None:
    async def work() -> None:
        raise BenchraceError(category, "not now")

    with pytest.raises(BenchraceError, match="not now"):
        await Calls(Armed(), lambda over: None).call("round 0", work, 1)


async def test_a_call_that_cannot_be_ended_is_given_up_from_outside() -> None:
    watchdog, ends = Armed(), list[JobEnded]()

    async def work() -> int:
        # What the watchdog does in its thread, while this loop hangs.
        watchdog.acts[0]()
        return 5

    assert await Calls(watchdog, ends.append).call("round 0", work, 1) == 5
    assert [over.event for over in ends] == [JobTimeout]
