"""Fixtures of central's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.central.hosting import Data, Host


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


@pytest.fixture
async def host(data: Data) -> AsyncIterator[Host]:
    async with data.host() as host:
        yield host
