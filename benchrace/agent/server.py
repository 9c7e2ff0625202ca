"""An agent from its start to its end: lock, port, recovery, routes, link, and a clean stop."""

import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
import msgspec
from anyio.abc import TaskGroup

from benchrace import __version__, permissions
from benchrace.agent import machine_settings
from benchrace.agent.agent import Agent
from benchrace.agent.capabilities import look
from benchrace.agent.delivery.forms import Form
from benchrace.agent.host_lock import boot_id
from benchrace.agent.link.connector import Connector
from benchrace.agent.link.guest import serve_loans
from benchrace.agent.link.reception import Reception
from benchrace.agent.settings import AgentSettings
from benchrace.api.session import Right
from benchrace.config.paths import make_private
from benchrace.errors import BenchraceError, Category
from benchrace.garbage import collect_as_usual
from benchrace.heap import return_freed
from benchrace.store import atomic
from benchrace.store.journal import Journal
from benchrace.telemetry.host_id import host_id
from benchrace.telemetry.inspection import environment
from benchrace.telemetry.machine_root import Root
from benchrace.telemetry.sampler import SystemSampler
from benchrace.tls.renewal import renew
from benchrace.tls.server import ServerContext
from benchrace.web import serving
from benchrace.web.asgi.late_app import LateApp
from benchrace.web.asgi.types import App
from benchrace.web.auth.access import Access
from benchrace.web.guard import Guard, Policy
from benchrace.web.remote.nearby import Role
from benchrace.web.remote.nearby import announce as announce_nearby
from benchrace.web.shutdown import Shutdown
from benchrace.web.token import Tokens, refuse_short, sha256_of

log = logging.getLogger(__name__)
_STOP_S = 2.5
_LEAVE_S = 1.0

if TYPE_CHECKING:
    from quart import Quart

# Probes of older systems ask for these without a token; neither says more than `/health`.
_PUBLIC = frozenset({"/health", "/healthz", "/"})

Extend = Callable[["Quart", Agent], None]
Ready = Callable[[str], None]


class AgentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`<data>/agents/<machine_id>.json`, there while the agent serves.

    `certificate` is its own in PEM, null without TLS.
    """

    url: str
    pid: int
    instance: str
    version: str
    certificate: str | None = None


async def serve(
    settings: AgentSettings,
    *,
    extend: Extend | None = None,
    forms: Mapping[str, Form] | None = None,
    ready: Ready | None = None,
    preload: bool = True,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets the address once requests are answered.

    `forms` are ways to write callbacks, beside the native one, by the names that jobs use.

    With `preload` the framework is imported now, and not by the first request, which may come
    while a job measures; a command's own agent is not asked anything over HTTP.

    Raises BenchraceError, in one line, for a data folder that cannot be used, a machine id or a
    port that is taken, and a public address without a token.
    """
    policy = _policy(settings)
    folder = settings.data / "agents"
    with _held(folder, settings.machine_id):
        await anyio.to_thread.run_sync(make_private, settings.data)
        listener = await _listen(settings)
        agent = await _create_agent(settings)
        agent.reporter.forms |= forms or {}
        await agent.jobs.recover()
        shutdown = Shutdown()
        app = _late_app(agent, shutdown, extend)
        reception = Reception(agent)
        dial = _connector(agent)
        record = folder / f"{settings.machine_id}.json"
        write_record = partial(anyio.to_thread.run_sync, _write_record, record, agent, listener)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(renew, listener.tls, write_record)
            tasks.start_soon(agent.run)
            tasks.start_soon(serve_loans, agent)
            _look_for_central(tasks, settings, dial, listener)

            async def stop() -> None:
                await serving.stop_signal()
                tasks.start_soon(agent.jobs.stop)
                # The server closes what was dialled to it: the goodbye comes before that.
                with anyio.move_on_after(_LEAVE_S):
                    await reception.leave()

            async def announce() -> None:
                await write_record()
                if ready is not None:
                    ready(listener.url)
                await _settle(app if preload else None)

            await _serve(Guard(reception.around(app), policy), listener, shutdown, stop, announce)
            with anyio.move_on_after(_STOP_S):
                await agent.jobs.stop()
            if dial is not None:
                with anyio.move_on_after(_LEAVE_S):
                    await dial.leave()
            tasks.cancel_scope.cancel()
        record.unlink(missing_ok=True)


