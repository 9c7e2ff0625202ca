"""Commands that share the central of a data folder."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchrace.cli.connect.lease import Lease
from tests.cli.conftest import Call


def test_one_command_at_a_time_ends_a_central(tmp_path: Path) -> None:
    first, second = Lease(tmp_path), Lease(tmp_path)
    order: list[str] = []
    waiting = threading.Event()

    def waits() -> None:
        order.append("waits")
        waiting.set()

    def end() -> None:
        with first:
            second_in.wait()
            first.end_use(waits)
            order.append("ended")

    second_in = threading.Event()
    thread = threading.Thread(target=end)
    with second:
        thread.start()
        second_in.set()
        assert waiting.wait(10)
        order.append("second is done")
    thread.join(10)
    assert order == ["waits", "second is done", "ended"]


def test_a_killed_command_keeps_nobody_waiting(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time\nfrom benchrace.cli.connect.lease import Lease\n"
        f"with Lease(pathlib.Path({str(tmp_path)!r})) as lease, lease.starting():\n"
        "    print('in', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"in\n"
        other.kill()
    with Lease(tmp_path) as lease, lease.starting():
        lease.end_use(lambda: pytest.fail("nobody uses it"))


def test_a_data_folder_that_is_a_file_is_one_line(call: Call, data: Path) -> None:
    data.write_text("")
    for args in (["run", "--workload", "compute"], ["race"], ["central"], ["agent", "--port", "0"]):
        result = call(*args)
        assert result.exit_code == 1, result.output
        assert str(data) in result.stderr
        assert "Traceback" not in result.output
