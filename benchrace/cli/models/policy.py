"""`benchrace models policy`: which models the machines must have and may have."""

from pathlib import Path

import click
from rich.text import Text

from benchrace.api.models import PolicyAnswer
from benchrace.cli import options
from benchrace.cli.models.connection import POLICY, fleet_of, shared_options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.config.model_policy import Group, read_policy
from benchrace.errors import FieldError, InvalidInput


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@shared_options
def policy(
    file: Path | None,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Show the required and optional models, or replace them from a YAML FILE."""
    if file is not None and not file.exists():
        raise InvalidInput(FieldError("FILE", f"file not found: {file}"))
    new = None if file is None else read_policy(file)
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir) as (client, shown):
        answer = client.get(POLICY) if new is None else client.post(POLICY, new)
        current = client.convert(answer, PolicyAnswer)
        shown.end()
    if as_json:
        options.print_json(current)
        return
    if not current.required.all() and not current.optional.all():
        screen.print("No required or optional models.")
    for title, group in (("required", current.required), ("optional", current.optional)):
        for kind in Group.__struct_fields__:
            for name in getattr(group, kind):
                screen.print(Text(clean_line(f"{title} {kind}: {name}")), soft_wrap=True)
    screen.print(Text(clean_line(current.path), style="dim"), soft_wrap=True)
    if current.backup is not None:
        screen.print(
            Text(clean_line(f"previous version: {current.backup}"), style="dim"), soft_wrap=True
        )
