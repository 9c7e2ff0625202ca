"""What a worker needs to fetch assets: where they are stored, and from where they may come."""

import msgspec

from benchrace.config.assets.sources import AssetsConfig


class CentralAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How the machine's central is reached. The files, and `only` in PEM, say whom to trust."""

    url: str
    token: str | None = None
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    only: str | None = None
    any_name: bool = False


class AssetSetup(msgspec.Struct, frozen=True, kw_only=True):
    """`store` is the folder of the machine's assets, `share` where its model share is mounted."""

    store: str
    share: str | None = None
    config: AssetsConfig = AssetsConfig()
    central: CentralAccess | None = None
