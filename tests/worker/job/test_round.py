"""A round on a machine that sleeps, with a fake clock."""

import re
from pathlib import Path
from typing import Any

import pytest

from benchrace.events import Level, RoundDone, decode
from benchrace.plugin import Context, Lane, Record
from benchrace.run.planning.order import Slot
from benchrace.store.journal import Journal
from benchrace.testing import FakeClock, ScriptedBackend, ScriptedParams, job_lane, job_spec
from benchrace.worker.commands import Commands
from benchrace.worker.control_client import ControlClient
from benchrace.worker.job.calls import Calls
from benchrace.worker.job.round import Rounds
from benchrace.worker.job.writer import Writer
from benchrace.worker.lanes.artifacts import Artifacts
from benchrace.worker.lanes.context import LaneContext
from benchrace.worker.lanes.lane import OpenLane
from benchrace.worker.lanes.throttle import Display, Flush
from benchrace.worker.loop_lag import LoopMonitor
from benchrace.worker.watchdog import Watchdog


class OnThisMachine(ScriptedBackend):
    """Does to the machine what the test asks, in the middle of a round."""

    clock: FakeClock
    asleep_s = 0.0
    blocked_s = 0.0
    jump_s = 0.0
    afterwards_s = 0.0

    async def round(self, lane: Lane[ScriptedParams], context: Context) -> Record:
        self.clock.sleep_s(self.asleep_s)
        self.clock.pass_s(self.blocked_s)
        self.clock.jump_s(self.jump_s)
        if self.afterwards_s:
            context.stop_timing()
            self.clock.pass_s(self.afterwards_s)
            context.stop_timing()
        return await super().round(lane, context)


async def played(tmp_path: Path, backend: OnThisMachine) -> Any:
    clock, commands = backend.clock, Commands()
    spec = job_spec("scripted", [job_lane(0, "scripted")])
    with Journal(tmp_path / "work.ndjson") as journal:
        writer = Writer(journal, spec, clock=clock, t0_ns=0)
        calls = Calls(Watchdog(lambda: 0, lambda: None), lambda over: None)
        context = LaneContext(
            "lane-0",
            "scripted",
            writer=writer,
            clock=clock,
            commands=commands,
            client=ControlClient(),
            artifacts=Artifacts(tmp_path),
            display=Display(Flush(), lambda _seconds, _call: None),
        )
        lane: Lane[Any] = Lane(
            lane_id="lane-0", label="a", kind="scripted", params=ScriptedParams()
        )
        open_lane = OpenLane(backend, backend.workloads[0], lane, context)
        rounds = Rounds(spec, writer=writer, clock=clock, calls=calls, monitor=LoopMonitor(clock))
        done = await rounds.play(open_lane, Slot(lane_id="lane-0", round=0, heat=0), None)
        last = decode(journal.path.read_bytes().splitlines()[-1])
    assert isinstance(last, RoundDone)
    assert last.payload.verdict == done.verdict
    return done


@pytest.fixture
def backend() -> OnThisMachine:
    result = OnThisMachine()
    result.clock = FakeClock()
    return result


async def test_a_machine_that_slept_makes_the_round_invalid(
    tmp_path: Path, backend: OnThisMachine
) -> None:
    backend.asleep_s = 60
    done = await played(tmp_path, backend)
    assert done.verdict.level is Level.INVALID
    assert [reason.code for reason in done.verdict.reasons] == ["suspended"]
    assert done.elapsed_ns == 0


async def test_a_clock_on_the_wall_that_jumps_changes_nothing(
    tmp_path: Path, backend: OnThisMachine
) -> None:
    backend.jump_s = -86_400
    done = await played(tmp_path, backend)
    assert done.verdict.level is Level.VALID
    assert done.elapsed_ns == 0


async def test_a_round_that_blocks_and_returns_is_found_out(
    tmp_path: Path, backend: OnThisMachine
) -> None:
    backend.blocked_s = 0.3
    done = await played(tmp_path, backend)
    assert [reason.code for reason in done.verdict.reasons] == ["loop_blocked"]
    # The lag is counted from the last turn before it, which may have been a moment late itself.
    assert re.search(r"\b(29\d|30\d) ms", done.verdict.reasons[0].text)
    assert done.elapsed_ns == 300_000_000


async def test_what_comes_after_the_timed_part_is_not_in_the_round(
    tmp_path: Path, backend: OnThisMachine
) -> None:
    backend.blocked_s, backend.afterwards_s = 0.1, 60
    done = await played(tmp_path, backend)
    assert done.elapsed_ns == 100_000_000
    # Nor what it does to the loop.
    assert done.verdict.level is Level.VALID
