"""What runs on central's data folder: central, and the agents that were ever started beside it."""

import os
from pathlib import Path
from typing import Any

import msgspec

from benchrace.agent.settings import settle
from benchrace.compat.agent_config import RENAMES, with_environment
from benchrace.config.agent import read_agent
from benchrace.config.places import config_dir
from benchrace.ids import is_name
from benchrace.store.journal import is_held


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`machine_id` is an agent's; `info` has its address and version while it runs."""

    component: str
    running: bool
    pid: int | None
    info: dict[str, Any]
    machine_id: str | None = None


class ServiceList(msgspec.Struct, frozen=True, kw_only=True):
    services: tuple[ServiceStatus, ...]


class _Record(msgspec.Struct, frozen=True):
    url: str
    pid: int
    version: str


def services(data: Path) -> ServiceList:
    """List central, then the agents: this machine's own one first. Blocks."""
    folder = data / "agents"
    known = {path.stem for path in folder.glob("*.lock")}
    own = own_machine()
    names = [own, *sorted(name for name in known - {own} if is_name(name))]
    central = _status("central", None, data / "central.lock", data / "central.json")
    agents = [
        _status("agent", name, folder / f"{name}.lock", folder / f"{name}.json") for name in names
    ]
    return ServiceList(services=(central, *agents))


def own_machine() -> str:
    """Name this machine as its agent does where nothing else is said. Blocks."""
    file = read_agent(config_dir(None) / "agent.yaml", os.environ, RENAMES)
    config = with_environment(file.config, os.environ)
    return settle(Path(), msgspec.structs.replace(file, config=config)).machine_id


def central_url(data: Path) -> str | None:
    """Give the address at which this machine reaches central, None while it starts. Blocks."""
    record = _read(data / "central.json")
    return None if record is None else record.url


def _status(component: str, machine_id: str | None, lock: Path, path: Path) -> ServiceStatus:
    record = _read(path) if is_held(lock) else None
    info = {} if record is None else {"url": record.url, "version": record.version}
    return ServiceStatus(
        component=component,
        running=record is not None,
        pid=None if record is None else record.pid,
        info=info,
        machine_id=machine_id,
    )


def _read(path: Path) -> _Record | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
