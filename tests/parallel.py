"""How tests run beside each other in several processes (`pytest -n`).

A file is one unit of work, so that what its tests share is started once. Those of the page go to
two processes, each of which keeps a browser for them. A test marked `alone` waits until no other
one runs.
"""

import fcntl
import functools
import gc
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.nodeid import NodeId
from xdist.scheduler import LoadGroupScheduling

LOCKS = "locks"
FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME")
ALONE = "alone"
PAGE = "tests/browser/"
BROWSERS = 2
QUICK = "not slow"
# What tests leave behind is little: it need not be looked for so often.
_GARBAGE = (10_000, 20, 20)
_SLOW_FILE = re.compile(r"^pytestmark = .*\bpytest\.mark\.slow\b", re.MULTILINE)
_CHOICE = re.compile(r"\bor\b|\(")
_SHARED = pytest.StashKey[Path]()


class Units(LoadGroupScheduling):  # type: ignore[misc]
    """Hands out whole files, those of the page to few processes, and the groups that marks name."""

    def _split_scope(self, nodeid: str) -> str:
        group: str = super()._split_scope(nodeid)
        return group if group != nodeid else nodeid.split("::", 1)[0]

    def _pending_of(self, workload: dict[str, dict[str, bool]]) -> int:
        """Count what is left to a process, after each test: forget the units that are done."""
        for name in [name for name, tests in workload.items() if all(tests.values())]:
            del workload[name]
        pending: int = super()._pending_of(workload)
        return pending

    def _assign_work_unit(self, node: Any) -> None:
        """Assign the next unit that is for this process; the page goes first."""
        page = node in self.nodes[:BROWSERS]
        suitable = (unit for unit in self.workqueue if page or not unit.startswith(PAGE))
        if (unit := next(suitable, None)) is None:
            # What is left is for others.
            node.shutdown()
            return
        self.workqueue.move_to_end(unit, last=False)
        super()._assign_work_unit(node)


class PageFolder(pytest.Package):
    """The folder of the page: what its fixtures share for a `package` ends with its last test."""

    def setup(self) -> None:
        """Import nothing: the folder has no `__init__.py`."""


class Turns:
    """Locks that the processes of a session share: one test alone, or any others together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def turn(self, *, alone: bool) -> Iterator[None]:
        # Whoever waits to be alone holds the queue: those who come later cannot overtake it.
        with self._file("running") as running:
            with self._file("queue") as queue:
                fcntl.flock(queue, fcntl.LOCK_EX)
                fcntl.flock(running, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            yield

    @contextmanager
    def _file(self, name: str) -> Iterator[int]:
        """Open a file that what a test starts does not inherit; closing it gives up its lock."""
        fd = os.open(self._folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield fd
        finally:
            os.close(fd)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Units:
    return Units(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Name the folder of the locks to a process that is about to start."""
    stash = node.config.stash
    if _SHARED not in stash:
        stash[_SHARED] = Path(tempfile.mkdtemp(prefix="benchrace-tests-"))
    node.workerinput[LOCKS] = str(stash[_SHARED])


def pytest_unconfigure(config: pytest.Config) -> None:
    if _SHARED in config.stash:
        shutil.rmtree(config.stash[_SHARED], ignore_errors=True)


def leaves_out_slow(config: pytest.Config) -> bool:
    """Check whether slow tests are left out, whatever else `-m` leaves out as well."""
    expression = str(config.getoption("markexpr"))
    return QUICK in expression.split(" and ") and not _CHOICE.search(expression)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave slow files and folders unread where slow tests are left out: each process reads all."""
    if not leaves_out_slow(config):
        return None
    folder = collection_path.is_dir()
    files = [*collection_path.rglob("test_*.py")] if folder else [collection_path]
    return True if files and all(map(is_slow, files)) else None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if path != parent.config.rootpath / PAGE:
        return None
    folder: pytest.Collector = PageFolder.from_parent(parent, path=path)
    return folder


@functools.cache
def is_slow(file: Path) -> bool:
    """Check whether all tests of a file are marked slow at its top."""
    return file.suffix == ".py" and _SLOW_FILE.search(file.read_text()) is not None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Hide what is collected from the garbage collector: it stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that it is not left to one process; end with `alone`.

    Slow tests take long, and then files of many tests.
    """
    # Asking for the marks of 7,000 items is dear: each item is asked once.
    marks = {item: {mark.name for mark in item.iter_markers()} for item in items}
    slow = {item.path for item, names in marks.items() if "slow" in names}
    for item, names in marks.items():
        if ALONE in names:
            item.add_marker(pytest.mark.xdist_group(ALONE))

    many = Counter(item.path for item in items)

    def late(item: pytest.Item) -> tuple[bool, bool, bool, int]:
        page = item.nodeid.startswith(PAGE)
        return ALONE in marks[item], item.path not in slow, not page, -many[item.path]

    items.sort(key=late)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Append the groups to the names by which tests are handed out.

    pytest-xdist 3.8 does so in a field that pytest 9.2 does not read, and then knows no groups.
    """
    if not getattr(session.config.option, "loadgroup", False):
        return
    for item in session.items:
        groups = {str(mark.args[0]) for mark in item.iter_markers("xdist_group")}
        suffix = f"@{'_'.join(sorted(groups))}"
        if groups and not item.nodeid.endswith(suffix):
            item._id = NodeId.parse(item.nodeid + suffix)


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Collect the young garbage of a file: the sockets of its loops stay open until then."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect(1)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Wait for this test's turn; the time that it waits is not its own."""
    shared = getattr(item.config, "workerinput", {}).get(LOCKS)
    if shared is None:
        return (yield)
    with Turns(Path(shared)).turn(alone=bool(item.get_closest_marker(ALONE))):
        return (yield)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Separate the locks, data and settings of this process from those of any other."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("own", numbered=False)
        for name in ("TMPDIR", *FOLDERS):
            (folder / name.lower()).mkdir()
            patch.setenv(name, str(folder / name.lower()))
        patch.setattr(tempfile, "tempdir", None)
        # The width of a person's terminal, which `pytest -n` hands on: tables would be cut.
        patch.delenv("COLUMNS", raising=False)
        yield
