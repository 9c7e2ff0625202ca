"""One model in memory at a time, with real workers: who is asked to unload, and what stays."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest

from benchrace.events import JobError, LaneError, Level, Log, RoundDone
from benchrace.plugin.part import Part
from benchrace.run.spec import Order, ResidentModels
from benchrace.testing import JobResult, job_lane, job_spec, plugin_ref, run_job
from benchrace.worker.lanes.residency import Company

pytestmark = pytest.mark.slow

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
    draw: str

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

    async def preflight(self, lane, context):
        context.log(f"{self.name} is asked for {lane.params.model}")
        if lane.params.model == "missing":
            problem = Problem(message="there is no such model", remedy="Pull it.")
            return Readiness(problems=(problem,), category=Category.MISSING_MODEL)
        if lane.params.model == "bad":
            return Readiness(fields=(FieldError("model", "not a name"),))
        return "ready" if lane.params.model == "odd" else Readiness()

    async def open(self, lane, context):
        HELD[self.name].append(lane.params.model)

    async def round(self, lane, context):
        held = tuple(f"{name}:{model}" for name, all in HELD.items() for model in all)
        return R(held=held, alone=context.round.alone, nonce=context.round.nonce,
                 draw=context.round.draw)

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
        *lanes: tuple[str, Any],
        config: Any = None,
        resident: ResidentModels = ResidentModels.ONE,
        part: Part | None = None,
        **plan: Any,
    ) -> JobResult:
        (tmp_path / "holding.py").write_text(dedent(PLUGIN))
        job_lanes = [
            msgspec.structs.replace(job_lane(at, name, {"model": model}), part=part)
            for at, (name, model) in enumerate(lanes)
        ]
        spec = job_spec("holding", job_lanes, rounds=1, warmup=0, **plan)
        return run_job(
            msgspec.structs.replace(spec, resident=resident),
            tmp_path,
            [plugin_ref("holding")],
            config=config,
            environment={"PYTHONPATH": str(tmp_path)},
        )

    return play


def rounds(done: JobResult) -> list[Any]:
    return [event.payload for event in done.of(RoundDone)]


def held(done: JobResult) -> list[list[str]]:
    return [[*round_.record["held"]] for round_ in rounds(done)]


def codes(done: JobResult) -> list[list[str]]:
    return [[reason.code for reason in round_.verdict.reasons] for round_ in rounds(done)]


def logs(done: JobResult) -> list[str]:
    return [event.payload.message for event in done.of(Log)]


def test_each_lane_has_the_memory_for_itself(play: Play) -> None:
    done = play(("one", "a"), ("two", "b"), ("one", "c"))
    engines = [[item for item in of if not item.startswith("stuck")] for of in held(done)]
    assert engines == [["one:a"], ["two:b"], ["one:c"]]
    assert [round_.record["alone"] for round_ in rounds(done)] == [True] * 3
    assert codes(done) == [[], [], []]
    assert (
        sum(
            log.startswith("no other model is loaded in one, two (checked in ")
            for log in logs(done)
        )
        == 3
    )


@pytest.mark.parametrize(
    ("model", "category", "message", "remedy"),
    [
        ("missing", "missing_model", "there is no such model", "Pull it."),
        ("bad", "validation", "model: not a name", "Correct the named field"),
    ],
)
def test_what_can_be_refused_is_refused_before_anything_is_let_go(
    play: Play, model: str, category: str, message: str, remedy: str
) -> None:
    done = play(("one", model), ("two", "b"))
    (refused,) = [event.payload.error for event in done.of(LaneError)]
    assert (refused.category, refused.message) == (category, message)
    assert refused.remedy.startswith(remedy)
    # The first that was let go of anything was let go for the other lane.
    assert logs(done)[:2] == [f"one is asked for {model}", "two is asked for b"]
    assert "two:b" in held(done)[0]


def test_a_lane_of_another_parameter_is_refused_before_anything_is_let_go(play: Play) -> None:
    done = play(("one", 7))
    assert not any(log.startswith("one ") for log in logs(done))
    (error,) = done.of(JobError)
    assert "model" in error.payload.message


def test_an_answer_that_is_no_readiness_is_a_bug_of_the_plugin(play: Play) -> None:
    (error,) = play(("one", "odd")).of(JobError)
    assert error.payload.category == "plugin_error"


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
    done = play(("one", "a"), ("two", "b"), resident=ResidentModels.MANY, order=Order.ABBA)
    assert held(done)[-1][:3] == ["one:left-over", "one:a", "two:b"]
    assert [round_.record["alone"] for round_ in rounds(done)] == [None, None]
    assert codes(done) == [[], []]


def test_a_model_is_kept_warm_unless_the_settings_say_otherwise(play: Play) -> None:
    assert logs(play(("one", "a"))).count("one keeps None") == 0


def test_settings_may_have_it_let_go_at_the_end(play: Play) -> None:
    done = play(("one", "a"), config={"one": {"keep_warm": False}})
    assert logs(done)[-1] == "one keeps None"


def test_what_other_machines_make_load_for_stays_at_the_end(play: Play) -> None:
    part = Part(index=0, of=2)
    done = play(("one", "a"), config={"one": {"keep_warm": False}}, part=part)
    assert "one keeps None" not in logs(done)


def test_no_two_rounds_of_any_lanes_have_one_nonce(play: Play) -> None:
    done = play(("one", "a"), ("one", "b"), ("two", "a"), ("one", "A:latest"), ("one", "b"))
    nonces = [round_.record["nonce"] for round_ in rounds(done)]
    assert len(set(nonces)) == len(nonces) == 5


def test_all_lanes_draw_alike_in_a_round(play: Play) -> None:
    done = play(("one", "a"), ("one", "b"), ("two", "a"))
    assert len({round_.record["draw"] for round_ in rounds(done)}) == 1


def test_what_stays_is_named_briefly_with_each_reason_once() -> None:
    why = "(it cannot unload, and has no `launch` to stop it by)"
    stayed = tuple(f"server-{number} {why}" for number in range(9))
    text = Company(False, (*stayed, "two: it is busy")).text
    first = f"server-0, server-1, server-2 and 6 more {why}"
    assert text == f"not alone in memory: {first}; two: it is busy"
