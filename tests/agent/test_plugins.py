"""Plugins are described by workers, remembered, and refused where two claim one name."""

import sys
from pathlib import Path

import msgspec
import pytest

from benchrace.agent import plugins as module
from benchrace.agent.plugins import Plugins
from benchrace.agent.slot import Slot
from benchrace.plugin.entry_points import PluginRef

from .conftest import FAKE

REF = PluginRef(name="acts", module="json.tool", distribution="acts", version="1")


def cached(folder: Path) -> int:
    return len(list(folder.iterdir()))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[PluginRef]:
    refs = [REF]
    monkeypatch.setattr(module, "discover", lambda: tuple(refs))
    return refs


async def test_a_description_is_remembered_between_starts(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    plugins = Plugins(tmp_path, tuple(FAKE), Slot("m", None))
    assert await plugins.refresh() is True
    assert plugins.described[0].backends[0].name == "actor"
    assert plugins.refs == (REF,)
    assert plugins.for_backends(frozenset({"actor"}), None) == (REF,)
    assert plugins.for_backends(frozenset({"other"}), None) == ()
    assert await plugins.refresh() is False
    again = Plugins(tmp_path, (sys.executable, "-c", "raise SystemExit(1)"), Slot("m", None))
    assert await again.refresh() is True
    assert again.described == plugins.described


async def test_another_version_is_described_again(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    plugins = Plugins(tmp_path, tuple(FAKE), Slot("m", None))
    await plugins.refresh()
    installed[0] = msgspec.structs.replace(REF, version="2")
    assert await plugins.refresh() is True
    assert plugins.described[0].version == "2"
    assert cached(tmp_path) == 2


async def test_a_worker_that_dies_makes_the_plugin_broken(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    died = (sys.executable, "-c", "import sys; sys.stderr.write('boom'); sys.exit(1)")
    plugins = Plugins(tmp_path, died, Slot("m", None))
    await plugins.refresh()
    (described,) = plugins.described
    assert not described.ok
    assert "boom" in str(described.traceback)
    assert plugins.refs == ()
    assert cached(tmp_path) == 0


async def test_a_plugin_that_was_broken_is_described_again_without_a_restart(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    mended, cache = tmp_path / "mended", tmp_path / "cache"
    asks = f"import os, sys; os.path.exists({str(mended)!r}) or sys.exit('boom'); "
    command = (sys.executable, "-c", f"{asks}os.execv({FAKE[0]!r}, {list(FAKE)!r} + sys.argv[1:])")
    plugins = Plugins(cache, command, Slot("m", None))
    assert await plugins.refresh() is True
    assert await plugins.refresh() is False
    assert not plugins.refs
    mended.touch()
    assert await plugins.refresh() is True
    assert plugins.refs == (REF,)
    assert plugins.described[0].ok
    assert cached(cache) == 1
