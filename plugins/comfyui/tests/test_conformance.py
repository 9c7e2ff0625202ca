"""The contract of backends, on the stand-in."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from benchrace.plugin import Backend, Config
from benchrace.testing.contract import BackendContract
from benchrace_comfyui.config import ComfyConfig

from .harness import LITE, NEW, QuickComfy, StandIn

SMALL = {"model": LITE, "steps": 4, "width": 64, "height": 64, "allow_cpu": True}


class TestComfy(BackendContract):
    backend: ClassVar[type[Backend]] = QuickComfy
    params: ClassVar[dict[str, Any]] = SMALL
    long_params: ClassVar[dict[str, Any]] = {**SMALL, "steps": 10_000}
    config: ClassVar[Config | None] = None

    @pytest.fixture(autouse=True)
    def address(self, shared: Callable[[str], StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "config", ComfyConfig(base_url=shared(NEW).url))
