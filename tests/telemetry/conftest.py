"""Recorded machines, laid out afresh for each test, so that a test may change their files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.recorded import PlayedNvml, open_recorded

MACHINES = Path(__file__).parent / "machines"


class Machine:
    """A recorded machine, its files, and its NVML to play tricks with."""

    def __init__(self, name: str, files: Path) -> None:
        self.folder = MACHINES / name
        self.files = files
        self.root: Root = open_recorded(self.folder, files)

    @property
    def nvml(self) -> PlayedNvml:
        assert isinstance(self.root.nvml, PlayedNvml)
        return self.root.nvml

    def write(self, path: str, text: str) -> None:
        target = self.files / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[str], Machine]:
    def open_machine(name: str) -> Machine:
        return Machine(name, tmp_path / name)

    return open_machine


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses `machine_name` on every recorded machine."""
    if "machine_name" in metafunc.fixturenames:
        names = sorted(path.parent.name for path in MACHINES.glob("*/machine.json"))
        metafunc.parametrize("machine_name", names)
