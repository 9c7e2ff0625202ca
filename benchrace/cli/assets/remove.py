"""`benchrace assets remove`: delete files from central."""

import click

from benchrace.cli import options
from benchrace.cli.assets.stored import ASSETS, named_asset, stored_assets
from benchrace.cli.models.connection import fleet_of, shared_options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console


@click.command()
@click.argument("assets", nargs=-1, required=True, metavar="ASSET...")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@shared_options
def remove(
    assets: tuple[str, ...],
    yes: bool,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Delete files from central, by name or the beginning of their SHA-256.

    What machines have fetched stays there.
    """
    with fleet_of(console(stderr=as_json), central, token, data_dir) as (client, shown):
        stored = stored_assets(client)
        shown.end()
        chosen = [named_asset(stored, text) for text in assets]
        if not yes:
            names = ", ".join(clean_line(asset.name) for asset in chosen)
            click.confirm(f"Delete {names} from central?", abort=True, err=True)
        for asset in chosen:
            client.delete(f"{ASSETS}/{asset.sha256}")
    if as_json:
        options.print_json({"removed": chosen})
    else:
        click.echo(f"deleted {len(chosen)} files")
