"""`benchrace assets list`: the files that central has for its machines."""

import click

from benchrace.cli import options
from benchrace.cli.assets.stored import stored_assets
from benchrace.cli.models.connection import fleet_of, shared_options
from benchrace.cli.output.screen import console
from benchrace.cli.output.table import table
from benchrace.formatting import file_size


@click.command("list")
@shared_options
def list_assets(
    as_json: bool, central: str | None, token: str | None, data_dir: str | None
) -> None:
    """List the files that central has; machines fetch them by `central:NAME`."""
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir) as (client, shown):
        assets = stored_assets(client)
        shown.end()
    if as_json:
        options.print_json({"assets": assets})
        return
    if not assets:
        screen.print("Central has no files. Upload one with: benchrace assets add FILE")
        return
    rows = [(asset.name, asset.kind, file_size(asset.size), asset.sha256[:12]) for asset in assets]
    screen.print(table(("name", "kind", "size", "SHA-256"), rows))
