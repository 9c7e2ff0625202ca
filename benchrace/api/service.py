"""Requests and answers about services: their health, status and logs."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace.api.machines import Reach
from benchrace.run.planning.prediction import DEPTH


class CentralHealth(msgspec.Struct, frozen=True, kw_only=True):
    """`timestamp_s` is central's wall clock, to compare others with."""

    ok: bool
    component: str
    version: str
    instance: str
    timestamp_s: float


class CentralStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`banner` is what people should see now; `disk_full` that new runs are refused."""

    instance: str
    version: str
    running: tuple[str, ...]
    queued: int
    degraded: bool
    banner: str | None


class StatusQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The model to look for, and with how many positions it would run.

    Its rates are predicted for a token behind `depth` others.
    """

    model: Annotated[str, Meta(max_length=300)] | None = None
    num_ctx: Annotated[int, Meta(ge=1, le=1 << 30)] | None = None
    depth: Annotated[int, Meta(ge=0, le=1 << 30)] = DEPTH


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True):
    central: CentralStatus
    machines: tuple[Reach, ...]


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`machine_id` is an agent's; `info` has its address and version while it runs."""

    component: str
    running: bool
    pid: int | None
    info: dict[str, Any]
    machine_id: str | None = None


class ServiceList(msgspec.Struct, frozen=True, kw_only=True):
    services: tuple[ServiceStatus, ...]


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """`changed_at` is wall seconds."""

    name: str
    size: int
    changed_at: float


class LogList(msgspec.Struct, frozen=True, kw_only=True):
    logs: tuple[LogFile, ...]


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The last `lines` in which every word of `q` is found."""

    lines: int = 200
    q: str = ""


class LogTail(msgspec.Struct, frozen=True, kw_only=True):
    """The last `lines` that were found, oldest first.

    `size` in bytes is that of the log with its older files; `cut` says that older lines were not
    looked at.
    """

    lines: tuple[str, ...]
    size: int
    cut: bool
