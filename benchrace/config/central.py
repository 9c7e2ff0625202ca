"""`central.yaml`: where central listens, which host names it accepts, and whom it lets in."""

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from benchrace.config.agent import Port
from benchrace.config.credentials import credential
from benchrace.config.document import open_document
from benchrace.config.document_credentials import document_credential
from benchrace.config.environment import host, port
from benchrace.config.hosts import check_hosts
from benchrace.redaction import register_environment

ARTIFACT_MIB = 64
ARTIFACTS_MIB = 1024
Mib = Annotated[int, Meta(ge=0, le=1 << 20)]


class Watching(enum.StrEnum):
    """Who may watch a central that asks for a token, and change nothing there."""

    NOBODY = "nobody"
    TOKEN = "token"
    EVERYBODY = "everybody"


class CentralConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None means "not set". `allowed_hosts` are names that it answers to beside IP addresses and
    `localhost`, such as `bench.example` or `bench.local`: without scheme, port and wildcard.

    People need `operator_token` wherever others reach central, and with `require_token` on
    loopback too. A token that is not given is made, and shown once. `watch` lets nobody else in,
    or who has `watch_token`, or everybody, to look and not to change. Files that rounds made are
    fetched from their machines up to `artifact_mib` MiB each and `artifacts_mib` a run; others
    stay there.
    """

    bind_host: str | None = None
    bind_port: Port | None = None
    allowed_hosts: tuple[str, ...] = ()
    require_token: bool = False
    operator_token: str | None = None
    watch: Watching = Watching.NOBODY
    watch_token: str | None = None
    artifact_mib: Mib = ARTIFACT_MIB
    artifacts_mib: Mib = ARTIFACTS_MIB


def read_central(path: Path, environ: Mapping[str, str]) -> CentralConfig:
    """Read `central.yaml` where it exists; the environment wins. Blocks.

    Tokens are trimmed, and redacted from then on.
    """
    register_environment(environ)
    config = _read(path) if path.exists() else CentralConfig()
    number = port(environ, "CENTRAL_PORT")
    return msgspec.structs.replace(
        config,
        bind_host=host(environ, "CENTRAL_HOST") or config.bind_host,
        bind_port=config.bind_port if number is None else number,
        operator_token=_variable(environ, "BENCHRACE_OPERATOR_TOKEN") or config.operator_token,
        watch_token=_variable(environ, "BENCHRACE_WATCH_TOKEN") or config.watch_token,
    )


def _read(path: Path) -> CentralConfig:
    document = open_document(path)
    config = document.decode(CentralConfig)
    tokens = {
        key: document_credential(document, (key,), getattr(config, key))
        for key in ("operator_token", "watch_token")
    }
    hosts = check_hosts(document, config.allowed_hosts)
    return msgspec.structs.replace(config, **tokens, allowed_hosts=hosts)


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return credential(name, environ.get(name))
