"""Write a run's artifacts into a folder."""

import os
from collections.abc import Iterable
from pathlib import Path

import click

from benchrace.cli.runs.archive import ArtifactData
from benchrace.errors import BenchraceError, Category
from benchrace.formatting import file_size
from benchrace.run.artifact import RunArtifact
from benchrace.store import regular


def save(files: Iterable[ArtifactData], folder: Path) -> int:
    """Write and report each file; return how many are still on their machines."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = regular.open_folder(folder)
        try:
            return _save(files, folder, opened)
        finally:
            os.close(opened)
    except OSError as error:
        why = error.strerror or str(error)
        raise BenchraceError(
            Category.SYSTEM, f"{folder}: {why}", "Choose another folder."
        ) from error


def _save(files: Iterable[ArtifactData], folder: Path, opened: int) -> int:
    lacking = 0
    file = None
    for file, data in files:
        if data is None:
            lacking += 1
            click.echo(
                f"{file.name} has not been fetched: it is on machine {file.machine_id}", err=True
            )
            continue
        name = file_name(file)
        regular.replace(opened, name, data)
        click.echo(f"{folder / name}: {file_size(len(data))}", err=True)
    if file is None:
        click.echo("the run has no artifacts", err=True)
    return lacking


def file_name(file: RunArtifact) -> str:
    """Return a file name with lane, round and digest: rounds may use the same name."""
    place = file.lane_id or file.machine_id
    number = "" if file.round is None else f"_round-{file.round}"
    return f"{place}{number}_{file.sha256[:8]}_{file.name}"
