"""Starting and stopping agent and central over HTTP, as the command line does."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import PIPE
from typing import Literal, cast

import anyio
import msgspec
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_response

from benchrace import structs
from benchrace.api.service import ServiceList, ServiceStatus
from benchrace.api.session import Right
from benchrace.central.auth.first_tokens import SERVICE_KEY
from benchrace.central.central import Central
from benchrace.central.settings import CentralSettings
from benchrace.compat.services import (
    agent_status,
    central_status,
    central_url,
    own_machine,
    services,
)
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.ids import is_name
from benchrace.web.answer import answer
from benchrace.web.asgi.types import Scope, peer
from benchrace.web.auth.access import Refusal, bearer, right_of, too_many, watching
from benchrace.web.problem import Problem
from benchrace.web.serving import is_loopback
from benchrace.web.token import same_token

LIMIT_S = 45.0
_COMPONENTS = frozenset({"agent", "central"})

Action = Literal["start", "stop"]


def install_service(
    app: Quart, central: Central, restart: Callable[[], None] | None = None
) -> None:
    """Add the routes; `restart` has central start anew after its end."""
    settings = central.settings

    @app.get("/api/services")
    @document_response(ServiceList)
    async def list_services() -> Response:
        """List central and the agents of its data folder, and whether they run."""
        return answer(await to_thread.run_sync(services, settings.data))

    @app.get("/api/service/<component>/status")
    @document_response(ServiceStatus)
    async def service_status(component: str) -> Response:
        """Return whether a component of this data folder runs; an agent by its `machine_id`."""
        _check(central, component, changes=False)
        return answer(await _status(central, component, _machine()))

    @app.post("/api/service/<component>/<action>")
    @document_response(ServiceStatus)
    async def service_control(component: str, action: str) -> Response:
        """Start, stop or restart a component of this data folder; an agent by its `machine_id`."""
        _check(central, component, changes=True)
        match action:
            case "stop" if component == "central":
                status = await _status(central, component, None)
                # This very process: the answer goes out while it ends.
                os.kill(os.getpid(), signal.SIGTERM)
                return answer(msgspec.structs.replace(status, running=False))
            case "start" if component == "central":
                return answer(await _status(central, component, None))
            case "start":
                return answer(await _start_agent(central, _machine()))
            case "stop":
                return answer(await _run(settings, component, "stop", _machine()))
            case "restart" if component == "central":
                status = await _status(central, component, None)
                _restart_central(restart)
                return answer(status)
            case "restart":
                machine_id = _machine()
                await _run(settings, component, "stop", machine_id)
                return answer(await _start_agent(central, machine_id))
            case _:
                remedy = "Use start, stop, restart or status."
                raise NotFound(f"unknown action {action[:40]!r}", remedy)


def _restart_central(restart: Callable[[], None] | None) -> None:
    """End this process, which then starts anew in its place; the answer goes out meanwhile."""
    if restart is None:
        raise BenchraceError(
            Category.BUSY,
            "this central belongs to another command and cannot restart itself",
            "Stop that command and start it again, or run `benchrace central start`.",
        )
    restart()
    os.kill(os.getpid(), signal.SIGTERM)


def _check(central: Central, component: str, *, changes: bool) -> None:
    """Allow the operator, holders of the service token, and anyone on this machine."""
    settings = central.settings
    right = right_of(cast(Scope, request.scope))
    if right is Right.SERVICE or (right is Right.WATCH and not changes):
        pass
    elif right is Right.WATCH:
        raise _refused(watching())
    elif right is Right.OPERATE and (settings.asks or is_loopback(settings.host)):
        pass
    elif settings.asks or not _shows_service_token(central):
        raise Problem(
            401,
            Category.VALIDATION,
            "the operator token or the service token is required",
            f"Log in; or set {SERVICE_KEY} for central, and send it as "
            "`Authorization: Bearer <token>`.",
        )
    if component not in _COMPONENTS:
        raise NotFound(f"unknown component {component[:40]!r}", "Use agent or central.")


def _shows_service_token(central: Central) -> bool:
    """Check the service token where no other is required; raises 429 after many wrong ones."""
    scope = cast(Scope, request.scope)
    token, expected = bearer(scope), central.settings.service_token
    if token is None or expected is None:
        return False
    right = same_token(token, expected)
    if wait_s := central.attempts.judge(peer(scope), token, right=right):
        raise _refused(too_many(wait_s))
    return right


async def _status(central: Central, component: str, machine_id: str | None) -> ServiceStatus:
    """Read how a component stands, from its files and from what central knows of its link."""
    data = central.settings.data
    if component == "central":
        return await to_thread.run_sync(central_status, data)
    name = machine_id if machine_id is not None else await to_thread.run_sync(own_machine)
    status = await to_thread.run_sync(agent_status, data, name)
    machine = central.fleet.find(name)
    if not status.running or machine is None or machine.session is None:
        return status
    return msgspec.structs.replace(status, info={**status.info, "central": "linked"})


def _machine() -> str | None:
    """Return the requested agent, None for this machine's own; raises `InvalidInput`."""
    name = request.args.get("machine_id") or None
    if name is not None and not is_name(name):
        raise InvalidInput(
            FieldError("machine_id", f"invalid machine ID {name[:64]!r} (e.g. gpu-box-1)")
        )
    return name


async def _start_agent(central: Central, machine_id: str | None) -> ServiceStatus:
    """Start an agent that joins this central with a token that is not shown."""
    data = central.settings.data
    own = await to_thread.run_sync(own_machine)
    name = machine_id or own
    status = await _status(central, "agent", name)
    if status.running:
        return status
    url = await to_thread.run_sync(central_url, data)
    if url is None:
        raise BenchraceError(Category.BUSY, "central is starting or stopping", "Try again.")
    token = await to_thread.run_sync(central.tokens.make, name)
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
        status = structs.decode(done.stdout, ServiceStatus)
    except msgspec.DecodeError as error:
        output = (done.stderr or b"").decode("utf-8", "replace").strip().splitlines()
        why = output[-1][:500] if output else f"code {done.returncode}"
        raise _failed(component, action, f"failed: {why}") from error
    return msgspec.structs.replace(status, machine_id=machine_id)


@contextmanager
def _piped(token: str | None) -> Iterator[int | None]:
    """Yield the end of a pipe to read a token from: a command line is visible to all."""
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


def _refused(refusal: Refusal) -> Problem:
    return Problem(refusal.status, Category.VALIDATION, refusal.message, refusal.remedy)


def _failed(component: str, action: str, why: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"`benchrace {component} {action}` {why}",
        f"Run it in a terminal, or check `benchrace {component} logs`.",
    )
