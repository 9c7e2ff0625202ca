"""Starting and stopping agent and central over HTTP, as the command line does it."""

import hmac
import os
import signal
import sys
from subprocess import DEVNULL
from typing import Any, Literal

import anyio
import msgspec
from quart import Quart, Response, request
from quart_schema import document_response

from benchrace.central.settings import CentralSettings
from benchrace.central.site import answer
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.web.problem import Problem
from benchrace.web.serving import is_loopback

TOKEN = "SERVICE_CONTROL_TOKEN"
LIMIT_S = 45.0
_COMPONENTS = frozenset({"agent", "central"})


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    component: str
    running: bool
    pid: int | None
    info: dict[str, Any]


def install_service(app: Quart, settings: CentralSettings) -> None:
    """Add the routes."""

    @app.get("/api/service/<component>/status")
    @document_response(ServiceStatus)
    async def service_status(component: str) -> Response:
        """Say whether a component of this data folder runs."""
        _check(settings, component)
        return answer(await _run(settings, component, "status"))

    @app.post("/api/service/<component>/<action>")
    @document_response(ServiceStatus)
    async def service_control(component: str, action: str) -> Response:
        """Start or stop a component of this data folder."""
        _check(settings, component)
        match action:
            case "stop" if component == "central":
                status = await _run(settings, component, "status")
                # This very process: the answer goes out while it ends.
                os.kill(os.getpid(), signal.SIGTERM)
                return answer(msgspec.structs.replace(status, running=False))
            case "start" if component == "central":
                return answer(await _run(settings, component, "status"))
            case "start" | "stop":
                return answer(await _run(settings, component, action))
            case _:
                raise NotFound(f"{action[:40]!r} is no action", "Use start, stop or status.")


def _check(settings: CentralSettings, component: str) -> None:
    """Let in who is on this machine while it serves no other, or who has the token."""
    expected = os.environ.get(TOKEN, "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    known = bool(expected) and scheme.lower() == "bearer"
    if known and hmac.compare_digest(token.strip().encode(), expected.encode()):
        pass
    elif not is_loopback(settings.host):
        raise Problem(
            401,
            Category.VALIDATION,
            "this needs the token for service control",
            f"Set {TOKEN} for central, and send it as `Authorization: Bearer <token>`.",
        )
    if component not in _COMPONENTS:
        raise NotFound(f"there is no component {component[:40]!r}", "Use agent or central.")


async def _run(
    settings: CentralSettings, component: str, action: Literal["start", "stop", "status"]
) -> ServiceStatus:
    command = [sys.executable, "-m", "benchrace.cli", component, action, "--json"]
    try:
        with anyio.fail_after(LIMIT_S):
            done = await anyio.run_process(
                [*command, "--data-dir", str(settings.data)], check=False, stderr=DEVNULL
            )
    except TimeoutError as error:
        raise _failed(component, action, f"took over {LIMIT_S:g} s") from error
    try:
        return msgspec.json.decode(done.stdout, type=ServiceStatus)
    except msgspec.DecodeError as error:
        raise _failed(component, action, f"ended with code {done.returncode}") from error


def _failed(component: str, action: str, why: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"`benchrace {component} {action}` {why}",
        f"Run it in a terminal, or look at `benchrace {component} logs`.",
    )
