"""A real Whisper engine whose worker is killed in the middle of a recording."""

import os
import signal
import sys
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import AgentProcess, StartAgent, wait_for

pytest.importorskip("benchrace_whisper")
pytest.importorskip("faster_whisper")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

HERE = Path(__file__).resolve().parents[3] / "plugins/whisper/tests"
WORKER = [sys.executable, "-P", "-m", "benchrace.worker"]
# Twenty windows of speech: long after the first of them is heard, there is more to do.
LONG_S = 600


def module(path: Path) -> Any:
    """Load a module of the plugin's tests."""
    spec = util.spec_from_file_location(f"whisper_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def transcribe(agent: AgentProcess, audio: str) -> str:
    params = {"model": "tiny", "audio": audio, "language": "en", "beam": 1, "threads": 1}
    request = {
        "kind": "transcribe",
        "backend": "faster-whisper",
        "params": {**params, "device": "cpu"},
    }
    answer = agent.http.post("/jobs", json=request)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def test_a_killed_transcription_fails_with_its_reason_and_the_next_one_is_well(
    start_agent: StartAgent, tmp_path: Path
) -> None:
    models, audio = tmp_path / "models", tmp_path / "audio"
    module(HERE / "models/ct2.py").write(models / "tiny")
    audio.mkdir()
    sounds = module(HERE / "sounds.py")
    sounds.write(audio / "long.wav", sounds.tones(LONG_S))
    sounds.write(audio / "two.wav", sounds.tones(2))
    table = {"models_folder": str(models), "audio_folders": [str(audio)]}
    agent = start_agent(worker=WORKER, tables={"faster-whisper": table}).started()
    job_id = transcribe(agent, "long.wav")

    def is_heard() -> bool:
        return any(event["type"] == "compute_line" for event in agent.events(job_id))

    wait_for(is_heard)
    os.kill(agent.worker_pid(job_id), signal.SIGKILL)
    job = agent.until(job_id, "done", "failed")
    assert job["state"] == "failed"
    assert job["error"]["category"] == "worker_died"
    assert "was killed by SIGKILL" in job["error"]["message"]
    types = [event["type"] for event in agent.events(job_id)]
    assert types.count("round_start") == 1
    assert "round_done" not in types
    again = transcribe(agent, "two.wav")
    well = agent.until(again, "done", "failed")
    assert well["state"] == "done", well
    assert well["metrics"]["audio_s"] == 2.0
