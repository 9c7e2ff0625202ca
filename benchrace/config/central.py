"""`central.yaml`: where central listens, and which names it answers to."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from benchrace.config.agent import Port
from benchrace.config.document import open_document
from benchrace.config.environment import host, port


class CentralConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Null is "not said"; `allowed_hosts` are names that browsers may use for it."""

    bind_host: str | None = None
    bind_port: Port | None = None
    allowed_hosts: tuple[str, ...] = ()


def read_central(path: Path, environ: Mapping[str, str]) -> CentralConfig:
    """Read `central.yaml` where it exists; `CENTRAL_HOST`, `CENTRAL_PORT` win. Blocks."""
    config = open_document(path).decode(CentralConfig) if path.exists() else CentralConfig()
    number = port(environ, "CENTRAL_PORT")
    return msgspec.structs.replace(
        config,
        bind_host=host(environ, "CENTRAL_HOST") or config.bind_host,
        bind_port=config.bind_port if number is None else number,
    )
