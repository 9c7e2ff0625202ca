"""`benchrace agent assets`: the files for engines that this machine has fetched."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from benchrace.cli import options

if TYPE_CHECKING:
    from benchrace.assets.store import AssetStore, StoredAsset

_shared = options.all_of(
    click.option("--machine-id", metavar="ID", help="This machine's name in the fleet."),
    options.as_json,
    options.data_dir,
    options.config_dir,
)
_names = click.argument("assets", nargs=-1, required=True, metavar="ASSET...")


@click.group("assets", short_help="Manage files that were fetched for engines.")
def assets() -> None:
    """List, pin and remove the files that this machine has fetched for its engines."""


@assets.command("list", short_help="List files and where engines find them.")
@_shared
def list_stored(as_json: bool, **where: str | None) -> None:
    """List the files, the last requested first, and where engines find them."""
    from benchrace.cli.output.formatting import clean_line
    from benchrace.formatting import file_size

    store = _store(**where)
    stored, unfinished = store.all(), store.unfinished()
    if as_json:
        document = {"folder": str(store.root), "assets": stored, "unfinished": unfinished}
        options.print_json(document)
        return
    for asset in stored:
        marks = [
            mark
            for mark, is_set in (("pinned", asset.pinned), ("ephemeral", asset.ephemeral))
            if is_set
        ]
        words = " ".join((asset.kind, file_size(asset.size), asset.sha256[:12], *marks))
        click.echo(clean_line(f"{asset.name}  {words}"))
        for place in asset.places:
            click.echo(clean_line(f"  {place.how}: {place.path}"))
    for left in unfinished:
        click.echo(f"unfinished download {left.key[:12]}  {file_size(left.size)}")
    total = file_size(sum(asset.size for asset in stored))
    click.echo(f"{len(stored)} files, {total}, in {store.root}")


@assets.command()
@_names
@_shared
def pin(assets: tuple[str, ...], as_json: bool, **where: str | None) -> None:
    """Never delete these files to free space."""
    _change(assets, as_json, _pin(pinned=True), where)


@assets.command(short_help="Unpin files.")
@_names
@_shared
def unpin(assets: tuple[str, ...], as_json: bool, **where: str | None) -> None:
    """Allow these files to be deleted to free space, the oldest requests first."""
    _change(assets, as_json, _pin(pinned=False), where)


@assets.command(short_help="Delete files.")
@_names
@_shared
def remove(assets: tuple[str, ...], as_json: bool, **where: str | None) -> None:
    """Delete these files, and what was put into engines' folders for them."""
    from benchrace.errors import BenchraceError, Category

    store = _idle_store(**where)
    chosen = [store.named(text) for text in assets]
    for asset in chosen:
        if not store.remove(asset):
            raise BenchraceError(
                Category.BUSY, f"{asset.name} is being fetched", "Wait for it, or cancel it."
            )
    _report_removed(chosen, as_json)


@assets.command(short_help="Delete downloads and files to free space.")
@click.option(
    "--gb", type=click.FloatRange(0), default=0.0, metavar="N", help="Keep up to N GB [default: 0]."
)
@_shared
def prune(gb: float, as_json: bool, **where: str | None) -> None:
    """Delete interrupted downloads, and files that are not pinned, the oldest requests first."""
    from benchrace.assets.pruning import prune_to

    store = _idle_store(**where)
    swept = store.sweep(partials=True)
    _report_removed(prune_to(store, int(gb * 1e9)), as_json, swept)


def _store(data_dir: str | None, config_dir: str | None, machine_id: str | None) -> "AssetStore":
    from benchrace.agent.engines.assets import local_store
    from benchrace.agent.settings import Flags, settle
    from benchrace.cli.service.settings import agent_file

    file = agent_file(config_dir)
    return local_store(settle(options.path(data_dir), file, Flags(machine_id=machine_id)))


def _idle_store(**where: str | None) -> "AssetStore":
    """Return the store; raises `busy` while a job measures, which may read the files."""
    from benchrace.agent.host_lock import HostLock
    from benchrace.errors import BenchraceError, Category

    lock = HostLock()
    if holder := lock.take("benchrace agent assets"):
        raise BenchraceError(Category.BUSY, f"this machine is in use: {holder}")
    lock.release()
    return _store(**where)


def _pin(*, pinned: bool) -> "Callable[[StoredAsset], StoredAsset]":
    import msgspec

    return lambda asset: msgspec.structs.replace(asset, pinned=pinned)


def _change(
    names: tuple[str, ...],
    as_json: bool,
    edit: "Callable[[StoredAsset], StoredAsset]",
    where: dict[str, Any],
) -> None:
    store = _store(**where)
    changed = [store.change(store.named(text).sha256, edit) for text in names]
    if as_json:
        options.print_json({"assets": changed})


def _report_removed(
    removed: "list[StoredAsset] | tuple[StoredAsset, ...]", as_json: bool, swept: int = 0
) -> None:
    from benchrace.formatting import file_size

    if as_json:
        options.print_json({"removed": removed, "swept_bytes": swept})
        return
    total = file_size(sum(asset.size for asset in removed) + swept)
    click.echo(f"deleted {len(removed)} files, {total}")
