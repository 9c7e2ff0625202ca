"""Fixtures of central's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.central.hosting import Data, Host, Moved


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


@pytest.fixture
async def host(data: Data) -> AsyncIterator[Host]:
    async with data.host() as host:
        yield host


@pytest.fixture
def clock(data: Data) -> Moved:
    """The clock of a run, which only the test advances; a `host` uses it if it requests it."""
    data.clock = moved = Moved()
    data.limits = data.limits_of_a_fleet
    return moved
