"""`benchrace runs show`: the table of a stored run."""

import click
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.output.formatting import clean
from benchrace.cli.output.screen import console
from benchrace.cli.race import footnotes, report
from benchrace.cli.runs.archive import archive, find
from benchrace.run.document import RunDocument


@click.command()
@click.argument("run_id")
@click.option("--traceback", is_flag=True, help="Also print the tracebacks of failures.")
@options.as_json
@options.archive
def show(
    run_id: str,
    traceback: bool,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Show a stored run's table; RUN_ID may be abbreviated while unique."""
    with archive(central, token, options.path(data_dir)) as stored:
        run = stored.document(find(stored, run_id))
        where = stored.where(run.run_id)
    if as_json:
        options.print_json(run)
    else:
        screen = console()
        screen.print(Text(footnotes.heading(run), style="dim"), soft_wrap=True)
        report.report(screen, run, where, central=central, data_dir=data_dir)
        if traceback:
            _print_tracebacks(run)


def _print_tracebacks(run: RunDocument) -> None:
    texts = footnotes.tracebacks(run)
    for text, owners in texts.items():
        click.echo(f"\n{', '.join(owners)}:\n{clean(text).rstrip()}")
    if not texts:
        click.echo("no failure in this run has a traceback")
