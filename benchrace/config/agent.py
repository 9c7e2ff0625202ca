"""`agent.yaml`: the agent's settings, and each backend's own table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from benchrace.config.assets.sources import AssetsConfig
from benchrace.config.callbacks import CallbackConfig, check_callbacks
from benchrace.config.document import Document, open_document
from benchrace.config.document_credentials import document_credential, trimmed_table
from benchrace.config.environment import host, port
from benchrace.config.explain import Keys, did_you_mean
from benchrace.config.hosts import check_hosts, check_lend_address
from benchrace.config.joined import Joined, joined_path, read_joined
from benchrace.config.machine_settings import NAMES, MachineSettings
from benchrace.config.plugin_sources import how_to_install
from benchrace.config.tls_files import CLIENT, SERVER, tls_files
from benchrace.ids import is_name
from benchrace.redaction import register_environment

Port = Annotated[int, Meta(ge=0, le=65535)]


class AgentConfig(MachineSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None means "not set". `hardware` overrides what is detected; `sampling_s` 0 is off.

    Central can set the keys from `sampling_s` to `model_share` as well; what stands here wins.

    `allowed_hosts` are names that it answers to besides IP addresses and `localhost`.

    `central_ca` is a PEM file of a CA to trust in addition to the system's. `client_cert` and
    `client_key` are PEM files with the certificate to present to a central that requires one;
    without `client_key`, the key is in the file of the certificate. `tls_cert`, `tls_key` and
    `tls_client_ca` are for the agent's own port, as in `central.yaml`. Relative paths are
    relative to the folder of `agent.yaml`.

    `assets` says from where files for engines may be fetched, `callbacks` where requests about
    jobs may go.

    With `mdns`, an agent that others reach and that has no central announces itself on the local
    network, so that a central can suggest it.

    `lend_address` is the IP address at which the machine listens as a worker of another one's lane;
    by default that of its link to central.

    `tables` holds every other top-level mapping: the backends' own, by backend name. A list of
    mappings is there as the `servers` of one.
    """

    machine_id: str | None = None
    label: Annotated[str, Meta(max_length=200)] | None = None
    bind_host: str | None = None
    bind_port: Port | None = None
    allowed_hosts: tuple[str, ...] = ()
    central_base_url: str | None = None
    central_token: str | None = None
    central_ca: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    assets: AssetsConfig = AssetsConfig()
    share_host: bool = False
    mdns: bool = True
    lend_address: str | None = None
    callbacks: CallbackConfig = CallbackConfig()
    hardware: dict[str, Any] = msgspec.field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)

    def machine_settings(self) -> MachineSettings:
        """Return the settings that central may set as well."""
        return MachineSettings(**{name: getattr(self, name) for name in NAMES})


class AgentFile(msgspec.Struct, frozen=True, kw_only=True):
    """The checked configuration, and the document it came from (None without a file).

    `joined` is the central that `benchrace agent join` stored, None where the file names another.
    """

    config: AgentConfig
    document: Document | None = None
    joined: Joined | None = None


KEYS = tuple(name for name in AgentConfig.__struct_fields__ if name != "tables")


def read_agent(
    path: Path, environ: Mapping[str, str], renames: Mapping[str, Keys] | None = None
) -> AgentFile:
    """Read `agent.yaml` where it exists; `AGENT_HOST` and `AGENT_PORT` win over it. Blocks.

    Where it names no central, the joined one beside it counts, with its name for this machine.
    `renames` says where older top-level keys belong now. Raises InvalidInput for the first
    key that is wrong: file, line, key and what was expected. Keys and tokens are trimmed, and
    redacted from then on, as are those of the environment.
    """
    register_environment(environ)
    document = open_document(path).moved(renames or {}) if path.exists() else None
    config = AgentConfig() if document is None else _checked(document, environ)
    config = msgspec.structs.replace(
        config,
        bind_host=host(environ, "AGENT_HOST") or config.bind_host,
        bind_port=_either(port(environ, "AGENT_PORT"), config.bind_port),
    )
    joined = None
    if config.central_base_url is None:
        joined = read_joined(joined_path(path.parent))
    if joined is not None:
        config = msgspec.structs.replace(
            config,
            machine_id=config.machine_id or joined.machine_id,
            label=config.label or joined.label,
        )
    return AgentFile(config=config, document=document, joined=joined)


class Warned(NamedTuple):
    """What in a file has no effect, and what to do."""

    message: str
    remedy: str


def unknown_tables(config: AgentConfig, backends: frozenset[str]) -> tuple[Warned, ...]:
    """Return a warning for each table that no installed backend reads, with what to do."""
    return tuple(
        Warned(f"{name}: no installed backend has this name", how_to_install(name))
        for name in config.tables
        if name not in backends
    )


def _checked(document: Document, environ: Mapping[str, str]) -> AgentConfig:
    if not isinstance(document.data, dict):
        raise document.bad((), "expected a table of keys")
    settings = {key: value for key, value in document.data.items() if key in KEYS}
    tables: dict[str, Any] = {}
    for key, value in document.data.items():
        if key in KEYS:
            continue
        if not _is_table(value):
            raise document.bad((key,), f"unknown key{did_you_mean(key, list(KEYS))}")
        if not is_name(key):
            raise document.bad((key,), "no backend can have this name")
        tables[key] = _table(document, key, trimmed_table(document, key, environ))
    config = document.with_data({**settings, "tables": tables}).decode(AgentConfig)
    if config.machine_id is not None and not is_name(config.machine_id):
        raise document.bad(("machine_id",), "expected 1 to 64 of A-Z a-z 0-9 . _ -")
    token = document_credential(document, ("central_token",), config.central_token)
    hosts = check_hosts(document, config.allowed_hosts)
    files = tls_files(document, config, (*SERVER, *CLIENT))
    callbacks = check_callbacks(document, config.callbacks)
    check_lend_address(document, config.lend_address)
    return msgspec.structs.replace(
        config, central_token=token, **files, allowed_hosts=hosts, callbacks=callbacks
    )


def _is_table(value: Any) -> bool:
    listed = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) for item in listed)


def _table(document: Document, key: str, value: dict[Any, Any] | list[Any]) -> dict[Any, Any]:
    """Return one backend's table: a list of tables, one per server, becomes its `servers`."""
    if isinstance(value, dict):
        return value
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise document.bad((key, index), "expected a table: one server of the backend")
    return {"servers": value}


def _either(first: int | None, second: int | None) -> int | None:
    return second if first is None else first
