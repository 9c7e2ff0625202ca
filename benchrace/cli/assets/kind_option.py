"""The option `--kind`, and what a file's suffix says where it is left out."""

from pathlib import PurePosixPath

import click

from benchrace.config.assets.suffixes import BY_SUFFIX
from benchrace.plugin.assets import AssetKind

kind_option = click.option(
    "--kind",
    type=click.Choice([kind.value for kind in AssetKind]),
    help="What the files are [default: by their suffix, else checkpoint].",
)


def kind_of(chosen: str | None, name: str) -> AssetKind:
    """Return the kind that was chosen, or that the name of a file suggests."""
    if chosen is not None:
        return AssetKind(chosen)
    suffix = PurePosixPath(name).suffix.lower()
    return AssetKind(BY_SUFFIX.get(suffix, AssetKind.CHECKPOINT))
