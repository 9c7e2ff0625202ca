"""What a process that measures, or asks engines, does not import."""

import pytest

from tests.cli.test_imports import imported

# What each engine's backend needs only once it generates, transcribes or downloads.
LATER = {"av", "httpx", "numpy"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "module",
    [
        "benchrace_compute.plugin",
        "benchrace_ollama.backend",
        "benchrace_openai.backend",
        "benchrace_llamacpp.backend",
        "benchrace_comfyui.backend",
        "benchrace_whisper.backend",
    ],
)
def test_a_backend_is_described_without_what_its_rounds_need(module: str) -> None:
    assert imported(f"import {module}") & LATER == set()


@pytest.mark.slow
def test_a_transcription_server_is_probed_without_a_decoder_of_audio() -> None:
    assert imported("import benchrace_whisper.server.client") & {"av", "numpy"} == set()
