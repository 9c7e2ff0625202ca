from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assets.file_server import FileServer
from tests.assets.machine import DATA, Machine


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer(DATA).running() as server:
        yield server


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
