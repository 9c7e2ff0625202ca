"""`machines.yaml`: the machines that a central knows by name."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.config.document import open_document
from benchrace.ids import is_name


class MachineEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One machine, listed as offline until its agent links; `gpu` sets what that cannot detect."""

    machine_id: str
    label: Annotated[str, Meta(max_length=200)] | None = None
    agent_base_url: str | None = None
    notes: str | None = None
    excluded: bool = False
    gpu: dict[str, Any] = {}


class Machines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    machines: tuple[MachineEntry, ...] = ()


def read_machines(path: Path) -> tuple[MachineEntry, ...]:
    """Read `machines.yaml` where it exists; raises InvalidInput, also for an id used twice."""
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
    return entries
