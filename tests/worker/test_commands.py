"""Cancel, shorten, the start line, and an agent that goes away."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.errors import Category
from benchrace.events import JobCancelled, JobDone, JobError, LaneError, Log, RoundDone, RoundStart
from benchrace.plugin.part import Part
from benchrace.protocol.agent_worker import Cancel, Go, PhaseNow, Shorten, WorkerExit, encode
from benchrace.run.planning.order import Slot
from benchrace.run.spec import Order
from benchrace.run.states import JobPhase
from benchrace.testing import Worker, read_journal
from benchrace.worker.commands import Commands

MakeOrder = Callable[..., Any]
LONG = {"units": 1000, "unit_s": 0.05}


def hear_until(worker: Worker, phase: JobPhase) -> PhaseNow:
    while (message := worker.hear()) is not None:
        if isinstance(message, PhaseNow) and message.phase is phase:
            return message
    raise AssertionError(f"the worker ended before it was {phase}: {worker.log}")


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(
    ("params", "phase"),
    [
        (LONG, JobPhase.RUNNING),
        ({"misdeed": "hang", "when": "open"}, JobPhase.OPENING),
        ({"misdeed": "swallow_cancel"}, JobPhase.RUNNING),
    ],
)
def test_a_cancel_ends_the_job_in_every_phase(
    order: MakeOrder, tmp_path: Path, params: dict[str, Any], phase: JobPhase
) -> None:
    with Worker(order(params, warmup=0)) as worker:
        hear_until(worker, phase)
        cancelled_at = time.monotonic()
        worker.say(Cancel(reason="a person"))
        assert worker.wait() == WorkerExit.DONE
        assert time.monotonic() - cancelled_at < 2
    events = read_journal(tmp_path)
    assert isinstance(events[-1], JobCancelled)
    assert events[-1].payload.reason == "a person"
    assert sum(isinstance(event, JobCancelled) for event in events) == 1
    closed = [event.payload.message for event in events if isinstance(event, Log)]
    assert closed[-1] == "close lane-0"


@pytest.mark.slow
def test_a_cancel_at_the_start_line_ends_the_job(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order(LONG, warmup=0, armed=True)) as worker:
        assert hear_until(worker, JobPhase.READY).heat == 0
        worker.say(Cancel(reason="too late"))
        assert isinstance(worker.hear(), PhaseNow)
        assert worker.wait() == WorkerExit.DONE
    events = read_journal(tmp_path)
    assert isinstance(events[-1], JobCancelled)
    assert not [event for event in events if isinstance(event, RoundStart)]


@pytest.mark.slow
def test_a_cancel_says_that_it_was_heard(order: MakeOrder) -> None:
    with Worker(order(LONG, warmup=0)) as worker:
        hear_until(worker, JobPhase.RUNNING)
        worker.say(Cancel(reason="a person"))
        hear_until(worker, JobPhase.CANCELLING)
        assert worker.hear() is None


@pytest.mark.slow
@pytest.mark.alone
def test_an_armed_heat_starts_at_its_instant(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order({}, armed=True)) as worker:
        assert hear_until(worker, JobPhase.READY).heat == 0
        before = read_journal(tmp_path)
        assert [item.payload.warmup for item in before if isinstance(item, RoundDone)] == [True]
        at_ns = time.monotonic_ns() + 300_000_000
        worker.say(Go(heat=0, at_ns=at_ns))
        hear_until(worker, JobPhase.RUNNING)
        assert worker.wait() == WorkerExit.DONE
    starts = [item for item in read_journal(tmp_path) if isinstance(item, RoundStart)]
    assert [start.payload.armed_ns for start in starts] == [None, at_ns, None]
    late_ns = starts[1].payload.started_ns - at_ns
    assert 0 <= late_ns < 50_000_000


def test_a_go_that_comes_before_its_heat_is_kept(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order({}, armed=True)) as worker:
        worker.say(Go(heat=0, at_ns=0))
        assert worker.wait() == WorkerExit.DONE
    assert isinstance(read_journal(tmp_path)[-1], JobDone)


def test_a_part_of_a_load_leaves_out_the_round_that_it_waits_for(
    order: MakeOrder, tmp_path: Path
) -> None:
    planned = order({}, rounds=3, armed=True)
    spec = planned.spec
    lane = msgspec.structs.replace(spec.lanes[0], part=Part(index=1, of=2))
    spec = msgspec.structs.replace(spec, lanes=(lane,))
    with Worker(msgspec.structs.replace(planned, spec=spec)) as worker:
        hear_until(worker, JobPhase.READY)
        worker.say(Shorten(rounds=0, lane_ids=("lane-0",)))
        assert worker.wait() == WorkerExit.DONE
    rounds = [event for event in read_journal(tmp_path) if isinstance(event, RoundDone)]
    assert all(event.payload.warmup for event in rounds)


def test_a_shortened_job_leaves_rounds_out(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order({}, {}, rounds=5, order=Order.ABBA, armed=True)) as worker:
        hear_until(worker, JobPhase.READY)
        worker.say(Shorten(rounds=2, lane_ids=("lane-0",)))
        worker.say(Shorten(rounds=4))
        worker.say(Go(heat=0, at_ns=0))
        assert worker.wait() == WorkerExit.DONE
    events = read_journal(tmp_path)
    counted = [
        event.lane_id
        for event in events
        if isinstance(event, RoundDone) and not event.payload.warmup
    ]
    assert (counted.count("lane-0"), counted.count("lane-1")) == (2, 4)
    assert isinstance(events[-1], JobDone)


@pytest.mark.slow
def test_an_agent_that_hangs_up_ends_the_job(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order(LONG)) as worker:
        hear_until(worker, JobPhase.OPENING)
        worker.hang_up()
        assert worker.wait() == WorkerExit.DONE
    end = read_journal(tmp_path)[-1]
    assert isinstance(end, JobError)
    assert (end.payload.category, end.payload.message) == (Category.INTERRUPTED, "agent gone")


@pytest.mark.slow
def test_an_agent_that_hangs_up_ends_even_a_blocked_job(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order({"misdeed": "block", "block_s": 60.0}, warmup=0)) as worker:
        hear_until(worker, JobPhase.RUNNING)
        worker.hang_up()
        assert worker.wait(8) == WorkerExit.DONE
    end = read_journal(tmp_path)[-1]
    assert isinstance(end, JobError)
    assert end.payload.category is Category.INTERRUPTED


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_worker_dies_with_its_agent(order: MakeOrder, tmp_path: Path) -> None:
    """The input stays open here, so that only the signal can tell."""
    agent = (
        "import os, subprocess, sys; read, write = os.pipe(); os.set_inheritable(write, True);"
        "w = subprocess.Popen([sys.executable, '-m', 'benchrace.worker'], stdin=read, "
        "pass_fds=[write]); os.write(write, sys.stdin.buffer.readline()); "
        "w.wait()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", agent],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode(order(LONG)))
        process.stdin.flush()
        assert b"opening" in process.stdout.readline()
        process.kill()
        killed = time.monotonic()
        # The worker shares this pipe, which ends when its last holder does.
        process.stdout.read()
        assert time.monotonic() - killed < 5
    events = read_journal(tmp_path)
    assert not isinstance(events[-1], JobError)


@pytest.mark.slow
def test_ctrl_c_in_the_agents_terminal_does_not_end_a_job(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order({"units": 4, "unit_s": 0.05})) as worker:
        hear_until(worker, JobPhase.RUNNING)
        os.kill(worker.process.pid, signal.SIGINT)
        assert worker.wait() == WorkerExit.DONE
    assert isinstance(read_journal(tmp_path)[-1], JobDone)


def test_a_line_that_is_no_command_is_passed_over(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order({}, armed=True)) as worker:
        hear_until(worker, JobPhase.READY)
        assert worker.process.stdin is not None
        worker.process.stdin.write(b'{"type":"dance"}\nnonsense\n')
        worker.say(Go(heat=0, at_ns=0))
        assert worker.wait() == WorkerExit.DONE
        assert worker.log.count("invalid command") == 2
    assert isinstance(read_journal(tmp_path)[-1], JobDone)


def test_no_lane_is_lost_in_a_cancelled_job(order: MakeOrder, tmp_path: Path) -> None:
    with Worker(order(LONG, LONG, order=Order.ABBA, warmup=0)) as worker:
        hear_until(worker, JobPhase.RUNNING)
        worker.say(Cancel(reason="x"))
        worker.wait()
    events = read_journal(tmp_path)
    assert not [event for event in events if isinstance(event, LaneError)]
    messages = [event.payload.message for event in events if isinstance(event, Log)]
    assert messages[-2:] == ["close lane-0", "close lane-1"]


@pytest.mark.parametrize(
    ("lane_ids", "lane_id", "counted", "warmup", "left_out"),
    [
        ((), "lane-0", 1, False, False),
        ((), "lane-0", 2, False, True),
        ((), "lane-0", 2, True, False),
        (("lane-1",), "lane-0", 2, False, False),
        (("lane-1",), "lane-1", 2, False, True),
    ],
)
def test_what_shorten_leaves_out(
    lane_ids: tuple[str, ...], lane_id: str, counted: int, warmup: bool, left_out: bool
) -> None:
    commands = Commands()
    commands.handle(Shorten(rounds=2, lane_ids=lane_ids))
    slot = Slot(lane_id=lane_id, round=9, warmup=warmup)
    assert commands.left_out(slot, counted) is left_out
