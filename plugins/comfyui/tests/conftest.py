"""A stand-in for ComfyUI, shared by the tests of a module while it lives."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from benchrace.kinds import TXT2IMG, WORKFLOW
from benchrace.plugin import Lane
from benchrace.testing import RecordingContext
from benchrace_comfyui.config import VARIABLE, ComfyConfig

from .harness import (
    DEFAULTS,
    EXAMPLES,
    NEW,
    OLD,
    QuickComfy,
    Racing,
    StandIn,
    Start,
    options,
    starting,
    workflow_options,
)


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from a ComfyUI of this computer's user."""
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(autouse=True)
def free_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait no time for a stand-in that frees: it does so before it begins its next prompt."""
    monkeypatch.setattr("benchrace_comfyui.load._FREEING_S", 0.0)


@pytest.fixture
def start() -> Iterator[Start]:
    with starting() as one:
        yield one


@pytest.fixture(scope="module")
def shared() -> Iterator[Callable[[str], StandIn]]:
    """Return the stand-in of a version, which the tests of a module share while it lives."""
    running: dict[str, StandIn] = {}
    with starting() as one:

        def of(version: str) -> StandIn:
            if version not in running:
                running[version] = one("--version", version)
            return running[version]

        yield of


@pytest.fixture(params=[NEW, OLD])
def either(request: pytest.FixtureRequest, shared: Callable[[str], StandIn]) -> StandIn:
    """Return a stand-in of each version, with the settings of a healthy one."""
    at = shared(request.param)
    at.tell(**DEFAULTS)
    return at


@pytest.fixture
def stand_in(shared: Callable[[str], StandIn]) -> StandIn:
    """Return a stand-in of the newer version, with the settings of a healthy one."""
    at = shared(NEW)
    at.tell(**DEFAULTS)
    return at


@pytest.fixture
async def racing() -> AsyncIterator[Callable[..., Racing]]:
    """Make a lane against a stand-in; open it yourself."""
    contexts: list[RecordingContext] = []

    def make(at: StandIn | str, **params: Any) -> Racing:
        context = RecordingContext([metric.name for metric in TXT2IMG.metrics])
        contexts.append(context)
        own = "workflow" in params
        lane: Lane[Any] = Lane(
            lane_id="l",
            label="l",
            kind=WORKFLOW.name if own else TXT2IMG.name,
            params=workflow_options(**params) if own else options(**params),
        )
        config = ComfyConfig(
            base_url=at if isinstance(at, str) else at.url, workflows=str(EXAMPLES)
        )
        return Racing(QuickComfy(config), lane, context)

    yield make
    for context in contexts:
        await context.aclose()
