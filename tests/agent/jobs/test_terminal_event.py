"""What the last event says when the worker could not say it."""

import pytest

from benchrace.agent.jobs.terminal_event import Circumstances, Place, ending, is_terminal
from benchrace.errors import BenchraceError, Category
from benchrace.events import encode
from benchrace.events.envelope import JobCancelled, JobError

FULL = BenchraceError(Category.DISK_FULL, "work.ndjson: No space left on device")
PLACE = Place(run_id=None, job_id="j1", machine_id="m", seq=4, t_ns=9, timestamp_s=1.0)


@pytest.mark.parametrize(
    ("circumstances", "category", "words"),
    [
        (Circumstances(), Category.INTERRUPTED, "the agent was killed"),
        (Circumstances(stopped=True), Category.INTERRUPTED, "the agent was stopped"),
        (Circumstances(status=-9), Category.WORKER_DIED, "killed by SIGKILL"),
        (Circumstances(status=-6), Category.WORKER_DIED, "killed by SIGABRT"),
        (Circumstances(status=-63), Category.WORKER_DIED, "signal 63"),
        (Circumstances(status=3), Category.WORKER_DIED, "exited with status 3"),
        (Circumstances(status=28), Category.WORKER_DIED, "exited with status 28"),
        (Circumstances(status=74, failure=FULL), Category.DISK_FULL, "No space left"),
        (
            Circumstances(failure=BenchraceError(Category.SYSTEM, "no such program")),
            Category.SYSTEM,
            "no such program",
        ),
    ],
)
def test_the_cause_is_named(circumstances: Circumstances, category: Category, words: str) -> None:
    event = ending(circumstances, PLACE)
    assert isinstance(event, JobError)
    assert event.payload.category is category
    assert words in event.payload.message
    assert event.payload.remedy
    assert (event.seq, event.stream, event.job_id) == (4, "agent", "j1")
    assert is_terminal(encode(event))


def test_what_was_asked_for_comes_before_what_broke() -> None:
    circumstances = Circumstances(status=-9, cancelled="enough", stopped=True, failure=FULL)
    event = ending(circumstances, PLACE)
    assert isinstance(event, JobCancelled)
    assert event.payload.reason == "enough"


def test_the_workers_last_words_are_kept() -> None:
    event = ending(Circumstances(status=1, stderr_tail="Traceback"), PLACE)
    assert isinstance(event, JobError)
    assert event.payload.detail == "Traceback"


@pytest.mark.parametrize("line", [b"", b"{", b"garbage\n", b'{"type":"job_done"}\n'])
def test_garbage_ends_nothing(line: bytes) -> None:
    assert not is_terminal(line)
