"""A program of llama.cpp ends with the process that started it, however that ends."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchrace.plugin import BenchraceError
from benchrace.testing.limits import HANG_S
from benchrace_llamacpp import process as process_module
from benchrace_llamacpp.process import GuardedProcess, is_running

_PR_SET_CHILD_SUBREAPER = 36
STARTER = """
import sys, pathlib
from benchrace_llamacpp.process import GuardedProcess
process = GuardedProcess(["sleep", "600"], pathlib.Path(sys.argv[1]))
while process.program() is None: pass
print(process.program().pid, flush=True)
sys.stdin.read()
"""


def test_a_program_does_not_outlive_a_killed_starter(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path / "x.log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        program = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
        starter.wait(HANG_S)
        _wait_for_the_end_of(program)


def test_the_whole_group_ends_when_it_is_stopped(tmp_path: Path) -> None:
    words = ["sh", "-c", "trap '' TERM; sleep 600 & wait; sleep 600"]
    process = GuardedProcess(words, tmp_path / "x.log")
    while (program := process.program()) is None or not program.children():
        continue
    family = [program, *program.children()]
    os.kill(program.pid, signal.SIGSTOP)
    while not process.suspended():
        continue
    process.kill()
    _wait_for_the_end_of(*family)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone")
def test_a_program_that_nobody_reaps_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_KILL_S", 10 * HANG_S)
    process = GuardedProcess(["sleep", "600"], tmp_path / "x.log")
    while (program := process.program()) is None:
        continue
    # Stopped, the guard cannot reap the program while both are being killed.
    os.kill(process.pid, signal.SIGSTOP)
    while psutil.Process(process.pid).status() != psutil.STATUS_STOPPED:
        continue
    libc = ctypes.CDLL(None)
    # Orphans become children of this process, which reaps none, like PID 1 of many containers.
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        began = time.monotonic()
        process.kill()
        assert time.monotonic() - began < HANG_S
        assert program.status() == psutil.STATUS_ZOMBIE
        os.waitpid(program.pid, 0)
    finally:
        assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0


def test_its_status_is_the_programs(tmp_path: Path) -> None:
    process = GuardedProcess(["sh", "-c", "echo no >&2; exit 3"], tmp_path / "x.log")
    assert process._process.wait(HANG_S) == 3
    assert process.tail() == "no"
    process.stop()
    aborted = GuardedProcess(["sh", "-c", "kill -ABRT $$"], tmp_path / "x.log")
    assert aborted._process.wait(HANG_S) == 128 + signal.SIGABRT
    assert (tmp_path / "x.old.log").read_text() == "no\n", "the log of the run before stays"
    aborted.stop()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    process = GuardedProcess([str(tmp_path / "nothing")], tmp_path / "x.log")
    assert process._process.wait(HANG_S) == 127
    assert "cannot start" in process.tail()
    process.stop()


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchraceError, match="cannot start"):
        GuardedProcess(["true"], tmp_path / "file" / "x.log")


def test_arguments_of_the_environment_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_ARG_PORT", "8080")
    monkeypatch.setenv("LLAMA_API_KEY", "secret")
    process = GuardedProcess(["env"], tmp_path / "x.log")
    assert process._process.wait(HANG_S) == 0
    assert "LLAMA_ARG_PORT" not in process.text()
    assert "LLAMA_API_KEY" not in process.text()
    assert "GGML_NO_BACKTRACE=1" in process.text()
    process.stop()


def _wait_for_the_end_of(*processes: psutil.Process) -> None:
    until = time.monotonic() + HANG_S
    while any(map(is_running, processes)):
        assert time.monotonic() < until, "they still run"
