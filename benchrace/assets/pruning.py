"""Which files go when space is needed: the least recently requested that nobody pinned."""

from collections.abc import Callable, Iterable

from benchrace.assets import disk
from benchrace.assets.store import AssetStore, StoredAsset


def removable(assets: Iterable[StoredAsset], keep: frozenset[str]) -> list[StoredAsset]:
    """Return what may go, the first to go first: ephemeral ones, then the oldest. Pure."""
    free = [asset for asset in assets if not asset.pinned and asset.sha256 not in keep]
    return sorted(free, key=lambda asset: (not asset.ephemeral, asset.used_at))


def prune_to(
    store: AssetStore, limit_bytes: int, keep: frozenset[str] = frozenset()
) -> tuple[StoredAsset, ...]:
    """Remove files until the rest takes at most `limit_bytes`; return the removed. Blocks."""
    assets = store.all()
    left = sum(asset.size for asset in assets)
    return _remove(store, assets, keep, lambda removed: left - removed <= limit_bytes)


def make_room(store: AssetStore, needed: int, keep: frozenset[str] = frozenset()) -> None:
    """Remove files until `needed` bytes fit on the disk; raises `disk_full`. Blocks.

    What interrupted downloads have left goes first. Nothing else is removed where even that would
    not be enough.
    """
    free = disk.free_bytes(store.root)
    if free >= needed:
        return
    if store.sweep(partials=True):
        free = disk.free_bytes(store.root)
    assets = store.all()
    if free + sum(asset.size for asset in removable(assets, keep)) < needed:
        raise disk.too_little(store.root, needed, free)
    _remove(store, assets, keep, lambda removed: free + removed >= needed)
    if (free := disk.free_bytes(store.root)) < needed:
        raise disk.too_little(store.root, needed, free)


def ephemeral(store: AssetStore) -> frozenset[str]:
    """Return the digests of the files that are for one run only. Blocks."""
    return frozenset(asset.sha256 for asset in store.all() if asset.ephemeral and not asset.pinned)


def remove_ephemeral(store: AssetStore, digests: frozenset[str]) -> tuple[StoredAsset, ...]:
    """Remove those files that still are for one run only; return them. Blocks."""
    left = ephemeral(store) & digests
    return tuple(asset for asset in store.all() if asset.sha256 in left and store.remove(asset))


def _remove(
    store: AssetStore,
    assets: Iterable[StoredAsset],
    keep: frozenset[str],
    enough: Callable[[int], bool],
) -> tuple[StoredAsset, ...]:
    removed: list[StoredAsset] = []
    size = 0
    for asset in removable(assets, keep):
        if enough(size):
            break
        if store.remove(asset):
            size += asset.size
            removed.append(asset)
    return tuple(removed)
