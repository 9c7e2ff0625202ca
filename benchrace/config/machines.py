"""`machines.yaml`: the machines that a central knows by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from benchrace.config.credentials import credential
from benchrace.config.document import Document, open_document
from benchrace.config.document_credentials import document_credential
from benchrace.ids import is_name


class MachineEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One machine, listed as offline until its agent links; `gpu` sets what that cannot detect.

    With `dial`, central opens the link, to `agent_base_url`: for a machine that cannot reach
    central. Its agent listens there and has no `central_base_url`; it asks for `agent_token`,
    which is the `central_token` of its `agent.yaml`. `agent_token_env` names the environment
    variable of central that holds it instead. `label` and `notes` are shown to people.
    """

    machine_id: str
    label: Annotated[str, Meta(max_length=200)] | None = None
    agent_base_url: str | None = None
    notes: str | None = None
    excluded: bool = False
    dial: bool = False
    agent_token: str | None = None
    agent_token_env: str | None = None
    gpu: dict[str, Any] = {}


class Machines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    machines: tuple[MachineEntry, ...] = ()


def read_machines(path: Path, environ: Mapping[str, str]) -> tuple[MachineEntry, ...]:
    """Read `machines.yaml` where it exists; raises InvalidInput, also for an id used twice.

    Tokens are trimmed, and redacted from then on.
    """
    if not path.exists():
        return ()
    document = open_document(path)
    entries = document.decode(Machines).machines
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        keys = ("machines", index, "machine_id")
        if not is_name(entry.machine_id):
            raise document.bad(keys, "expected 1 to 64 of A-Z a-z 0-9 . _ -")
        if entry.machine_id in seen:
            raise document.bad(keys, f"{entry.machine_id} is listed twice")
        seen.add(entry.machine_id)
    return tuple(
        _with_token(document, index, entry, environ) for index, entry in enumerate(entries)
    )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Raises for a port that is not a number.
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = "@" not in parts.netloc and not parts.query
    return parts.scheme in ("http", "https") and has_host and is_plain


def _with_token(
    document: Document, index: int, entry: MachineEntry, environ: Mapping[str, str]
) -> MachineEntry:
    """Return an entry with its token, wherever that stands; raises InvalidInput."""
    if entry.dial and not _is_address(entry.agent_base_url or ""):
        what = "dialling needs the agent's address (e.g. http://10.0.0.7:9001)"
        raise document.bad(("machines", index, "agent_base_url"), what)
    keys = ("machines", index, "agent_token")
    token = document_credential(document, keys, entry.agent_token)
    if (name := entry.agent_token_env) is not None:
        keys = ("machines", index, "agent_token_env")
        if token is not None:
            raise document.bad(keys, "cannot be used with agent_token")
        token = credential(name[:80], environ.get(name))
        if token is None:
            raise document.bad(keys, f"the environment of central has no variable {name[:80]!r}")
    return msgspec.structs.replace(entry, agent_token=token)
