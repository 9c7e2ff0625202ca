"""Plugins are described by workers, remembered, and refused where two claim one name."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from benchrace.agent import one_shot
from benchrace.agent import plugins as module
from benchrace.agent.engines.probing import Prober
from benchrace.agent.installed_plugins import newest_file, restart_reason
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.plugin.host.entry_points import PluginRef
from benchrace.protocol import agent_central as m
from benchrace.protocol.agent_worker import AnyOrder
from tests.agent.conftest import FAKE, StartAgent
from tests.agent.fake_central import FakeCentral

pytestmark = pytest.mark.slow

REF = PluginRef(name="acts", module="json.tool", distribution="acts", version="1")


def cached(folder: Path) -> int:
    return len(list(folder.iterdir()))


HANGS = PluginRef(name="hangs", module="json.tool", distribution="hangs", version="1")
EXITS = PluginRef(name="exits", module="json.tool", distribution="exits", version="1")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[PluginRef]:
    refs = [REF]
    monkeypatch.setattr(module, "discover", lambda _group: tuple(refs))
    return refs


@asynccontextmanager
async def running(plugins: Plugins) -> AsyncIterator[Plugins]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(plugins.run)
        yield plugins
        tasks.cancel_scope.cancel()


async def test_a_description_is_remembered_between_starts(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    plugins = Plugins(tmp_path, FAKE, Slot("m", None))
    await plugins.once()
    assert plugins.described[0].backends[0].name == "actor"
    assert plugins.refs == (REF,)
    assert plugins.for_backends(frozenset({"actor"}), None) == (REF,)
    assert plugins.for_backends(frozenset({"other"}), None) == ()
    again = Plugins(tmp_path, (sys.executable, "-c", "raise SystemExit(1)"), Slot("m", None))
    await again.once()
    assert again.described == plugins.described


async def test_what_is_installed_upgraded_or_removed_later_is_taken_up(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    async with running(Plugins(tmp_path, FAKE, Slot("m", None))) as plugins:
        await plugins.refresh()
        installed[0] = msgspec.structs.replace(REF, version="2")
        await plugins.refresh()
        assert [plugin.version for plugin in plugins.described] == ["2"]
        assert cached(tmp_path) == 2
        installed.clear()
        await plugins.refresh()
        assert (plugins.described, plugins.refs) == ((), ())


async def test_a_worker_that_dies_makes_the_plugin_broken(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    died = (sys.executable, "-c", "import sys; sys.stderr.write('boom'); sys.exit(1)")
    plugins = Plugins(tmp_path, died, Slot("m", None))
    await plugins.once()
    (described,) = plugins.described
    assert not described.ok
    assert "boom" in str(described.traceback)
    assert plugins.refs == ()
    assert cached(tmp_path) == 0


async def test_a_plugin_that_was_broken_is_described_again_without_a_restart(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    repaired, cache = tmp_path / "repaired", tmp_path / "cache"
    asks = f"import os, sys; os.path.exists({str(repaired)!r}) or sys.exit('boom'); "
    command = (sys.executable, "-c", f"{asks}os.execv({FAKE[0]!r}, {list(FAKE)!r} + sys.argv[1:])")
    async with running(Plugins(cache, command, Slot("m", None))) as plugins:
        await plugins.refresh()
        assert not plugins.refs
        repaired.touch()
        await plugins.refresh()
        assert plugins.refs == (REF,)
        assert plugins.described[0].ok
        assert cached(cache) == 1


async def test_a_plugin_that_hangs_delays_no_other(
    installed: list[PluginRef], tmp_path: Path
) -> None:
    installed.insert(0, HANGS)
    async with running(Plugins(tmp_path, FAKE, Slot("m", None))) as plugins:
        await plugins.usable_changed(())
        assert plugins.refs == (REF,)
        assert [plugin.unusable for plugin in plugins.described] == [
            "hangs (still being described)",
            None,
        ]


async def test_a_plugin_that_hangs_is_broken_after_its_limit_and_not_tried_each_time(
    installed: list[PluginRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[float] = []

    async def ask(command: Sequence[str], order: AnyOrder, limit_s: float) -> object:
        limits.append(limit_s)
        return await one_shot.ask(command, order, limit_s)

    monkeypatch.setattr(module, "ask", ask)
    installed[0] = HANGS
    async with running(Plugins(tmp_path, FAKE, Slot("m", None), limit_s=2.0)) as plugins:
        await plugins.refresh()
        (described,) = plugins.described
        assert "did not return within 2 s" in str(described.error)
        assert described.traceback == "it waits here"
        await plugins.refresh()
        assert limits == [2.0]


async def test_a_description_waits_for_the_job_that_interrupted_it(
    installed: list[PluginRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AFTER_JOB_S", 0)
    slot = Slot("m", None)
    await slot.take("j1")
    async with running(Plugins(tmp_path, FAKE, slot)) as plugins:
        await plugins.listed()
        assert plugins.waiting
        slot.release()
        await plugins.usable_changed(())
        assert plugins.described[0].ok


async def test_a_plugin_that_ends_the_probing_worker_leaves_the_others_probed(
    tmp_path: Path,
) -> None:
    slot = Slot("m", None)
    settings = AgentSettings(data=tmp_path, machine_id="m", label="m", worker=tuple(FAKE))
    plugins = Plugins(tmp_path, FAKE, slot)
    plugins.refs = (REF, EXITS)
    prober = Prober(settings, plugins, slot)
    announced: list[set[str]] = []
    await prober.probe({}, lambda: announced.append(set(prober.probes)))
    assert prober.probes["actor"].reachable
    assert prober.problems["acts"] == ()
    assert "probing failed" in prober.problems["exits"][0].message
    assert {"actor"} in announced


def test_an_agent_links_while_a_plugin_hangs(
    start_agent: StartAgent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "hangs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hangs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[benchrace]\nhangs = hangs_module\n")
    monkeypatch.setenv("PYTHONPATH", str(info.parent))
    with FakeCentral() as central:
        agent = start_agent(central=central.url).started()
        link = central.link()
        # It waits for plugins, though not for one that hangs.
        assert agent.get("/capabilities")["backends"]
        # What became known between hello and welcome is said after the welcome.
        capabilities = link.welcome().until(m.CapabilitiesChanged).capabilities
        assert capabilities.backends
        pending = [plugin.name for plugin in capabilities.plugins if plugin.pending]
        assert "hangs" in pending


async def test_what_is_installed_while_the_agent_runs_is_taken_up_by_itself(
    installed: list[PluginRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    installed.clear()
    async with running(Plugins(tmp_path / "cache", FAKE, Slot("m", None))) as plugins:
        await plugins.listed()
        assert plugins.described == ()
        installed.append(REF)
        (site / "acts.py").touch()
        await plugins.usable_changed(())
        installed.clear()
        (site / "acts.py").unlink()
        await plugins.usable_changed((REF,))
        assert plugins.described == ()


def test_an_editable_plugin_that_came_later_is_watched_for_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, project = tmp_path / "site", tmp_path / "project"
    site.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(site))
    ref = msgspec.structs.replace(REF, module="edited_plugin:plugin")
    assert newest_file(ref) == 0
    (project / "edited_plugin").mkdir(parents=True)
    source = project / "edited_plugin" / "__init__.py"
    source.touch()
    (site / "edited.pth").write_text(f"{project}\n")
    assert newest_file(ref) == source.stat().st_mtime_ns


def test_an_agent_whose_python_was_deleted_has_to_be_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert restart_reason() is None
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    problem = restart_reason()
    assert problem is not None
    assert "was deleted" in problem.message
    assert problem.remedy == "Install benchrace again, then start the agent."


async def test_an_agent_of_another_version_than_the_installed_one_has_to_be_restarted(
    installed: list[PluginRef], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = Plugins(tmp_path, FAKE, Slot("m", None))
    await plugins.once()
    monkeypatch.setattr("benchrace.agent.installed_plugins.__version__", "0.0.1")
    before = plugins.restart
    await plugins.once()
    assert before is None
    assert plugins.restart is not None
    assert "version 0.0.1 is still running" in plugins.restart.message
    assert plugins.restart.remedy == "Restart the agent of this machine."
