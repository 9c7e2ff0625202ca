"""The files that central has, and how a person names one."""

from benchrace.api.files.assets import AssetEntry, AssetList
from benchrace.assets.selection import named
from benchrace.cli.connect.client import Client

ASSETS = "/api/assets"


def stored_assets(client: Client) -> tuple[AssetEntry, ...]:
    """GET the files that central has."""
    return client.convert(client.get(ASSETS), AssetList).assets


def named_asset(assets: tuple[AssetEntry, ...], text: str) -> AssetEntry:
    """Return the file with this name, or whose digest begins so; raises NotFound."""
    return named(assets, text, "benchrace assets list")
