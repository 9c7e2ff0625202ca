"""`benchrace runs export`: a stored run for people or other programs."""

import sys
from pathlib import Path

import click

from benchrace.cli import options
from benchrace.cli.runs import artifact_export
from benchrace.cli.runs.archive import archive, find
from benchrace.errors import BenchraceError, Category
from benchrace.export import ALIASES, FORMATS, card, render
from benchrace.formatting import file_size
from benchrace.run.card import CardShape, CardTheme

FILES = "files"
CARD = "card"


@click.command()
@click.argument("run_id")
@click.option(
    "--format",
    "name",
    type=click.Choice([*FORMATS, *ALIASES, FILES]),
    default="json",
    show_default=True,
    help="Output format. `report` is one HTML file with charts, `card` an SVG picture of the "
    "result, `snippet` a few lines of Markdown; `files` writes the run's artifacts to a folder.",
)
@click.option(
    "--shape",
    type=click.Choice([shape.value for shape in CardShape]),
    help="Shape of a card: 1200x630 or 1080x1080 pixels [default: wide].",
)
@click.option(
    "--theme",
    type=click.Choice([theme.value for theme in CardTheme]),
    help="Colours of a card [default: light].",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File to write [default: standard output]; a folder for `files`.",
)
@options.archive
def export(
    run_id: str,
    name: str,
    shape: str | None,
    theme: str | None,
    output: Path | None,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Export a run for people or other programs."""
    if name == FILES and output is None:
        raise click.UsageError("--format files needs a folder: -o DIR")
    if (shape or theme) and ALIASES.get(name, name) != CARD:
        raise click.UsageError("--shape and --theme need --format card")
    with archive(central, token, options.path(data_dir)) as stored:
        if name == FILES and output is not None:
            lacking = artifact_export.save(stored.files(find(stored, run_id)), output)
            sys.exit(1 if lacking else 0)
        run = stored.document(find(stored, run_id))
    if ALIASES.get(name, name) == CARD:
        look = CardShape(shape or CardShape.WIDE), CardTheme(theme or CardTheme.LIGHT)
        data = card.render(run, *look)
    else:
        data = render(name, run)
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        _write(output, data)
        click.echo(f"{output}: {file_size(len(data))}", err=True)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        why = error.strerror or str(error)
        raise BenchraceError(Category.SYSTEM, f"{path}: {why}", "Choose another file.") from error
