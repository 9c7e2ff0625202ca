"""Stand-ins for llama.cpp's programs, as executables, and what the tests start with them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .harness import Bench


@pytest.fixture(autouse=True)
def no_store_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the models of whoever runs the tests out of them."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "no-ollama"))
    monkeypatch.setenv("RESET_LOG_DIR", str(tmp_path / "logs"))


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """Return what starts backends with stand-ins; at the end nothing of it runs."""
    started = Bench(tmp_path, monkeypatch)
    try:
        yield started
    finally:
        await started.aclose()
