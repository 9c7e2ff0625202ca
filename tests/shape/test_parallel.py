"""Tests that run beside each other: what stays together, and what is alone."""

import itertools
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.parallel import PAGE, Turns, Units, leaves_out_slow, pytest_ignore_collect

CONFTEST = 'pytest_plugins = ["tests.parallel"]\n'
FILE = """
import fcntl, json, os, tempfile
from pathlib import Path
import pytest

HERE = Path(__file__)

def note(**about):
    with HERE.with_name("notes").open("a") as notes:
        fcntl.flock(notes, fcntl.LOCK_EX)
        notes.write(json.dumps({"file": HERE.stem, "pid": os.getpid(), **about}) + "\\n")

@pytest.fixture(scope="module")
def shared():
    note(what="start")

def test_one(shared):
    note(what="one", folders=[tempfile.gettempdir(), os.environ["TMPDIR"],
                              os.environ["XDG_DATA_HOME"]])

@pytest.mark.xdist_group("joined")
def test_joined():
    note(what="joined")

@pytest.mark.alone
def test_alone():
    note(what="begin")
    note(what="end")

def test_two(shared):
    note(what="two")
"""

BROWSER = """
import os
from pathlib import Path
import pytest

def note(what):
    with (Path(__file__).parents[2] / "notes").open("a") as notes:
        notes.write(f"{os.getpid()} {what}\\n")

@pytest.fixture(scope="package")
def browser():
    note("opened")
    yield
    note("closed")

@pytest.fixture
def visited(browser):
    note("visited")
"""
ELSEWHERE = (
    BROWSER.partition("@")[0]
    + """
@pytest.fixture
def visited():
    note("elsewhere")
"""
)
VISIT = """
def test_one(visited): pass
def test_two(visited): pass
"""


def run(root: Path, folder: Path, processes: int) -> str:
    """Run the tests of a folder in so many processes, and return what pytest prints."""
    flags = ["--dist", "loadgroup", "--no-loadscope-reorder", "-p", "no:cacheprovider"]
    environ = {key: text for key, text in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", str(processes), *flags],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_others_wait_for_the_one_that_is_alone_and_it_for_them(tmp_path: Path) -> None:
    turns = Turns(tmp_path)
    seen: list[str] = []
    both, leave, alone = threading.Barrier(3), threading.Event(), threading.Event()

    def together() -> None:
        with turns.turn(alone=False):
            both.wait(10)
            leave.wait(10)
            seen.append("together")

    def by_itself() -> None:
        with turns.turn(alone=True):
            seen.append("alone")
            alone.set()

    threads = [threading.Thread(target=together) for _ in range(2)]
    for note in threads:
        note.start()
    # Two are inside at once, or the barrier breaks.
    both.wait(10)
    threads.append(threading.Thread(target=by_itself))
    threads[-1].start()
    assert not alone.wait(0.05)
    leave.set()
    for note in threads:
        note.join(10)
    assert seen == ["together", "together", "alone"]


@pytest.mark.parametrize(
    ("nodeid", "unit"),
    [
        ("tests/run/test_plan.py::test_a", "tests/run/test_plan.py"),
        ("tests/run/test_plan.py::TestB::test_a[x::y@z]", "tests/run/test_plan.py"),
        ("tests/run/test_plan.py::test_a@alone", "alone"),
        ("tests/browser/test_race.py::test_a", "tests/browser/test_race.py"),
        ("tests/browser/test_race.py::test_a@alone", "alone"),
    ],
)
def test_a_file_is_a_unit_and_so_is_a_group(nodeid: str, unit: str) -> None:
    assert Units._split_scope(Units.__new__(Units), nodeid) == unit


@pytest.mark.parametrize(
    ("marks", "expression", "ignored"),
    [
        ("pytestmark = pytest.mark.slow", "not slow", True),
        ("pytestmark = [pytest.mark.slow, pytest.mark.timeout(9)]", "not slow", True),
        ("pytestmark = pytest.mark.slow", "not alone and not slow", True),
        ("pytestmark = pytest.mark.slow", "alone or not slow", None),
        ("pytestmark = pytest.mark.slow", "not (alone and not slow and s3)", None),
        ("pytestmark = pytest.mark.slow", "", None),
        ("pytestmark = pytest.mark.slow", "slow", None),
        ("pytestmark = pytest.mark.anyio", "not slow", None),
        ("@pytest.mark.slow\ndef test_it(): pass", "not slow", None),
    ],
)
def test_what_is_slow_as_a_whole_is_not_read_where_slow_tests_are_left_out(
    tmp_path: Path, marks: str, expression: str, ignored: bool | None
) -> None:
    config: Any = SimpleNamespace(getoption={"markexpr": expression}.get)
    file = tmp_path / "test_it.py"
    file.write_text(f"import pytest\n{marks}\n")
    assert pytest_ignore_collect(file, config) is ignored
    assert pytest_ignore_collect(tmp_path, config) is ignored
    (tmp_path / "test_other.py").touch()
    assert pytest_ignore_collect(tmp_path, config) is None


def test_what_make_check_chooses_leaves_out_the_slow_ones(root: Path) -> None:
    expressions = re.findall(r'-m "([^"]+)"', (root / "Makefile").read_text())
    (expression,) = (text for text in expressions if "slow" in text)
    assert leaves_out_slow(cast(Any, SimpleNamespace(getoption={"markexpr": expression}.get)))


@pytest.mark.slow
def test_two_files_in_two_processes(root: Path, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  alone: x\n  slow: x\n")
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).write_text(FILE)
    assert "8 passed" in run(root, tmp_path, processes=2)
    notes = [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]
    for name in ("test_a", "test_b"):
        of_file = [note for note in notes if note["file"] == name]
        shared = [note for note in of_file if note["what"] in ("start", "one", "two")]
        assert [note["what"] for note in shared] == ["start", "one", "two"]
        assert len({note["pid"] for note in shared}) == 1
    # Each group is one unit, which one process runs.
    for group in ("joined", "begin"):
        assert len({note["pid"] for note in notes if note["what"] == group}) == 1
    for begun, after in itertools.pairwise(notes):
        if begun["what"] == "begin":
            assert after == begun | {"what": "end"}
    folders = [tuple(note["folders"]) for note in notes if note["what"] == "one"]
    assert all(temporary == variable for temporary, variable, _ in folders)
    pids = {note["pid"] for note in notes if note["what"] == "one"}
    assert len({folder for note in folders for folder in note}) == 2 * len(pids)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 3])
def test_the_page_begins_in_two_processes_with_a_browser_each(
    root: Path, tmp_path: Path, processes: int
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for folder, fixtures, files in ((PAGE, BROWSER, 5), ("tests/run", ELSEWHERE, 2)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "conftest.py").write_text(fixtures)
        for number in range(files):
            name = f"test_{folder[6]}{number}.py"
            (tmp_path / folder / name).write_text(VISIT)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    assert "14 passed" in run(root, tmp_path, processes)
    notes = [line.split() for line in (tmp_path / "notes").read_text().splitlines()]
    seen = {pid: [what for of, what in notes if of == pid] for pid, _ in notes}
    browsers = [whats for whats in seen.values() if "opened" in whats]
    assert len(seen) == processes
    assert len(browsers) == min(processes, 2)
    for whats in browsers:
        end = whats.index("closed")
        assert whats[0] == "opened"
        assert set(whats[1:end]) == {"visited"}
        assert set(whats[end + 1 :]) <= {"elsewhere"}
    if processes == 1:
        assert browsers[0][-1] == "elsewhere"
