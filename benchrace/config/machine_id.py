"""The name of this machine: as configured, or made from the host's name."""

import re
import socket

from benchrace.config.agent import AgentFile
from benchrace.errors import FieldError, InvalidInput
from benchrace.ids import is_name

_MAX_CHARS = 64


def machine_id(file: AgentFile, chosen: str | None = None) -> str:
    """Return `chosen`, or what `agent.yaml` says, or a name made from the host's.

    Raises InvalidInput for a name that no machine can have.
    """
    name = chosen or file.config.machine_id or _host_name()
    if not is_name(name):
        message = f"invalid machine ID {name!r} (e.g. gpu-box-1)"
        raise InvalidInput(FieldError("machine_id", message))
    return name


def _host_name() -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname().split(".")[0]).strip("-._")
    return name[:_MAX_CHARS] or "local"
