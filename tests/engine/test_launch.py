"""A real server that is started, reset and stopped by its configuration."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from benchrace.plugin import Device, Lane
from benchrace.testing import RecordingContext
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.config import OpenAIConfig
from benchrace_openai.params import GenerateOptions
from tests.engine.llama_server import ROOT, command, free_port
from tests.engine.models import Models

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def backend(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenAIBackend]:
    """A backend whose server does not run yet; started processes end with the test."""
    monkeypatch.setenv("RESET_LOG_DIR", str(tmp_path / "logs"))
    port = free_port()
    words = command(models.path("tiny"), port, context=2048, slots=1, alias="tiny")
    launch = {"command": words, "environment": {"PYTHONPATH": str(ROOT)}}
    table = {"base_url": f"http://127.0.0.1:{port}", "launch": launch}
    openai = OpenAIBackend(msgspec.convert(table, OpenAIConfig))
    yield openai
    for process in psutil.process_iter():
        try:
            if str(port) in process.cmdline():
                process.kill()
        except psutil.Error:
            continue


async def test_it_starts_resets_and_stops(backend: OpenAIBackend) -> None:
    context = RecordingContext()
    assert not (await backend.probe(context)).reachable
    started = await backend.start(context)
    assert (started.ok, started.notes) == (True, ())
    assert started.pid is not None
    probe = await backend.probe(context)
    assert ([model.name for model in probe.models], probe.started) == (["tiny"], True)

    done = await backend.reset(context)
    assert (done.stopped, done.healthy) == (True, True)
    assert done.time_to_ready_ms is not None
    assert done.start_command is not None
    assert "tests.engine.llama_server" in done.start_command
    assert done.start_log_file is not None
    assert not psutil.pid_exists(started.pid) or psutil.Process(started.pid).status() == "zombie"

    assert (await backend.stop(context)).ok
    assert not (await backend.probe(context)).reachable
    await context.aclose()


def process_of(pid_file: Path) -> psutil.Process:
    return psutil.Process(int(pid_file.read_text().split()[0]))


async def test_it_is_started_on_the_gpus_of_its_lanes(backend: OpenAIBackend) -> None:
    context = RecordingContext()
    context.gpus = [
        Device(index=n, kind="nvidia", number=n, uuid=f"GPU-{n}", name="A100") for n in range(2)
    ]
    pid_file = Path(os.environ["RESET_LOG_DIR"], "openai.pid")
    seen = []
    for gpu in ("1", "GPU-0", ""):
        params = GenerateOptions(model="tiny", max_tokens=4, gpu=gpu)
        lane = Lane(lane_id=f"gpu {gpu}", label="l", kind="llm_generate", params=params)
        assert (await backend.preflight(lane, context)).ready
        await backend.open(lane, context)
        context.begin()
        record: Any = await backend.round(lane, context)
        await backend.close(lane, context)
        environ = process_of(pid_file).environ().get("CUDA_VISIBLE_DEVICES")
        seen.append((record.engine.settings.get("gpu"), environ))
    assert seen == [("1 (A100, GPU-1)", "GPU-1"), ("0 (A100, GPU-0)", "GPU-0"), (None, None)]
    assert (await backend.stop(context)).ok
    await context.aclose()
