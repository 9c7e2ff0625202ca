"""A central from its start to its end: lock, port, what was left, routes, and a clean stop."""

import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import anyio
import msgspec
from anyio import to_thread

from benchrace import __version__, permissions
from benchrace.central.api.link import with_link
from benchrace.central.api.paths import LINK, LOGIN, is_card, is_page
from benchrace.central.api.route_context import RouteContext
from benchrace.central.auth import tokens
from benchrace.central.central import Central
from benchrace.central.runs.earlier import EarlierRuns
from benchrace.central.runs.indexing import Indexing
from benchrace.central.settings import CentralSettings
from benchrace.config.paths import make_private, runs_dir
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.store.index import Index
from benchrace.store.journal import Journal
from benchrace.web import serving
from benchrace.web.asgi.delivery import Delivery
from benchrace.web.asgi.late_app import LateApp
from benchrace.web.asgi.types import App
from benchrace.web.auth.access import Access
from benchrace.web.auth.login_code import LoginCodes
from benchrace.web.guard import Guard, Policy
from benchrace.web.shutdown import Shutdown
from benchrace.web.sse import Viewers

if TYPE_CHECKING:
    from quart import Quart

Extend = Callable[["Quart", Central], None]
Ready = Callable[[str], None]
Stop = Callable[[], Awaitable[object]]
_PUBLIC = frozenset({"/health", "/favicon.svg", "/licenses.txt"})
_OPEN = frozenset({LINK, *LOGIN})
# Service control asks for a token of its own.
_SERVICE = "/api/service/"


class CentralRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`<data>/central.json`, there while central serves."""

    url: str
    pid: int
    instance: str
    version: str


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
        listener = serving.listen(settings.host, settings.port)
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
    central = Central(settings, on_change=indexing.changed)
    await central.open()
    people = await to_thread.run_sync(tokens.load, settings, central.folder)
    access = None
    if people is not None:
        local = await to_thread.run_sync(tokens.local_key, central.folder)
        build_access = partial(
            tokens.access,
            settings,
            central.folder,
            people,
            central.link_token,
            central.attempts,
            local,
        )
        access = await to_thread.run_sync(build_access)
    earlier = EarlierRuns(index, central.runs_dir)
    site = RouteContext(central, index, earlier, shutdown, Viewers(), access, codes)

    def build() -> App:
        from benchrace.central.api.app import create_app

        framework = create_app(site)
        if extend is not None:
            extend(framework, central)
        return Delivery(cast(App, framework))

    app = LateApp(build)
    guarded = Guard(with_link(app, central), _policy(settings, access))
    record = settings.data / "central.json"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(central.run)
        tasks.start_soon(indexing.run)
        async with anyio.create_task_group() as serving_tasks:
            served = partial(serving.serve, is_agent=central.fleet.is_agent)
            await serving_tasks.start(served, guarded, listener, site.shutdown, stop)
            await to_thread.run_sync(_write_record, record, central, listener.url)
            _show(central.token, people)
            if ready is not None:
                ready(listener.url)
            await app.load()
        tasks.cancel_scope.cancel()
    for path in (record, central.folder / tokens.LOCAL):
        await to_thread.run_sync(partial(path.unlink, missing_ok=True))


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


def _show(agents: str | None, people: tokens.PeoplesTokens | None) -> None:
    new_tokens = {"agent": agents}
    if people is not None:
        new_tokens |= {"operator": people.made_operator, "watcher": people.made_watch}
    for whose, token in new_tokens.items():
        if token is not None:
            sys.stderr.write(f"The {whose} token (shown only once): {token}\n")
    sys.stderr.flush()


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


def _write_record(path: Path, central: Central, url: str) -> None:
    record = CentralRecord(
        url=url, pid=os.getpid(), instance=central.status().instance, version=__version__
    )
    atomic.write(path, msgspec.json.encode(record))
