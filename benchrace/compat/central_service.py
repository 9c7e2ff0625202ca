"""Starting and stopping agent and central over HTTP, as the command line does it."""

import hmac
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE
from typing import Literal, cast

import anyio
import msgspec
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_response

from benchrace.central.central import Central
from benchrace.central.settings import CentralSettings
from benchrace.central.site import answer
from benchrace.compat.services import ServiceList, ServiceStatus, central_url, own_machine, services
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.ids import is_name
from benchrace.web.access import bearer, right_of, watching
from benchrace.web.asgi import Scope
from benchrace.web.problem import Problem
from benchrace.web.serving import is_loopback
from benchrace.web.token import Right

TOKEN = "SERVICE_CONTROL_TOKEN"
LIMIT_S = 45.0
_COMPONENTS = frozenset({"agent", "central"})

Action = Literal["start", "stop", "status"]


def install_service(app: Quart, central: Central) -> None:
    """Add the routes."""
    settings = central.settings

    @app.get("/api/services")
    @document_response(ServiceList)
    async def list_services() -> Response:
        """List central and the agents of its data folder, and whether they run."""
        return answer(await to_thread.run_sync(services, settings.data))

    @app.get("/api/service/<component>/status")
    @document_response(ServiceStatus)
    async def service_status(component: str) -> Response:
        """Say whether a component of this data folder runs; an agent by its `machine_id`."""
        _check(settings, component, changes=False)
        return answer(await _run(settings, component, "status", _machine()))

    @app.post("/api/service/<component>/<action>")
    @document_response(ServiceStatus)
    async def service_control(component: str, action: str) -> Response:
        """Start or stop a component of this data folder; an agent by its `machine_id`."""
        _check(settings, component, changes=True)
        match action:
            case "stop" if component == "central":
                status = await _run(settings, component, "status")
                # This very process: the answer goes out while it ends.
                os.kill(os.getpid(), signal.SIGTERM)
                return answer(msgspec.structs.replace(status, running=False))
            case "start" if component == "central":
                return answer(await _run(settings, component, "status"))
            case "start":
                return answer(await _start_agent(central, _machine()))
            case "stop":
                return answer(await _run(settings, component, "stop", _machine()))
            case _:
                raise NotFound(f"{action[:40]!r} is no action", "Use start, stop or status.")


def _check(settings: CentralSettings, component: str, *, changes: bool) -> None:
    """Let in the operator, who has the service token, and everybody who is on this machine."""
    scope = cast(Scope, request.scope)
    expected = os.environ.get(TOKEN, "")
    shown = bearer(scope) or ""
    right = right_of(scope)
    if expected and hmac.compare_digest(shown.encode(), expected.encode()):
        pass
    elif right is Right.WATCH and changes:
        refused = watching()
        raise Problem(refused.status, Category.VALIDATION, refused.message, refused.remedy)
    elif right in (Right.OPERATE, Right.WATCH) and (settings.asks or is_loopback(settings.host)):
        pass
    else:
        raise Problem(
            401,
            Category.VALIDATION,
            "this needs the operator's token, or the token for service control",
            f"Log in; or set {TOKEN} for central, and send it as `Authorization: Bearer <token>`.",
        )
    if component not in _COMPONENTS:
        raise NotFound(f"there is no component {component[:40]!r}", "Use agent or central.")


def _machine() -> str | None:
    """Read which agent is meant, None for this machine's own; raises `InvalidInput`."""
    said = request.args.get("machine_id") or None
    if said is not None and not is_name(said):
        raise InvalidInput(FieldError("machine_id", f"{said[:64]!r} is no machine's name"))
    return said


async def _start_agent(central: Central, machine_id: str | None) -> ServiceStatus:
    """Start an agent that joins this central, by a token that nobody sees."""
    data = central.settings.data
    own = await to_thread.run_sync(own_machine)
    name = machine_id or own
    status = await _run(central.settings, "agent", "status", name)
    if status.running:
        return status
    url = await to_thread.run_sync(central_url, data)
    if url is None:
        raise BenchraceError(Category.BUSY, "central is starting, or ends", "Try again.")
    token = await to_thread.run_sync(central.link_token.make, name)
    # This machine's own agent has the usual port.
    port = () if name == own else ("--port", "0")
    return await _run(
        central.settings, "agent", "start", name, "--central", url, *port, token=token
    )


async def _run(
    settings: CentralSettings,
    component: str,
    action: Action,
    machine_id: str | None = None,
    *more: str,
    token: str | None = None,
) -> ServiceStatus:
    command = [sys.executable, "-m", "benchrace.cli", component, action, "--json", *more]
    command += ["--data-dir", str(settings.data)]
    if component == "agent" and machine_id is not None:
        command += ["--machine-id", machine_id]
    try:
        with _piped(token) as pipe, anyio.fail_after(LIMIT_S):
            done = await anyio.run_process(
                [*command, *(("--token-fd", str(pipe)) if pipe is not None else ())],
                check=False,
                stderr=PIPE,
                pass_fds=() if pipe is None else (pipe,),
            )
    except TimeoutError as error:
        raise _failed(component, action, f"took over {LIMIT_S:g} s") from error
    try:
        status = msgspec.json.decode(done.stdout, type=ServiceStatus)
    except msgspec.DecodeError as error:
        said = (done.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        why = said[-1][:500] if said else f"code {done.returncode}"
        raise _failed(component, action, f"failed: {why}") from error
    return msgspec.structs.replace(status, machine_id=machine_id)


@contextmanager
def _piped(token: str | None) -> Iterator[int | None]:
    """Give the end of a pipe that a token can be read from: a command line is seen by all."""
    if token is None:
        yield None
        return
    reading, writing = os.pipe()
    try:
        os.write(writing, token.encode() + b"\n")
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


def _failed(component: str, action: str, why: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"`benchrace {component} {action}` {why}",
        f"Run it in a terminal, or look at `benchrace {component} logs`.",
    )
