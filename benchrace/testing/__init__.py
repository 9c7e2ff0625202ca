"""Helpers for testing plugins: fakes, a recording context, real workers, contract tests.

`BackendContract` is in `benchrace.testing.contract`, and `TextContract`, for engines that generate
text, in `benchrace.testing.text`; both need pytest.
"""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.testing.clock import FakeClock
    from benchrace.testing.context import RecordingContext
    from benchrace.testing.job import (
        JobResult,
        Worker,
        ask,
        job_lane,
        job_order,
        job_spec,
        plugin_ref,
        read_journal,
        run_job,
    )
    from benchrace.testing.scripted import SCRIPTED, Misdeed, ScriptedBackend, ScriptedParams

__all__ = [
    "SCRIPTED",
    "FakeClock",
    "JobResult",
    "Misdeed",
    "RecordingContext",
    "ScriptedBackend",
    "ScriptedParams",
    "Worker",
    "ask",
    "job_lane",
    "job_order",
    "job_spec",
    "plugin_ref",
    "read_journal",
    "run_job",
]

__getattr__ = exports(
    __name__,
    {
        "benchrace.testing.clock": "FakeClock",
        "benchrace.testing.context": "RecordingContext",
        "benchrace.testing.job": (
            "JobResult Worker ask job_lane job_order job_spec plugin_ref read_journal run_job"
        ),
        "benchrace.testing.scripted": "SCRIPTED Misdeed ScriptedBackend ScriptedParams",
    },
)
