"""The engines that tests run in their own process, and the parameters of a short lane."""

from typing import Any

import pytest

from benchrace.plugin import Backend
from benchrace_whisper.cpp.backend import WhisperCpp
from benchrace_whisper.faster.backend import FasterWhisper

ENGINES: list[tuple[type[Backend], str]] = [(FasterWhisper, "tiny"), (WhisperCpp, "tiny.en")]
NAMES = ["faster-whisper", "whisper-cpp"]
both = pytest.mark.parametrize(("backend", "model"), ENGINES, ids=NAMES)


def params(model: str, **changes: Any) -> dict[str, Any]:
    """Return the parameters of a lane on a recording of two seconds."""
    base = {"model": model, "audio": "two.wav", "language": "en", "beam": 1, "threads": 1}
    return {**base, "device": "cpu", **changes}
