"""A worker imports only the measurement, or what the question to an engine needs."""

import subprocess
import sys

import pytest

FOREIGN = (
    "quart",
    "hypercorn",
    "websockets",
    "rich",
    "click",
    "httpx",
    "sqlite3",
    "psutil",
    "pynvml",
    "yaml",
    "prometheus_client",
    "platformdirs",
    "statistics",
    "numpy",
    "scipy",
    "benchrace.central",
    "benchrace.agent",
    "benchrace.cli",
    "benchrace.compat",
    "benchrace.protocol.agent_central",
    "benchrace.telemetry",
    "benchrace.stats",
    "benchrace.export",
    "benchrace.testing",
    "importlib.metadata",
)


def imported_by(*modules: str) -> set[str]:
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    return set(shown.split())


def test_a_job_imports_the_measurement_alone() -> None:
    result = imported_by("benchrace.worker.__main__", "benchrace.worker.job.job")
    assert "benchrace.worker.job.runner" in result
    assert result & set(FOREIGN) == set()


def test_a_job_of_one_kind_imports_no_other() -> None:
    compute = ("benchrace_compute.plugin", "benchrace_compute.backend")
    result = imported_by("benchrace.worker.__main__", "benchrace.worker.job.job", *compute)
    others = {"llm.single", "llm.serve", "speech.transcribe", "image.txt2img", "image.workflow"}
    assert "benchrace.kinds.compute" in result
    assert result & {f"benchrace.kinds.{name}" for name in others} == set()


def test_a_plugin_author_s_module_imports_no_loop_and_no_client() -> None:
    result = imported_by("benchrace.plugin")
    assert result & {*FOREIGN, "asyncio", "anyio", "benchrace.worker"} == set()


def test_registering_the_kernels_does_not_load_them() -> None:
    assert "benchrace_core" not in imported_by("benchrace_compute.plugin")


@pytest.mark.parametrize("name", ["ollama", "openai", "llamacpp", "comfyui", "whisper"])
def test_a_backend_is_described_without_what_its_rounds_need(name: str) -> None:
    assert imported_by(f"benchrace_{name}.backend") & {"av", "httpx", "numpy"} == set()


def test_a_transcription_server_is_probed_without_a_decoder_of_audio() -> None:
    assert imported_by("benchrace_whisper.server.client") & {"av", "numpy"} == set()
