"""`benchrace central backup` and `benchrace central restore`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.formatting import file_size

if TYPE_CHECKING:
    from benchrace.store.backup.manifest import BackupProgress, Manifest


class BackupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of both commands: `size` is in bytes, before compression."""

    file: str
    data: str
    created_at: float
    version: str
    runs: int
    files: int
    size: int
    skipped: tuple[str, ...] = ()


@click.command(short_help="Back up runs, machines and token hashes.")
@click.argument("file", type=click.Path(path_type=Path))
@options.data_dir
@options.as_json
def backup(file: Path, data_dir: str | None, as_json: bool) -> None:
    """Write runs, machines and hashes of tokens to FILE (.tar.zst or .tar.gz).

    Central may be running. The index is left out, as it can be rebuilt; so is the configuration.
    """
    from benchrace.clock import SystemClock
    from benchrace.store.backup.create import create

    data = options.path(data_dir)
    manifest = create(data, file.absolute(), SystemClock(), _show)
    _report("backed up", _result(file, data, manifest), as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--data-dir", metavar="DIR", required=True, help="Folder to restore into: empty or missing."
)
@options.as_json
def restore(file: Path, data_dir: str, as_json: bool) -> None:
    """Restore FILE into an empty data folder, and rebuild the index.

    Each file's checksum is verified first. Exit 1 where the backup is damaged; the folder is then
    empty again.
    """
    from benchrace.cli.runs.archive_folder import rebuild
    from benchrace.store.backup.restore import restore as unpack

    data = options.path(data_dir)
    manifest = unpack(file.absolute(), data, _show)
    indexed = rebuild(data, lambda _: None)
    result = msgspec.structs.replace(_result(file, data, manifest), skipped=indexed.skipped)
    _report("restored", result, as_json)
    for problem in indexed.skipped:
        click.echo(f"cannot be read: {clean_line(problem)}", err=True)
    if not as_json:
        click.echo(f"start it with: benchrace central start --data-dir {data}")


def _result(file: Path, data: Path, manifest: "Manifest") -> BackupResult:
    runs = {stored.path.split("/")[1] for stored in manifest.files if stored.path.count("/") > 1}
    return BackupResult(
        file=str(file.absolute()),
        data=str(data),
        created_at=manifest.created_at,
        version=manifest.version,
        runs=len(runs),
        files=len(manifest.files),
        size=sum(stored.size for stored in manifest.files),
    )


def _show(now: "BackupProgress") -> None:
    if sys.stderr.isatty():
        total = "" if now.runs is None else f" of {now.runs}"
        click.echo(f"\r{now.done}{total} runs, {file_size(now.size)} ", nl=False, err=True)


def _report(verb: str, result: BackupResult, as_json: bool) -> None:
    if sys.stderr.isatty():
        click.echo(err=True)
    if as_json:
        options.print_json(result)
        return
    held = f"{result.runs} runs, {result.files} files, {file_size(result.size)}"
    where = f"to {result.file}" if verb == "backed up" else f"to {result.data}"
    click.echo(f"{verb} {held} {where}")
