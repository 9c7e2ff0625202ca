"""Collections are rare while a process imports, and none visits everything at its end."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

import benchrace.agent.server
import benchrace.central.server
from benchrace.agent.settings import AgentSettings
from benchrace.testing.limits import HANG_S
from benchrace.web.asgi.late_app import LateApp
from benchrace.web.asgi.types import App
from tests.central.served import served

COMMAND = """
import atexit, gc
atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 1000))
from benchrace.cli.main import main
main(["--version"])
"""
IMPORTING = """
import gc
from benchrace.garbage import collect_rarely
collect_rarely()
collections = []
gc.callbacks.append(lambda phase, info: collections.append(phase))
import benchrace.cli.main, benchrace.cli.central.central, benchrace.central.server
import benchrace.central.api.app, benchrace.web.asgi.protocol
print(len(collections))
"""
BACK = """
import gc
before = gc.get_threshold()
from benchrace.garbage import collect_as_usual, collect_rarely
collect_as_usual()
print(gc.get_freeze_count())
collect_rarely()
print(gc.get_threshold()[0])
collect_as_usual()
print(gc.get_threshold() == before, gc.get_freeze_count() > 1000)
"""


def out(code: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_command_collects_rarely_and_not_at_its_end() -> None:
    assert out(COMMAND)[-1] == "200000 True"


@pytest.mark.slow
def test_nothing_is_collected_while_a_central_imports_all_that_it_serves_with() -> None:
    assert out(IMPORTING) == ["0"]


def test_what_was_imported_is_left_out_of_the_usual_collections() -> None:
    assert out(BACK) == ["0", "200000", "True True"]


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which servers add that they have loaded their application."""
    done: list[str] = []
    load = LateApp.load

    async def noted(self: LateApp) -> App:
        app = await load(self)
        done.append("loaded")
        return app

    monkeypatch.setattr(LateApp, "load", noted)
    return done


def note(done: list[str], event: anyio.Event) -> Callable[[], None]:
    def collect_as_usual() -> None:
        done.append("as usual")
        event.set()

    return collect_as_usual


async def test_a_central_collects_as_usual_once_it_is_loaded(
    tmp_path: Path, loading: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = anyio.Event()
    monkeypatch.setattr(benchrace.central.server, "collect_as_usual", note(loading, usual))
    with anyio.fail_after(HANG_S):
        async with served(tmp_path):
            await usual.wait()
    assert loading == ["loaded", "as usual"]


@pytest.mark.parametrize(
    ("preload", "order"), [(True, ["loaded", "as usual"]), (False, ["as usual"])]
)
def test_an_agent_collects_as_usual_once_it_serves(
    tmp_path: Path,
    loading: list[str],
    monkeypatch: pytest.MonkeyPatch,
    preload: bool,
    order: list[str],
) -> None:
    async def main() -> None:
        usual = anyio.Event()
        monkeypatch.setattr(benchrace.agent.server, "collect_as_usual", note(loading, usual))
        settings = AgentSettings(data=tmp_path, machine_id="m", label="M", port=0)
        with anyio.fail_after(HANG_S):
            async with anyio.create_task_group() as group:
                group.start_soon(partial(benchrace.agent.server.serve, settings, preload=preload))
                await usual.wait()
                group.cancel_scope.cancel()

    # A start of its own blocks its loop.
    anyio.run(main)
    assert loading == order
