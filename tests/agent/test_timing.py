"""The machine's own timing goes with what the agent tells of it."""

from pathlib import Path

from .conftest import StartAgent, wait_for

KEPT = '{"checked_at": 7, "check": {"timing_source": "kernel", "bias_ms": 0.1, "jitter_ms": 0.2}}'


def test_an_agent_tells_how_exactly_its_machine_stamps(
    start_agent: StartAgent, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "timing.json").write_text(KEPT)
    agent = start_agent(data=data).started()
    told = wait_for(lambda: agent.get("/capabilities")["timing"])
    assert told == {"checked_at": 7.0, "source": "kernel", "bias_ms": 0.1, "jitter_ms": 0.2}
