"""A real agent with the real worker and plugin, one for all the older routes."""

from collections.abc import Iterator

import httpx
import pytest

from tests.agent.conftest import AgentProcess


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Speak to an agent as an older client would."""
    agent = AgentProcess(tmp_path_factory.mktemp("agent") / "data", defaults={"sampling_s": 0.2})
    yield agent.started().http
    assert agent.stop() == 0
    agent.close()
