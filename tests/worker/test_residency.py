"""One model in memory at a time, with real workers: who is asked to let go, and what stays."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest

from benchrace.events import Level, Log, RoundDone
from benchrace.run.job import JobLane
from benchrace.run.spec import Order, Resident
from benchrace.testing import JobResult, job_lane, job_spec, plugin_ref, run_job
from benchrace.worker.round import ordinal

# Engines of one process, each with what it holds: a lane's model is held until it is let go.
PLUGIN = """
from collections.abc import Iterable
import anyio
from benchrace.plugin import *

class P(Params, frozen=True, kw_only=True):
    model: str = "m"

class R(Record, frozen=True, kw_only=True):
    held: tuple[str, ...]
    alone: bool | None
    nonce: str

def derive(record, params):
    yield Measured(metric="held", value=len(record.held))

KIND = Kind(name="holding", title="Holding", params=P, record=R, derive=derive,
            metrics=(Metric(name="held", title="Held", unit="models", better=Better.LOWER,
                            headline=True),))
HELD = {"one": ["left-over"], "two": [], "stuck": ["its own"], "mocked": []}

class Settings(Config, frozen=True, kw_only=True):
    slow: bool = False

class One(Backend):
    name, title, config = "one", "One", Settings
    workloads = (Workload(kind=KIND, together=False),)

    async def open(self, lane, context):
        HELD[self.name].append(lane.params.model)

    async def round(self, lane, context):
        held = tuple(f"{name}:{model}" for name, all in HELD.items() for model in all)
        return R(held=held, alone=context.round.alone, nonce=context.round.nonce)

    async def release(self, keep, context):
        if self.settings is not None and self.settings.slow:
            raise BenchraceError(Category.BUSY, "it answers somebody else")
        kept = None if keep is None else keep.params.model
        HELD[self.name][:] = [model for model in HELD[self.name] if model == kept]
        context.log(f"{self.name} keeps {kept}")
        return ()

class Two(One):
    name, title = "two", "Two"

class Stuck(One):
    name, title = "stuck", "Stuck"

    async def release(self, keep, context):
        return ("stuck holds its own",) if keep is None else ()

class Mocked(One):
    name, title = "mocked", "Mocked"

    async def round(self, lane, context):
        context.invalid("simulated", "a mock answered")
        return await super().round(lane, context)

@hookimpl
def benchrace_backends():
    return [One, Two, Stuck, Mocked]

@hookimpl
def benchrace_kinds():
    return [KIND]
"""

Play = Callable[..., JobResult]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    def play(
        *lanes: tuple[str, str], config: Any = None, resident: Resident = Resident.ONE, **plan: Any
    ) -> JobResult:
        (tmp_path / "holding.py").write_text(dedent(PLUGIN))
        made = [job_lane(at, name, {"model": model}) for at, (name, model) in enumerate(lanes)]
        spec = job_spec("holding", made, rounds=1, warmup=0, **plan)
        return run_job(
            msgspec.structs.replace(spec, resident=resident),
            tmp_path,
            [plugin_ref("holding")],
            config=config,
            environment={"PYTHONPATH": str(tmp_path)},
        )

    return play


def rounds(done: JobResult) -> list[Any]:
    return [each.payload for each in done.of(RoundDone)]


def held(done: JobResult) -> list[list[str]]:
    return [[*each.record["held"]] for each in rounds(done)]


def codes(done: JobResult) -> list[list[str]]:
    return [[reason.code for reason in each.verdict.reasons] for each in rounds(done)]


def logs(done: JobResult) -> list[str]:
    return [each.payload.message for each in done.of(Log)]


def test_each_lane_has_the_memory_for_itself(play: Play) -> None:
    done = play(("one", "a"), ("two", "b"), ("one", "c"))
    engines = [[each for each in of if not each.startswith("stuck")] for of in held(done)]
    assert engines == [["one:a"], ["two:b"], ["one:c"]]
    assert [each.record["alone"] for each in rounds(done)] == [True] * 3
    assert codes(done) == [[], [], []]
    assert sum(each.startswith("alone in memory, by what one, two say") for each in logs(done)) == 3


def test_an_engine_that_no_lane_has_used_yet_is_asked_as_well(play: Play) -> None:
    assert "one keeps None" in logs(play(("two", "b"), ("one", "a")))


def test_what_cannot_be_let_go_marks_the_rounds_of_the_others(play: Play) -> None:
    done = play(("one", "a"), ("stuck", "s"))
    assert codes(done) == [["memory_shared"], []]
    assert rounds(done)[0].verdict.level is Level.SUSPECT
    assert rounds(done)[0].record["alone"] is False
    assert "not alone in memory: stuck holds its own" in logs(done)


def test_a_backend_that_fails_to_let_go_is_said_and_ends_nothing(play: Play) -> None:
    done = play(("one", "a"), config={"one": {"slow": True}})
    assert codes(done) == [["memory_shared"]]
    assert "it answers somebody else" in rounds(done)[0].verdict.reasons[0].text


def test_a_mock_shares_no_memory(play: Play) -> None:
    assert codes(play(("mocked", "m"), ("stuck", "s"))) == [["simulated"], []]


def test_a_run_may_leave_them_all_in_memory(play: Play) -> None:
    done = play(("one", "a"), ("two", "b"), resident=Resident.MANY, order=Order.ABBA)
    assert held(done)[-1][:3] == ["one:left-over", "one:a", "two:b"]
    assert [each.record["alone"] for each in rounds(done)] == [None, None]
    assert codes(done) == [[], []]


def test_a_model_is_kept_warm_unless_the_settings_say_otherwise(play: Play) -> None:
    assert logs(play(("one", "a"))).count("one keeps None") == 0


def test_settings_may_have_it_let_go_at_the_end(play: Play) -> None:
    done = play(("one", "a"), config={"one": {"keep_warm": False}})
    assert logs(done)[-1] == "one keeps None"


def test_lanes_of_unlike_models_get_equal_prompts_and_others_never(play: Play) -> None:
    done = play(("one", "a"), ("one", "b"), ("two", "a"), ("one", "A:latest"), ("one", "b"))
    one_a, one_b, two_a, one_again, b_again = (each.record["nonce"] for each in rounds(done))
    assert one_a == one_b
    assert two_a == b_again
    assert len({one_a, two_a, one_again}) == 3


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (["a", "b", "c"], [0, 0, 0]),
        (["a", "a", "b", "a"], [0, 1, 0, 2]),
        (["a", "A", "a:latest"], [0, 1, 2]),
        ([None, None], [0, 1]),
    ],
)
def test_ordinals_count_lanes_of_one_model(models: list[str | None], expected: list[int]) -> None:
    lanes = [
        JobLane(
            lane_id=f"lane-{at}",
            label="",
            backend=f"backend-{at}",
            params={} if model is None else {"model": model},
        )
        for at, model in enumerate(models)
    ]
    assert [ordinal(lanes, each.lane_id) for each in lanes] == expected
