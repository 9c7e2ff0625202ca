"""The assets of this machine: where they are stored, and which ones its configuration lists."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio

from benchrace.agent.jobs.registry import Jobs
from benchrace.agent.machine_settings import SettingsKeeper, read
from benchrace.agent.machine_settings import path_of as path_of_settings
from benchrace.agent.settings import AgentSettings
from benchrace.assets.pruning import ephemeral, remove_ephemeral
from benchrace.assets.store import FOLDER, AssetStore
from benchrace.config.assets.catalog import CatalogEntry, path_of, read_catalog
from benchrace.config.machine_settings import SettingsInUse, combined, of_values
from benchrace.config.paths import config_dir
from benchrace.errors import BenchraceError
from benchrace.plugin.assets import Asset, AssetKind
from benchrace.protocol.assets import AssetSetup, CentralAccess
from benchrace.tls.local import certificate_of

log = logging.getLogger(__name__)
T = TypeVar("T")
# Beside what engines keep there themselves.
_IN_MODELS = "benchrace-assets"


def store_folder(data: Path, models_dir: str | None) -> Path:
    """Return the folder of a machine's assets: in its folder of models, where that is set."""
    return data / FOLDER if models_dir is None else Path(models_dir) / _IN_MODELS


def local_store(settings: AgentSettings) -> AssetStore:
    """Return the store of an agent that need not run. Blocks."""
    wanted, _ = of_values(read(path_of_settings(settings)).settings)
    models_dir = combined(settings.defaults, settings.local, wanted).models_dir
    return AssetStore(store_folder(settings.data, models_dir))


def asset_setup(settings: AgentSettings, current: SettingsInUse) -> AssetSetup:
    """Return what a worker needs to fetch assets. Blocks."""
    return AssetSetup(
        store=str(store_folder(settings.data, current.models_dir)),
        share=current.model_share,
        config=settings.assets,
        central=_central(settings),
    )


def configured_assets(settings: AgentSettings, backend: str) -> tuple[Asset, ...]:
    """Return what `<backend>.yaml` lists; raises InvalidInput with file, line and key. Blocks."""
    folder = settings.config or config_dir(None)
    return tuple(_asset(entry) for entry in read_catalog(path_of(folder, backend)))


async def remove_after_runs(jobs: Jobs, settings: AgentSettings, keeper: SettingsKeeper) -> None:
    """Remove the assets that were for the next run after its job, until cancelled.

    What is fetched for a later run, while the job ends, stays.
    """
    store, due = AssetStore(settings.data / FOLDER), frozenset[str]()
    ran = False
    while True:
        job = jobs.running
        if job is not None:
            if job.spec.run_id is not None and not ran:
                ran = True
                store = AssetStore(store_folder(settings.data, keeper.current.models_dir))
                due = await _tolerant(partial(ephemeral, store)) or frozenset()
                continue
        elif ran:
            ran = False
            for asset in await _tolerant(partial(remove_ephemeral, store, due)) or ():
                log.info("removed the asset %s after its run", asset.name)
            continue
        await jobs.changed.wait()


async def _tolerant(call: Callable[[], T]) -> T | None:
    """Call what blocks; None where a disk refuses, which does not end the agent."""
    try:
        return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
    except (BenchraceError, OSError) as error:
        log.warning("ephemeral assets were not removed: %s", error)
        return None


def _asset(entry: CatalogEntry) -> Asset:
    file = entry.file
    return Asset(
        name=entry.name,
        url=file.url,
        sha256=file.sha256,
        size=file.size,
        kind=AssetKind(entry.kind),
        ephemeral=file.ephemeral,
        pinned=file.pinned,
    )


def _central(settings: AgentSettings) -> CentralAccess | None:
    if settings.central is None:
        return None
    record = settings.data / "central.json"
    trust = settings.trust.pinned(certificate_of(record, settings.central))

    def text(path: Path | None) -> str | None:
        return None if path is None else str(path)

    return CentralAccess(
        url=settings.central,
        token=settings.token,
        ca=text(trust.ca),
        certificate=text(trust.certificate),
        key=text(trust.key),
        only=trust.only,
        any_name=trust.any_name,
    )
