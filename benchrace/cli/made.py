"""Write what a run's rounds made into a folder."""

from collections.abc import Iterable
from pathlib import Path

import click

from benchrace.cli.archive import Made
from benchrace.errors import BenchraceError, Category
from benchrace.run.artifact import RunArtifact


def save(files: Iterable[Made], folder: Path) -> int:
    """Write each file and say so; give how many are still on their machines, and said to be."""
    lacking = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in files:
            if data is None:
                lacking += 1
                click.echo(f"{file.name} is not here: it is on machine {file.machine_id}", err=True)
                continue
            path = folder / file_name(file)
            path.write_bytes(data)
            click.echo(f"{path}: {len(data)} bytes", err=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise BenchraceError(Category.SYSTEM, f"{folder}: {why}", "Name another folder.") from error
    return lacking


def file_name(file: RunArtifact) -> str:
    """Name a file by lane, round and digest too: many rounds give theirs the same name."""
    place = file.lane_id or file.machine_id
    number = "" if file.round is None else f"_round-{file.round}"
    return f"{place}{number}_{file.sha256[:8]}_{file.name}"
