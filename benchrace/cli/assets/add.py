"""`benchrace assets add`: upload files to central, and go on where an upload stopped."""

import base64
import hashlib
import os
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.text import Text

from benchrace.api.files.assets import PART_BYTES, AssetArrived, AssetEntry, AssetUpload
from benchrace.cli import options
from benchrace.cli.assets.kind_option import kind_of, kind_option
from benchrace.cli.assets.stored import ASSETS
from benchrace.cli.connect.client import Client
from benchrace.cli.models.connection import fleet_of, shared_options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.config.assets.file_name import check_name
from benchrace.errors import BenchraceError, Category
from benchrace.formatting import file_size

_HASHED_BYTES = 1 << 24


@click.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@kind_option
@click.option("--name", metavar="NAME", help="Name to keep it by, for one file [default: its own].")
@shared_options
def add(
    files: tuple[Path, ...],
    kind: str | None,
    name: str | None,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Upload FILES to central; run the command again to resume an interrupted upload."""
    if name is not None and len(files) > 1:
        raise click.UsageError("--name is for one file")
    for file in files:
        check_name(name or file.name, "--name" if name else str(file))
    screen = console(stderr=as_json)
    added: list[AssetEntry] = []
    with fleet_of(screen, central, token, data_dir) as (client, shown):
        shown.end()
        for file in files:
            upload = _described(file, name or file.name, kind, screen)
            added.append(_sent(client, file, upload, screen))
    if as_json:
        options.print_json({"assets": added})


def _described(file: Path, name: str, kind: str | None, screen: Console) -> AssetUpload:
    digest, size = hashlib.sha256(), 0
    try:
        with _bars(screen) as bars, file.open("rb") as opened:
            total = os.fstat(opened.fileno()).st_size
            task = bars.add_task(Text(clean_line(f"SHA-256 of {name}")).markup, total=total)
            while data := opened.read(_HASHED_BYTES):
                digest.update(data)
                size += len(data)
                bars.update(task, completed=size)
    except OSError as error:
        raise _unreadable(file, error) from error
    if not size:
        raise BenchraceError(Category.VALIDATION, f"{file} is empty", "Name a file with content.")
    return AssetUpload(sha256=digest.hexdigest(), size=size, name=name, kind=kind_of(kind, name))


def _sent(client: Client, file: Path, upload: AssetUpload, screen: Console) -> AssetEntry:
    path = f"{ASSETS}/{upload.sha256}"
    state = client.convert(client.post(ASSETS, upload), AssetArrived)
    if not state.complete:
        with _bars(screen) as bars, file.open("rb") as opened:
            task = bars.add_task(Text(clean_line(upload.name)).markup, total=upload.size)
            offset = opened.seek(state.arrived)
            bars.update(task, completed=offset)
            while data := opened.read(PART_BYTES):
                part = {"offset": offset, "data": base64.b64encode(data).decode()}
                client.post(f"{path}/parts", part)
                offset += len(data)
                bars.update(task, completed=offset)
    entry = client.convert(client.post(f"{path}/finish", upload), AssetEntry)
    text = f"{entry.name}: {file_size(entry.size)}, SHA-256 {entry.sha256[:12]}"
    screen.print(Text(clean_line(text)), soft_wrap=True)
    return entry


def _bars(screen: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    return Progress(*columns, console=screen)


def _unreadable(file: Path, error: OSError) -> BenchraceError:
    return BenchraceError(
        Category.VALIDATION, f"{file}: {error.strerror or error}", "Name a file that you can read."
    )
