"""Fixtures of the tests of faults: a central in the test's process, and agents as processes."""

from pathlib import Path

import pytest

from tests.agent.conftest import start_agent
from tests.central.conftest import clock, data, host
from tests.faults.shim import compile_shim
from tests.flow.conftest import fleet

__all__ = ["clock", "data", "fleet", "host", "start_agent"]


@pytest.fixture(scope="session")
def shim_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = compile_shim(tmp_path_factory.mktemp("shim"))
    if library is None:
        pytest.skip("the shim needs Linux and a C compiler")
    return library
