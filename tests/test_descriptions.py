"""The descriptions that agents of the tests begin with."""

import os
import subprocess
import sys
from pathlib import Path

from benchrace.testing.limits import HANG_S
from tests import descriptions

LAY_OUT = """
import sys
from pathlib import Path
from tests import descriptions
data, sys.executable = Path(sys.argv[1]), sys.argv[2]
descriptions.lay_out(data)
"""


def lay_out(folder: Path, program: str) -> str:
    """Lay out a folder in a new process whose `benchrace` is a program of the test."""
    (folder / "tmp").mkdir()
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", LAY_OUT, str(folder / "data"), str(path)],
        cwd=Path(descriptions.__file__).parents[1],
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        timeout=2 * HANG_S,
        check=False,
    )
    return done.stderr


def test_a_command_that_describes_nothing_is_quoted(tmp_path: Path) -> None:
    assert "RuntimeError: `benchrace plugins` described nothing:\nno plugins here" in lay_out(
        tmp_path, "echo no plugins here >&2"
    )
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_data_folder_is_private_and_nothing_else_stays(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert lay_out(tmp_path, 'mkdir "$BENCHRACE_DATA_DIR/cache"') == ""
    finally:
        os.umask(before)
    data = tmp_path / "data"
    assert (data.stat().st_mode & 0o777, (data / "cache").is_dir()) == (0o700, True)
    assert list((tmp_path / "tmp").iterdir()) == []
