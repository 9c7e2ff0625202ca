"""`callbacks` of a configuration file: to whom requests may go, and how they are signed."""

import ipaddress
import os
import re
import stat
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from benchrace.config.credentials import UNFIT, credential
from benchrace.config.document import Document
from benchrace.config.document_credentials import document_credential
from benchrace.config.hosts import problem
from benchrace.errors import InvalidInput

KEY = "callbacks"
_ENTRY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?")
_MAX_SECRET_BYTES = 4096
# Of a secret in base64; alone it would sign with an empty key.
_PREFIX = "whsec_"


class CallbackConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests go to public addresses only, and with `allowed_hosts` to these hosts only.

    An entry is a host name, an address or a network, with a port or without: `hooks.example`,
    `192.168.1.20:8080`, `10.0.0.0/8`. What is listed may be a private address. `base_url` replaces
    scheme and host of every callback, is put before relative ones, and need not be listed.

    Requests are signed with `secret`, or the content of `secret_file`, which only its owner may
    read. `ca` is a PEM file of a CA to trust in addition to the system's. A request that takes
    longer than `timeout_s` has failed. Failed ones are repeated for `give_up_h` hours. Relative
    paths are relative to the folder of the file.
    """

    base_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    secret: str | None = None
    secret_file: str | None = None
    ca: str | None = None
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 10.0
    give_up_h: Annotated[float, Meta(gt=0, le=30 * 24)] = 24.0


def check_callbacks(document: Document, config: CallbackConfig) -> CallbackConfig:
    """Return the settings with the secret read and paths absolute; raises BadDocument. Blocks."""
    if config.base_url is not None and not _is_base(config.base_url):
        raise document.bad((KEY, "base_url"), "expected an address like https://hooks.example")
    for index, entry in enumerate(config.allowed_hosts):
        if not is_entry(entry):
            message = f"invalid host {entry[:80]!r} (e.g. hooks.example, 10.0.0.5:8080, 10.0.0.0/8)"
            raise document.bad((KEY, "allowed_hosts", index), message)
    return msgspec.structs.replace(
        config,
        secret=_secret(document, config),
        secret_file=None,
        ca=None if config.ca is None else str(_absolute(document, config.ca)),
    )


def is_entry(entry: str) -> bool:
    """Check whether an entry of `allowed_hosts` can match a request."""
    if "/" in entry:
        return _is_network(entry)
    if _is_address(entry):
        return True
    match = _ENTRY.fullmatch(entry)
    if match is None or problem(match["host"]) is not None:
        return False
    return match["port"] is None or 0 < int(match["port"]) < 65536


def _secret(document: Document, config: CallbackConfig) -> str | None:
    if config.secret_file is None:
        secret = document_credential(document, (KEY, "secret"), config.secret)
        if secret == _PREFIX:
            raise document.bad((KEY, "secret"), f"nothing follows {_PREFIX!r}")
        return secret
    keys = (KEY, "secret_file")
    if config.secret is not None:
        raise document.bad(keys, "cannot be used with callbacks.secret")
    path = _absolute(document, config.secret_file)
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(_MAX_SECRET_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not text"
        raise document.bad(keys, f"{path} cannot be read: {why}") from error
    if mode & 0o077:
        raise document.bad(keys, f"others may read {path}: run `chmod 600 {path}`")
    try:
        secret = credential("callbacks.secret_file", text)
    except InvalidInput as error:
        raise document.bad(keys, f"{path} {UNFIT}") from error
    if secret is None or secret == _PREFIX:
        raise document.bad(keys, f"{path} is empty")
    return secret


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = not parts.query and not parts.fragment and "@" not in parts.netloc
    return parts.scheme in ("http", "https") and has_host and plain


def _is_network(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=True)
    except ValueError:
        return False
    return True


def _is_address(entry: str) -> bool:
    try:
        ipaddress.ip_address(entry)
    except ValueError:
        return False
    return True


def _absolute(document: Document, text: str) -> Path:
    return (document.path.parent / Path(text.strip()).expanduser()).absolute()