async def _settle(app: LateApp | None) -> None:
    """Import what is to be imported now; from then on collect garbage and give back memory."""
    if app is not None:
        await app.load()
    collect_as_usual()
    return_freed()


async def _listen(settings: AgentSettings) -> serving.Listener:
    tls = None
    if settings.tls is not None:
        tls = await anyio.to_thread.run_sync(ServerContext, settings.tls)
    return serving.listen(settings.host, settings.port, tls)


def _connector(agent: Agent) -> Connector | None:
    """Return what dials the agent's central; raises InvalidInput for an invalid address."""
    central = agent.settings.central
    return None if central is None else Connector(agent, central, agent.settings.token)


def _look_for_central(
    tasks: TaskGroup, settings: AgentSettings, dial: Connector | None, listener: serving.Listener
) -> None:
    """Dial the agent's central; where it has none, announce that to centrals nearby."""
    if dial is not None:
        tasks.start_soon(dial.run)
    elif settings.mdns and not serving.is_loopback(settings.host):
        address = (listener.host, listener.port, listener.scheme)
        tasks.start_soon(announce_nearby, Role.AGENT, settings.machine_id, *address)


def _late_app(agent: Agent, shutdown: Shutdown, extend: Extend | None) -> LateApp:
    def build() -> App:
        from benchrace.agent.api.routes import create_app

        app = create_app(agent, shutdown)
        if extend is not None:
            extend(app, agent)
        return cast(App, app)

    return LateApp(build)


async def _serve(
    guarded: Guard,
    listener: serving.Listener,
    shutdown: Shutdown,
    stop: Callable[[], Awaitable[object]],
    announce: Callable[[], Awaitable[None]],
) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(serving.serve, guarded, listener, shutdown, stop)
        await announce()


async def _create_agent(settings: AgentSettings) -> Agent:
    root = Root.live()
    machine = await anyio.to_thread.run_sync(look, root, settings)
    sampler = await anyio.to_thread.run_sync(SystemSampler, root, machine.hardware)
    central = await anyio.to_thread.run_sync(
        machine_settings.read, machine_settings.path_of(settings)
    )
    return Agent(
        settings,
        machine,
        sampler,
        host_id=await anyio.to_thread.run_sync(host_id),
        boot_id=await anyio.to_thread.run_sync(boot_id),
        central=central,
        look_around=partial(environment, root, machine.hardware),
    )


def _policy(settings: AgentSettings) -> Policy:
    names = frozenset(name.lower() for name in settings.hosts)
    if serving.is_loopback(settings.host) or settings.insecure:
        return Policy(names=names, names_file="agent.yaml", is_public=_PUBLIC.__contains__)
    if not settings.token:
        raise BenchraceError(
            Category.VALIDATION,
            f"{settings.host} is reachable from other machines, and no token is set",
            "Set `central_token` in agent.yaml or BENCHRACE_TOKEN, or listen on 127.0.0.1.",
        )
    refuse_short({"central_token (or BENCHRACE_TOKEN)": settings.token})
    entries = ((sha256_of(settings.token), Right.OPERATE),)
    tokens = Tokens(entries=lambda: entries)
    return Policy(
        access=Access(tokens=tokens),
        names=names,
        names_file="agent.yaml",
        is_public=_PUBLIC.__contains__,
    )


@contextlib.contextmanager
def _held(folder: Path, machine_id: str) -> Iterator[None]:
    """Hold the lock of this machine's agent on this data folder, for life."""
    try:
        permissions.make_folder(folder)
        lock = Journal(folder / f"{machine_id}.lock")
    except OSError as error:
        raise atomic.failure(folder, error) from error
    except BenchraceError as error:
        if error.category is not Category.BUSY:
            raise
        raise BenchraceError(
            Category.BUSY,
            f"an agent of the machine {machine_id} runs on this data folder already",
            "Stop it with `benchrace agent stop`, or give this one another --machine-id.",
        ) from error
    with lock:
        yield


def _write_record(path: Path, agent: Agent, listener: serving.Listener) -> None:
    record = AgentRecord(
        url=listener.url,
        pid=os.getpid(),
        instance=agent.instance,
        version=__version__,
        certificate=listener.tls.certificate if listener.tls else None,
    )
    atomic.write(path, msgspec.json.encode(record))
