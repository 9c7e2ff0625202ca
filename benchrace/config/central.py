"""`central.yaml`: where central listens, which host names it accepts, and who has access."""

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
from benchrace.config.retention import RetentionLimits
from benchrace.config.tls_files import SERVER, tls_files
from benchrace.redaction import register_environment

ARTIFACT_MIB = 64
ARTIFACTS_MIB = 1024
Mib = Annotated[int, Meta(ge=0, le=1 << 20)]


class Watching(enum.StrEnum):
    """Who may read, and change nothing, where central requires a token."""

    NOBODY = "nobody"
    TOKEN = "token"
    EVERYBODY = "everybody"


class CentralConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None means "not set". `allowed_hosts` are host names that central answers to besides IP
    addresses and `localhost`, such as `bench.example`: without scheme, port or wildcard.

    People need `operator_token` where central listens beyond loopback, and with `require_token` on
    loopback too. A token that is not set is generated, and shown once. `watch` gives read-only
    access to nobody, to holders of `watch_token`, or to everybody. Artifacts of rounds are copied
    from their machines up to `artifact_mib` MiB each and `artifacts_mib` per run; larger ones stay
    there. `retention` limits how long finished runs are kept; without it they are kept for good.
    With `mdns`, a central that listens beyond loopback announces itself on the local network.

    `tls_cert` and `tls_key` are PEM files: central then serves HTTPS only. With `tls_client_ca`
    every client must present a certificate of that CA in addition to its token. Relative paths are
    relative to the folder of `central.yaml`.
    """

    bind_host: str | None = None
    bind_port: Port | None = None
    allowed_hosts: tuple[str, ...] = ()
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    require_token: bool = False
    operator_token: str | None = None
    watch: Watching = Watching.NOBODY
    watch_token: str | None = None
    artifact_mib: Mib = ARTIFACT_MIB
    artifacts_mib: Mib = ARTIFACTS_MIB
    retention: RetentionLimits = RetentionLimits()
    mdns: bool = True


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
    files = tls_files(document, config, SERVER)
    return msgspec.structs.replace(config, **tokens, **files, allowed_hosts=hosts)


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    return credential(name, environ.get(name))
