"""Engines that earlier jobs left at work are waited for, and named where they stay so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.events import JobDone, Level, Log, RoundDone
from benchrace.protocol.job import UnsettledLane
from benchrace.testing import JobResult, job_lane, job_order, job_spec, plugin_ref
from benchrace.testing.job import run_order

pytestmark = pytest.mark.slow

PLUGIN = """
from benchrace.plugin import *
from benchrace.testing.scripted import ScriptedBackend

class Engine(ScriptedBackend):
    name, title = "engine", "Engine"
    asked = []

    async def settle(self, lane, context):
        Engine.asked.append(lane.label)
        context.log(f"asked {len(Engine.asked)}")
        if lane.params.units == 1:
            raise ValueError("a bug")
        if lane.params.units == 2:
            raise BenchraceError(Category.STREAM_ERROR, "odd answer")
        return len(Engine.asked) > lane.params.units - 4

@hookimpl
def benchrace_backends():
    return [Engine]
"""
Play = Callable[..., JobResult]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Run a job of two lanes after one that left an engine; `units` is what that engine does."""
    (tmp_path / "leaving.py").write_text(PLUGIN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def play(units: Any) -> JobResult:
        lanes = [job_lane(at, "scripted") for at in range(2)]
        spec = job_spec("scripted", lanes, rounds=1, warmup=0)
        plugins = [plugin_ref("benchrace.testing.scripted"), plugin_ref("leaving")]
        left = UnsettledLane(
            job_id="j" + "1" * 16,
            kind="scripted",
            lane=job_lane(0, "engine", {"units": units}),
        )
        order = job_order(spec, tmp_path, plugins)
        return run_order(msgspec.structs.replace(order, unsettled=(left,)))

    return play


def codes(done: JobResult) -> list[list[str]]:
    rounds = [event.payload for event in done.of(RoundDone)]
    return [[reason.code for reason in round_.verdict.reasons] for round_ in rounds]


def logs(done: JobResult) -> list[str]:
    return [event.payload.message for event in done.of(Log)]


def test_an_engine_that_has_settled_is_asked_once(play: Play) -> None:
    done = play(4)
    assert codes(done) == [[], []]
    assert [log for log in logs(done) if log.startswith("asked")] == ["asked 1"]


def test_rounds_beside_an_engine_that_stays_at_work_are_suspect(play: Play) -> None:
    done = play(5)
    assert codes(done) == [["engine_busy"], []]
    first = done.of(RoundDone)[0].payload.verdict
    assert first.level is Level.SUSPECT
    assert "lane 0 of job j1" in first.reasons[0].text
    assert any("may still be working" in log for log in logs(done))


@pytest.mark.parametrize("units", [1, 2, "many"])
def test_an_engine_that_cannot_tell_ends_no_job(play: Play, units: Any) -> None:
    done = play(units)
    assert isinstance(done.end, JobDone)
    assert codes(done) == [[], []]
