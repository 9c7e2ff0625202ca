"""Two engines race in one job, in a real worker process."""

import json
from pathlib import Path

import pytest

from benchrace.events import Artifact, ComputeLine, JobDone, Log, Progress, RoundDone
from benchrace.testing import job_lane, job_spec, plugin_ref, run_job
from benchrace.testing.limits import HANG_S
from benchrace_whisper.config import MODELS_VARIABLE

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whisper")]

SHORT = {"audio": "sample-10s", "language": "en", "beam": 1, "threads": 1, "device": "cpu"}


def test_two_engines_transcribe_one_recording(models: Path, tmp_path: Path) -> None:
    lanes = [
        job_lane(0, "faster-whisper", {**SHORT, "model": "tiny"}),
        job_lane(1, "whisper-cpp", {**SHORT, "model": "tiny.en"}),
    ]
    done = run_job(
        job_spec("transcribe", lanes, rounds=1, warmup=0),
        tmp_path,
        [plugin_ref("benchrace_whisper.plugin")],
        environment={MODELS_VARIABLE: str(models)},
        timeout_s=HANG_S,
    )
    assert isinstance(done.end, JobDone), done.log
    assert done.status == 0
    rounds = done.of(RoundDone)
    assert [(one.lane_id, one.payload.warmup) for one in rounds] == [
        ("lane-0", False),
        ("lane-1", False),
    ]
    # Equal audio is what makes lanes comparable, and each transcript is kept with its audio.
    assert len({one.payload.record["prompt_digest"] for one in rounds}) == 1
    assert all(one.payload.record["files"][0]["words"]["reference"] == 33 for one in rounds)
    names = [one.payload.name for one in done.of(Artifact)]
    assert (names.count("transcript.json"), names.count("audio-0.opus")) == (2, 2)
    for one in done.of(Artifact):
        digest = one.payload.digest.removeprefix("sha256:")
        data = (tmp_path / "artifacts" / digest).read_bytes()
        if one.payload.name == "transcript.json":
            (transcript,) = json.loads(data)
            assert transcript["reference"].startswith("The ferry")
    logs = [one.payload.message for one in done.of(Log)]
    assert sum(line.startswith("no other model is loaded in ") for line in logs) == 2
    lines = [one.payload.line for one in done.of(ComputeLine)]
    assert lines
    assert all(line.startswith("[0") for line in lines)
    assert done.of(Progress)[-1].payload.unit == "s of audio"
