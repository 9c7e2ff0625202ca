"""How a report is written into a callback: the native form, and those that others add."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from benchrace.agent.jobs.job_folder import JobSender
from benchrace.api.jobs import CallbackEvent, JobCallback


class Message(NamedTuple):
    """A callback's body, and the key that is the same however often it is sent."""

    key: str
    body: bytes


Form = Callable[[JobCallback, JobSender], Message]


def native(report: JobCallback, sender: JobSender) -> Message:
    """Write a report as it is. Pure."""
    return Message(f"{report.job_id}-{ending(report)}", msgspec.json.encode(report))


def ending(report: JobCallback) -> str:
    """Return what tells a job's callbacks apart, without a number for what only its end has.

    An agent that is started again, and tells of the end again, then does so under the same key.
    """
    if report.event is not CallbackEvent.STATUS:
        return report.event.removeprefix("job.")
    return f"status-{report.state if report.state.final else report.number}"
