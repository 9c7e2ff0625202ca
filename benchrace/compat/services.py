"""The services of central's data folder: central, and the agents ever started there."""

import os
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.api.service import ServiceList, ServiceStatus
from benchrace.compat.agent_config import RENAMES, with_environment
from benchrace.config.agent import read_agent
from benchrace.config.machine_id import machine_id
from benchrace.config.paths import config_dir
from benchrace.ids import is_name
from benchrace.store.journal import is_held


class _Record(msgspec.Struct, frozen=True):
    url: str
    pid: int
    version: str


def services(data: Path) -> ServiceList:
    """List central, then the agents: this machine's own one first. Blocks."""
    folder = data / "agents"
    locked = {path.stem for path in folder.glob("*.lock")}
    own = own_machine()
    names = [own, *sorted(name for name in locked - {own} if is_name(name))]
    agents = [agent_status(data, name) for name in names]
    return ServiceList(services=(central_status(data), *agents))


def central_status(data: Path) -> ServiceStatus:
    """Read from its lock and its record whether central runs; starts nothing. Blocks."""
    log = data / "logs" / "central.log"
    return _status("central", None, data / "central.lock", data / "central.json", log)


def agent_status(data: Path, machine_id: str) -> ServiceStatus:
    """Read from its lock and its record whether an agent runs; starts nothing. Blocks."""
    folder = data / "agents"
    lock, record = folder / f"{machine_id}.lock", folder / f"{machine_id}.json"
    return _status("agent", machine_id, lock, record, data / "logs" / f"agent-{machine_id}.log")


def own_machine() -> str:
    """Return this machine's default id, as its agent computes it. Blocks."""
    file = read_agent(config_dir(None) / "agent.yaml", os.environ, RENAMES)
    config = with_environment(file.config, os.environ)
    return machine_id(msgspec.structs.replace(file, config=config))


def central_url(data: Path) -> str | None:
    """Return the address at which this machine reaches central, None while it starts. Blocks."""
    record = _read(data / "central.json")
    return None if record is None else record.url


def _status(
    component: str, machine_id: str | None, lock: Path, path: Path, log: Path
) -> ServiceStatus:
    record = _read(path) if is_held(lock) else None
    info = {}
    if record is not None:
        info = {"url": record.url, "version": record.version, "log": str(log)}
    return ServiceStatus(
        component=component,
        running=record is not None,
        pid=None if record is None else record.pid,
        info=info,
        machine_id=machine_id,
    )


def _read(path: Path) -> _Record | None:
    try:
        return structs.decode(path.read_bytes(), _Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
