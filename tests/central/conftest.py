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
    """Have nothing but this let time pass for a run; a `host` that is to heed it asks for it."""
    data.clock = moved = Moved()
    data.limits = data.limits_of_a_fleet
    return moved
