"""What a lane that fails to open or to close leaves: its output is shown, its memory freed."""

from pathlib import Path
from textwrap import dedent

import pytest

from benchrace.events import LaneError, LlmToken, Log
from benchrace.testing import JobResult, job_lane, job_spec, plugin_ref, run_job

pytestmark = pytest.mark.slow

PLUGIN = """
import gc
from benchrace.plugin import *

class P(Params, frozen=True, kw_only=True):
    fails: str

class R(Record, frozen=True, kw_only=True):
    cost: int

KIND = Kind(name="failing", title="Failing", params=P, record=R,
            derive=lambda record, params: [Measured(metric="cost", value=record.cost)],
            metrics=(Metric(name="cost", title="Cost", unit="u", better=Better.LOWER,
                            headline=True),))
freed = []
imported_at = gc.get_threshold()[0]

class Model:
    def __init__(self):
        self.parts = [self]

    def __del__(self):
        freed.append(self)

def fail(context, text):
    context.token(text)
    raise BenchraceError(Category.UNREACHABLE, "no answer")

class Failing(Backend):
    name, title = "failing", "Failing"
    workloads = (Workload(kind=KIND),)

    async def open(self, lane, context):
        context.log(f"{imported_at} {gc.get_threshold()[0]}, freed {len(freed)}")
        # Only what the worker itself collects is to be freed.
        gc.disable()
        if lane.params.fails == "open":
            model = Model()
            fail(context, "half a line")

    async def round(self, lane, context):
        return R(cost=1)

    async def close(self, lane, context):
        if lane.params.fails == "close":
            fail(context, "the rest")

@hookimpl
def benchrace_backends():
    return [Failing]

@hookimpl
def benchrace_kinds():
    return [KIND]
"""


@pytest.fixture
def done(tmp_path: Path) -> JobResult:
    (tmp_path / "failing.py").write_text(dedent(PLUGIN))
    fails = ("open", "close")
    lanes = [job_lane(at, "failing", {"fails": when}) for at, when in enumerate(fails)]
    return run_job(
        job_spec("failing", lanes, rounds=1, warmup=0),
        tmp_path,
        [plugin_ref("failing")],
        environment={"PYTHONPATH": str(tmp_path)},
    )


def test_what_a_lane_held_back_comes_before_its_failure(done: JobResult) -> None:
    shown = [
        (event.lane_id, type(event))
        for event in done.events
        if isinstance(event, LlmToken | LaneError)
        or (isinstance(event, Log) and event.payload.level == "error")
    ]
    assert shown == [
        ("lane-0", LlmToken),
        ("lane-0", LaneError),
        ("lane-1", LlmToken),
        ("lane-1", Log),
    ]


def test_the_memory_of_a_failed_open_is_freed_before_the_next(done: JobResult) -> None:
    opened = [event.payload.message for event in done.of(Log) if event.payload.level == "info"]
    assert [message.split(", ")[1] for message in opened] == ["freed 0", "freed 1"]


def test_collections_are_rare_while_plugins_are_imported_alone(done: JobResult) -> None:
    (first, *_) = done.of(Log)
    imported_at, opened_at = map(int, first.payload.message.split(", ")[0].split())
    assert imported_at == 200_000
    assert 0 < opened_at < 20_000
