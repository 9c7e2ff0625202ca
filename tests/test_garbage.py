"""Collections are rare in a process of a command, and none visits everything at its end."""

import subprocess
import sys

CODE = """
import atexit, gc
atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 1000))
from benchrace.cli.main import main
main(["--version"])
"""


def test_a_command_collects_rarely_and_not_at_its_end() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "20000 True"
