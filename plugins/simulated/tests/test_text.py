"""Text on a simulated machine: a real worker reads the scripted engine as it reads any other."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import pytest

from benchrace.events import JobDone, RoundDone
from benchrace.plugin.host.entry_points import SIMULATED_GROUP, discover
from benchrace.testing import JobResult, job_lane, job_spec, plugin_ref, run_job
from benchrace_simulated.engine import Engine
from benchrace_simulated.profiles import BY_KEY

pytestmark = pytest.mark.slow
PLUGIN = plugin_ref("benchrace_simulated.plugin", "simulated")


@pytest.fixture
def served() -> Iterator[Any]:
    """Serve an engine with one fast machine, and give its address for a share of failures."""
    with anyio.from_thread.start_blocking_portal() as portal:
        servers = []

        def serve(failures: float = 0.0) -> str:
            async def start() -> str:
                engine = Engine({"fast": BY_KEY["h100"]}, failures=failures)
                server, url = await engine.serve()
                servers.append(server)
                return url

            return portal.call(start)

        yield serve

        async def stop() -> None:
            for server in servers:
                server.close()

        portal.call(stop)
    assert threading.active_count() < 20


def raced(tmp_path: Path, url: str, model: str = "demo-1b-q8") -> JobResult:
    tmp_path.mkdir(exist_ok=True)
    lanes = [job_lane(0, "simulated", {"model": model, "max_tokens": 40})]
    table = {"base_url": url, "profile": "h100", "machine": "fast"}
    return run_job(
        job_spec("llm_generate", lanes, rounds=2), tmp_path, [PLUGIN], config={"simulated": table}
    )


def test_a_job_measures_what_the_script_says(served: Any, tmp_path: Path) -> None:
    result = raced(tmp_path, served())
    assert isinstance(result.end, JobDone), result.log
    rounds = [event.payload for event in result.events if isinstance(event, RoundDone)]
    for done in rounds:
        assert done.record is not None
        assert done.record["engine"]["name"] == "simulated"
        assert done.record["cache"] == "warm-unique"
        assert done.record["answer"]["usage"]["output"] == 40
    # The script has 460; a busy computer is slower, and hardly faster.
    rate = result.end.payload.metrics["gen_tokens_per_s"]
    assert isinstance(rate, float)
    assert 0 < rate < 700


def test_a_failing_fleet_fails_rounds_and_a_foreign_model_fails_the_lane(
    served: Any, tmp_path: Path
) -> None:
    failed = raced(tmp_path / "failed", served(1.0))
    assert "failed, as the fleet was asked to" in _text(failed)
    missing = raced(tmp_path / "missing", served(), "llama")
    assert "simulated machines have no model 'llama'" in _text(missing)


def test_no_other_agent_sees_the_plugin() -> None:
    assert "simulated" not in {ref.name for ref in discover()}
    assert [ref.module for ref in discover(SIMULATED_GROUP)] == ["benchrace_simulated.plugin"]


def _text(result: JobResult) -> str:
    return " ".join(repr(event) for event in result.events)
