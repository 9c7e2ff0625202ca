"""The machine's own timing goes with what the agent tells of it."""

from pathlib import Path

import pytest

from benchrace.protocol import agent_central as m
from benchrace.protocol.timing import Timing
from tests.agent.conftest import StartAgent
from tests.agent.fake_central import FakeCentral

pytestmark = pytest.mark.slow
KEPT = '{"checked_at": 7, "check": {"timing_source": "kernel", "bias_ms": 0.1, "jitter_ms": 0.2}}'


def test_an_agent_tells_how_exactly_its_machine_stamps(
    start_agent: StartAgent, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "timing.json").write_text(KEPT)
    with FakeCentral() as central:
        start_agent(data=data, central=central.url, token="secret").started()
        capabilities = central.link().welcome().until(m.CapabilitiesChanged).capabilities.timing
    assert capabilities == Timing(checked_at=7.0, source="kernel", bias_ms=0.1, jitter_ms=0.2)
