"""Assets of a machine: what its configuration lists, and what is removed after a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import from_thread

from benchrace.agent.engines import assets
from benchrace.agent.engines.assets import (
    asset_setup,
    configured_assets,
    local_store,
    remove_after_runs,
)
from benchrace.agent.engines.operation import RunningOperation
from benchrace.agent.settings import AgentSettings
from benchrace.assets import pruning
from benchrace.assets.store import AssetStore
from benchrace.config.machine_settings import MachineSettings, SettingsInUse
from benchrace.errors import InvalidInput
from benchrace.notifier import Notifier
from benchrace.plugin.assets import Asset, AssetKind
from benchrace.plugin.operations import Operation
from benchrace.testing.limits import HANG_S
from tests.agent.fake_central import job
from tests.assets.test_store import put

pytestmark = pytest.mark.anyio
URL = "https://hub.example/base.safetensors"


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    return AgentSettings(data=tmp_path, machine_id="m", label="m", config=tmp_path / "config")


def test_the_catalogue_of_a_backend_is_in_the_configuration_folder(
    settings: AgentSettings, tmp_path: Path
) -> None:
    assert configured_assets(settings, "engine") == ()
    path = tmp_path / "config/engine.yaml"
    path.parent.mkdir()
    path.write_text(f"loras:\n  - {{url: '{URL}', ephemeral: true}}\n")
    wanted = Asset(name="base.safetensors", url=URL, kind=AssetKind.LORA, ephemeral=True)
    assert configured_assets(settings, "engine") == (wanted,)
    path.write_text("lora: []\n")
    with pytest.raises(InvalidInput, match=r"engine\.yaml:1: lora: unknown key"):
        configured_assets(settings, "engine")


def test_the_store_is_in_the_folder_of_models(settings: AgentSettings, tmp_path: Path) -> None:
    setup = asset_setup(settings, SettingsInUse(models_dir="/fast", model_share="/mnt/nas"))
    assert (setup.store, setup.share, setup.central) == ("/fast/benchrace-assets", "/mnt/nas", None)
    assert local_store(settings).root == tmp_path / "assets"
    local = MachineSettings(models_dir="/fast")
    own = AgentSettings(data=tmp_path, machine_id="m", label="m", local=local)
    assert local_store(own).root == Path(setup.store)


class Machine:
    """The jobs of a machine, and its settings."""

    def __init__(self) -> None:
        self.changed = Notifier()
        self.running: Any = None
        self.current = SettingsInUse()

    def to(self, running: Any) -> None:
        self.running = running
        self.changed.notify()


class Running:
    def __init__(self, spec: Any) -> None:
        self.spec = spec


class Watched:
    """A function that blocks, and an event for its end."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call
        self.done = anyio.Event()

    def __call__(self, *args: Any) -> Any:
        try:
            return self.call(*args)
        finally:
            from_thread.run_sync(self.done.set)


async def test_ephemeral_files_go_when_their_run_is_over(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins, ends = Watched(pruning.ephemeral), Watched(pruning.remove_ephemeral)
    monkeypatch.setattr(assets, "ephemeral", begins)
    monkeypatch.setattr(assets, "remove_ephemeral", ends)
    store = AssetStore(settings.data / "assets")
    store.prepare()
    put(store, "for one run", ephemeral=True)
    put(store, "to keep")
    machine: Any = Machine()
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(remove_after_runs, machine, settings, machine)
            await anyio.wait_all_tasks_blocked()
            machine.to(Running(job("done")))
            await begins.done.wait()
            put(store, "for the next run", ephemeral=True)
            assert len(store.all()) == 3
            machine.to(None)
            await ends.done.wait()
            group.cancel_scope.cancel()
    assert [asset.name for asset in store.all()] == ["for the next run", "to keep"]


async def test_a_disk_that_refuses_does_not_end_the_agent(
    settings: AgentSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    begins, ends = Watched(refuse), Watched(refuse)
    monkeypatch.setattr(assets, "ephemeral", begins)
    monkeypatch.setattr(assets, "remove_ephemeral", ends)
    machine: Any = Machine()
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(remove_after_runs, machine, settings, machine)
            await anyio.wait_all_tasks_blocked()
            machine.to(Running(job("done")))
            await begins.done.wait()
            machine.to(None)
            await ends.done.wait()
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    assert "were not removed" in caplog.text


async def test_syncs_of_other_files_are_other_operations() -> None:
    first, second = Asset(name="a", url=URL), Asset(name="b", url=URL)
    running = RunningOperation("m", "b", Operation.SYNC, (), Notifier(), (first,))
    assert running.is_same("b", Operation.SYNC, (), (first,))
    assert not running.is_same("b", Operation.SYNC, (), (second,))
