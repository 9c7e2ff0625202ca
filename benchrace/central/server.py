"""A central from its start to its end: lock, port, what was left, routes, and a clean stop."""

import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
import msgspec
from anyio import to_thread
from anyio.abc import TaskGroup

from benchrace import __version__, permissions
from benchrace.api.paths import JOIN, LINK
from benchrace.central.api.link import with_link
from benchrace.central.api.paths import LOGIN, is_card, is_page
from benchrace.central.api.route_context import RouteContext
from benchrace.central.auth import access as auth
from benchrace.central.auth.tokens import CentralTokens
from benchrace.central.ceilings.stored import StoredCeilings
from benchrace.central.central import Central
from benchrace.central.demo import Demo
from benchrace.central.runs.earlier import EarlierRuns
from benchrace.central.runs.indexing import Indexing
from benchrace.central.runs.retention import Retention
from benchrace.central.settings import CentralSettings
from benchrace.clock import SystemClock
from benchrace.config.paths import make_private, runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.garbage import collect_as_usual
from benchrace.heap import return_freed
from benchrace.store import atomic
from benchrace.store.index import Index
from benchrace.store.journal import Journal
from benchrace.tls.renewal import renew
from benchrace.tls.server import ServerContext
from benchrace.web import serving
from benchrace.web.asgi.delivery import Delivery
from benchrace.web.asgi.late_app import LateApp
from benchrace.web.asgi.types import App
from benchrace.web.auth.access import Access
from benchrace.web.auth.login_code import LoginCodes
from benchrace.web.guard import Guard, Policy
from benchrace.web.remote.nearby import Role, announce
from benchrace.web.shutdown import Shutdown
from benchrace.web.sse import Viewers

if TYPE_CHECKING:
    from quart import Quart

log = logging.getLogger(__name__)
Extend = Callable[["Quart", Central], None]
Ready = Callable[[str], None]
Stop = Callable[[], Awaitable[object]]
_PUBLIC = frozenset({"/health", "/favicon.svg", "/licenses.txt"})
_OPEN = frozenset({LINK, JOIN, *LOGIN})
_USES_S = 60.0
# Service control asks for a token of its own.
_SERVICE = "/api/service/"


class CentralRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`<data>/central.json`, there while central serves.

    `certificate` is its own in PEM, null without TLS: who owns the folder trusts it. A `temporary`
    one is a command's own: once it has ended, none takes its place.
    """

    url: str
    pid: int
    instance: str
    version: str
    certificate: str | None = None
    temporary: bool = False


async def serve(
    settings: CentralSettings,
    *,
    extend: Extend | None = None,
    ready: Ready | None = None,
    stop: Stop = serving.stop_signal,
    codes: LoginCodes | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` gets the address once requests are answered.

    `codes` are the caller's login codes.

    New tokens are shown on standard error, once in the life of a data folder.
    Raises BenchraceError, in one line, for a data folder that cannot be used or has its central
    already, and for a port that is taken.
    """
    with await to_thread.run_sync(_hold, settings.data):
        await to_thread.run_sync(make_private, settings.data)
        tls = await to_thread.run_sync(ServerContext, settings.tls) if settings.tls else None
        listener = serving.listen(settings.host, settings.port, tls)
        with listener.sock:
            index = await to_thread.run_sync(Index, settings.data / "index.sqlite")
            try:
                await _serve(settings, listener, index, extend, ready, stop, codes or LoginCodes())
            finally:
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(index.close)


async def _serve(
    settings: CentralSettings,
    listener: serving.Listener,
    index: Index,
    extend: Extend | None,
    ready: Ready | None,
    stop: Stop,
    codes: LoginCodes,
) -> None:
    shutdown = Shutdown()
    indexing = Indexing(
        index, runs_dir(settings.data), settings.limits.retry_s, lambda: shutdown.requested
    )
    ceilings = StoredCeilings(index, runs_dir(settings.data))
    central = Central(settings, on_change=indexing.changed, roofs_of=ceilings.roofs)
    await central.open()
    access = await _access(settings, central)
    earlier = EarlierRuns(index, central.runs_dir)
    retention = Retention(central, index, ceilings, SystemClock())
    record = settings.data / "central.json"
    demo = Demo(central, listener.url, record)
    site = RouteContext(
        central, index, earlier, ceilings, shutdown, Viewers(), retention, demo, access, codes
    )

    def build() -> App:
        from benchrace.central.api.app import create_app

        framework = create_app(site)
        if extend is not None:
            extend(framework, central)
        return Delivery(cast(App, framework))

    app = LateApp(build)
    guarded = Guard(with_link(app, central), _policy(settings, access))

    write_record = partial(to_thread.run_sync, _write_record, record, central, listener)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(central.run)
        tasks.start_soon(indexing.run)
        tasks.start_soon(_keep_uses, central.tokens)
        tasks.start_soon(retention.run)
        _look_around(tasks, central, listener)
        tasks.start_soon(demo.run)
        async with anyio.create_task_group() as serving_tasks:
            served = partial(serving.serve, is_agent=central.fleet.is_agent)
            await serving_tasks.start(served, guarded, listener, site.shutdown, stop)
            await write_record()
            tasks.start_soon(renew, listener.tls, write_record)
            _show(central.tokens)
            if ready is not None:
                ready(listener.url)
            await app.load()
            collect_as_usual()
            return_freed()
        tasks.cancel_scope.cancel()
    for path in (record, central.folder / auth.LOCAL):
        await to_thread.run_sync(partial(path.unlink, missing_ok=True))


