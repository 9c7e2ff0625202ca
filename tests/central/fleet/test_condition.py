"""What people are shown of a machine: ready, busy, degraded or offline, and why."""

import msgspec
import pytest

from benchrace.central.fleet.condition import ClockWatch, condition, problems
from benchrace.plugin.description import PluginDescription
from benchrace.plugin.readiness import Problem
from benchrace.protocol.liveness import Liveness
from benchrace.protocol.offset import Offset
from benchrace.run.machine import Condition
from benchrace.telemetry.environment import MachineProblem, ProblemCode
from tests.central.offer import capabilities


@pytest.mark.parametrize(
    ("liveness", "flags", "shown"),
    [
        (Liveness.ALIVE, (False, False, False), Condition.READY),
        (Liveness.ALIVE, (False, True, True), Condition.BUSY),
        (Liveness.ALIVE, (False, False, True), Condition.DEGRADED),
        (Liveness.SUSPECT, (False, True, False), Condition.DEGRADED),
        (Liveness.LOST, (False, True, False), Condition.OFFLINE),
        (Liveness.ALIVE, (True, False, False), Condition.OFFLINE),
    ],
)
def test_a_condition_in_one_word(
    liveness: Liveness, flags: tuple[bool, bool, bool], shown: Condition
) -> None:
    stopped, busy, degraded = flags
    assert condition(liveness, stopped=stopped, busy=busy, degraded=degraded) is shown


def test_a_broken_plugin_a_restart_and_a_full_disk_degrade() -> None:
    reported = msgspec.structs.replace(
        capabilities("m1"),
        restart="benchrace was updated",
        restart_remedy="Install it again.",
        problems=(Problem(message="data folder /d has only 1 GB free", remedy="Free some."),),
        plugins=(
            PluginDescription(name="p", module="p", distribution=None, version=None, error="boom"),
        ),
    )
    assert [problem.message for problem in problems(reported)] == [
        "benchrace was updated",
        "data folder /d has only 1 GB free",
        "the plugin p is broken: boom",
    ]
    assert next(problems(reported)).remedy == "Install it again."
    assert list(problems(None)) == []


def test_what_lowers_clocks_for_a_while_degrades_and_a_setting_does_not() -> None:
    reasons = tuple(
        MachineProblem(code, f"it is {code.value}", "Change it.")
        for code in (ProblemCode.THROTTLED, ProblemCode.ON_BATTERY, ProblemCode.TURBO_OFF)
    )
    reported = msgspec.structs.replace(capabilities("m1"), renewed=True)
    around = msgspec.structs.replace(reported.environment, problems=reasons)
    reported = msgspec.structs.replace(reported, environment=around)
    shown = [problem.message for problem in problems(reported)]
    assert shown == ["it is throttled", "it is on_battery"]
    # An agent that looks once does not report that it has ended.
    assert not list(problems(msgspec.structs.replace(reported, renewed=False)))


def test_a_wall_clock_that_is_off_is_named_with_its_direction() -> None:
    watch = ClockWatch()
    for theirs_s, words in ((103.0, "3.0 s ahead of"), (98.5, "1.5 s behind"), (100.5, "")):
        watch.note_wall(theirs_s, 100.0)
        text = " ".join(problem.message for problem in watch.problems(None))
        assert words in text
        assert bool(text) is bool(words)


def test_an_offset_that_is_badly_known_degrades() -> None:
    watch = ClockWatch()
    (problem,) = watch.problems(Offset(offset_ns=0, uncertainty_ns=30_000_000))
    assert "±30 ms only" in problem.message
    assert not list(watch.problems(Offset(offset_ns=0, uncertainty_ns=1_000_000)))
