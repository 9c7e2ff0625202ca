"""`benchrace agent preflight`: checks of what this machine's agent needs."""

import os
import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchrace.cli.output.checks import Check
from benchrace.errors import BenchraceError

if TYPE_CHECKING:
    from benchrace.agent.settings import AgentSettings


def checks(settings: "AgentSettings") -> Iterator[Check]:
    """Check what an agent needs, in the order in which it would need it."""
    from benchrace.cli import doctor
    from benchrace.cli.agent import engines, surroundings

    yield Check(name="machine", value=f"{settings.machine_id} ({settings.label})")
    yield Check(name="Python", value=platform.python_version())
    yield doctor.data_folder(settings.data)
    yield _port(settings)
    yield _token(settings)
    yield _central(settings)
    yield surroundings.clock_offset(settings.central, settings.token)
    yield surroundings.keep_awake()
    yield from _others()
    yield from doctor.hardware()
    yield from surroundings.machine()
    yield from doctor.plugins(str(settings.data), settings.tables)
    yield from engines.checks(settings.data, settings.tables)


def _port(settings: "AgentSettings") -> Check:
    from benchrace.cli.service.service import agent_service
    from benchrace.web.serving import listen

    name, address = "address", f"{settings.host}:{settings.port}"
    if running := agent_service(settings.data, settings.machine_id).running():
        return Check(name=name, value=f"this machine's agent is already running at {running.url}")
    try:
        listen(settings.host, settings.port).sock.close()
    except BenchraceError as error:
        return Check(name=name, value=error.message, remedy=error.remedy)
    return Check(name=name, value=f"{address} is free")


def _token(settings: "AgentSettings") -> Check:
    from benchrace.web.serving import is_loopback

    if settings.token:
        return Check(name="token", value="set")
    needed = settings.central or not (is_loopback(settings.host) or settings.insecure)
    if not needed:
        return Check(name="token", value="none (not needed)")
    remedy = (
        "Set `central_token` in agent.yaml, or BENCHRACE_TOKEN, to the agent token that central "
        "printed on its first start."
    )
    return Check(name="token", value="none", remedy=remedy)


def _central(settings: "AgentSettings") -> Check:
    from benchrace.cli.connect.client import Client

    if settings.central is None:
        return Check(name="central", value="none (standalone)")
    try:
        with Client(settings.central, settings.token) as client:
            client.get("/health")
    except BenchraceError as error:
        return Check(name="central", value=error.message, remedy=error.remedy)
    where = f"{settings.central} (set by {settings.central_source})"
    return Check(name="central", value=f"{where} is reachable")


def _others() -> Iterator[Check]:
    """Report the current load: not a failure, but it affects results."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    words = f"load average {load:.1f} on {cores} cores over the last minute"
    if load > cores / 2:
        words += ": expect noisier results"
    yield Check(name="load", value=words)
