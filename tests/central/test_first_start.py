"""Central's first start, killed at each file that it touches: the next start always serves."""

import subprocess
import sys
from pathlib import Path

import pytest

# One process forks all starts, so that none has to import everything again.
STARTS = """
import os, signal, sys, threading
from pathlib import Path
import anyio
from benchrace.central.server import serve
from benchrace.central.settings import CentralSettings

COUNTED = {"open", "os.mkdir", "os.rename", "os.remove", "os.truncate", "sqlite3.connect",
           "fcntl.flock", "socket.bind"}

def start(data, kill_at=None):
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    left, lock = [kill_at], threading.Lock()

    def count(event, about):
        if event not in COUNTED or (event == "open" and str(data) not in str(about[0])):
            return
        with lock:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if kill_at is not None:
        sys.addaudithook(count)
    settings = CentralSettings(data=data, port=0)
    try:
        anyio.run(lambda: serve(settings, ready=lambda url: os._exit(0)))
    finally:
        os._exit(1)

root, points = Path(sys.argv[1]), 0
while True:
    data = root / str(points)
    killed = start(data, points)
    again = start(data)
    if again:
        sys.exit(f"killed at point {points}, it does not start again")
    if killed == 0:
        break
    if killed != -signal.SIGKILL:
        sys.exit(f"at point {points} it ended with {killed}")
    points += 1
print(points)
"""


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_first_start_that_is_killed_anywhere_wedges_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STARTS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20