async def _access(settings: CentralSettings, central: Central) -> Access | None:
    if not settings.asks:
        return None
    local = await to_thread.run_sync(auth.local_key, central.folder)
    return await to_thread.run_sync(
        auth.access, settings, central.folder, central.tokens, central.attempts, local
    )


def _look_around(tasks: TaskGroup, central: Central, listener: serving.Listener) -> None:
    """Announce a central that others reach, and look for agents that have none."""
    if central.settings.mdns and not serving.is_loopback(central.settings.host):
        name = socket.gethostname()
        address = (listener.host, listener.port, listener.scheme)
        tasks.start_soon(announce, Role.CENTRAL, name, *address)
        tasks.start_soon(central.nearby.watch)


def _policy(settings: CentralSettings, access: Access | None) -> Policy:
    """Return who may ask for what; other sites may show cards where everybody may watch."""
    shows_everybody = access is not None and access.watching
    return Policy(
        access=access,
        names=frozenset(name.lower() for name in settings.hosts),
        is_public=is_public,
        is_open=is_open,
        is_embeddable=lambda path: shows_everybody and is_card(path),
    )


def is_public(path: str) -> bool:
    """Check whether a path is the page's shell or one of its files.

    They hold no data and cost nothing; but where everybody may watch, the shell of a run's page
    names its result for previews of links, as anybody may read it over the API.
    """
    return path in _PUBLIC or path.startswith("/assets/") or is_page(path)


def is_open(path: str) -> bool:
    """Check whether a path is served without a token, and asks for its own where it has to."""
    return path in _OPEN or path.startswith(_SERVICE)


def _show(central_tokens: CentralTokens) -> None:
    for role, token in central_tokens.new.items():
        sys.stderr.write(f"The {role} token (shown only once): {token}\n")
    sys.stderr.flush()


async def _keep_uses(central_tokens: CentralTokens) -> None:
    """Write when tokens were last used: now and then, and at the end."""
    try:
        while True:
            await anyio.sleep(_USES_S)
            await _save_uses(central_tokens)
    finally:
        with anyio.CancelScope(shield=True):
            await _save_uses(central_tokens)


async def _save_uses(central_tokens: CentralTokens) -> None:
    try:
        await to_thread.run_sync(central_tokens.save_uses)
    except (OSError, BenchraceError) as error:
        # Only the list shows it, and the next time may do.
        log.warning("when tokens were last used could not be stored: %s", error)


def _hold(data: Path) -> Journal:
    """Lock the data folder for life; raises one line where it is missing, read-only or taken."""
    try:
        permissions.make_folder(data)
        lock = Journal(data / "central.lock")
    except OSError as error:
        raise _unusable(data, error.strerror or str(error)) from error
    except BenchraceError as error:
        if error.category is Category.BUSY:
            raise BenchraceError(
                Category.BUSY,
                f"a central already serves the data folder {data}",
                "Use that one (`benchrace central status`), or choose another with --data-dir.",
            ) from error
        raise _unusable(data, error.message) from error
    try:
        atomic.write(data / ".writable", b"")
        (data / ".writable").unlink()
    except BaseException:
        lock.close()
        raise
    return lock


def _unusable(data: Path, why: str) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"the data folder {data} cannot be used: {why}",
        "Correct its permissions, or choose another with --data-dir.",
    )


def _write_record(path: Path, central: Central, listener: serving.Listener) -> None:
    record = CentralRecord(
        url=listener.url,
        pid=os.getpid(),
        instance=central.status().instance,
        version=__version__,
        certificate=listener.tls.certificate if listener.tls else None,
        temporary=central.settings.temporary,
    )
    atomic.write(path, msgspec.json.encode(record))
